import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.records import SEVERAL, record, searched
from xraykit.config.search.section import DIRECTIONS
from xraykit.errors import XraykitError
from xraykit.search import pareto_front, result_of, rule

STATES = st.sampled_from(["complete", "complete", "complete", "pruned", "failed", "running"])
# Few different scores, so that many are equal.
SCORES = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
STUDIES = st.lists(st.tuples(STATES, SCORES), max_size=25)


def _trials(drawn, names):
    return tuple(record(number, state, scores=scores, names=names) for number, (state, scores) in enumerate(drawn))


def _gain(trial, name):
    return trial.scores[name] if DIRECTIONS[name] == "maximize" else -trial.scores[name]


def _beats(one, other, names):
    """As the definition has it."""
    pairs = [(_gain(one, name), _gain(other, name)) for name in names]
    return all(mine >= theirs for mine, theirs in pairs) and any(mine > theirs for mine, theirs in pairs)


def _front_by_hand(trials, names):
    complete = [trial for trial in trials if trial.state == "complete"]
    unbeaten = [trial for trial in complete if not any(_beats(other, trial, names) for other in complete)]
    earlier = lambda trial: [each for each in unbeaten if each.number < trial.number]  # noqa: E731
    return [trial for trial in unbeaten if all(each.scores != trial.scores for each in earlier(trial))]


@given(STUDIES, st.sampled_from([SEVERAL[:1], ("loss",), SEVERAL[::2], SEVERAL, ("loss", *SEVERAL[1:])]))
def test_the_front_is_that_of_the_definition(drawn, names):
    trials = _trials(drawn, names)
    front = pareto_front(searched(objectives=names), trials)
    assert [trial.number for trial in front] == [trial.number for trial in _front_by_hand(trials, names)]


@given(STUDIES, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order_of_the_trials(drawn, random):
    search = searched(objectives=SEVERAL)
    trials = list(_trials(drawn, SEVERAL))
    before = pareto_front(search, trials)
    random.shuffle(trials)
    assert pareto_front(search, trials) == before


@given(STUDIES, st.integers(0, 3))
def test_within_the_tolerance_the_next_objectives_decide(drawn, tolerance):
    search = searched(objectives=SEVERAL, tolerance=tolerance)
    trials = _trials(drawn, SEVERAL)
    front = _front_by_hand(trials, SEVERAL)
    if not front:
        return
    first, *others = SEVERAL
    most = max(_gain(trial, first) for trial in front)
    near = [trial for trial in front if _gain(trial, first) >= most - tolerance]
    expected = max(near, key=lambda trial: (*(_gain(trial, name) for name in others), -trial.number))
    assert result_of(search, trials).best == expected


@given(STUDIES)
def test_the_winner_is_on_the_front_and_nobody_beats_it(drawn):
    trials = _trials(drawn, SEVERAL)
    if any(trial.state == "complete" for trial in trials):
        result = result_of(searched(objectives=SEVERAL), trials)
        assert result.best in result.front
        assert not any(_beats(trial, result.best, SEVERAL) for trial in trials if trial.state == "complete")


def test_the_lowest_loss_wins():
    trials = tuple(record(number, scores=(loss,), names=("loss",)) for number, loss in enumerate((0.4, 0.2, 0.3)))
    assert result_of(searched(objectives=("loss",)), trials).best.number == 1


def test_the_earliest_of_equals_wins():
    trials = tuple(record(number, scores=(0.5,)) for number in (2, 0, 1))
    assert result_of(searched(), trials).best.number == 0


def test_a_study_without_a_completed_trial_lists_why():
    trials = (record(0, "failed"), record(1, "failed"), record(2, "running", reason=None))
    with pytest.raises(XraykitError, match=r"(?s)None of the search's 3 trials.*NaN \(trial 0, 1\).*running \(trial 2"):
        result_of(searched(), trials)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "The winner is the trial with the best macro_roc_auc on the validation part; the earliest of equals."),
        (
            {"objectives": SEVERAL},
            "whose macro_roc_auc is the best, the best in worst_label_roc_auc, then in parameters",
        ),
        ({"objectives": SEVERAL[::2], "tolerance": 0.01}, "is within 0.01 of the best, the best in parameters;"),
    ],
)
def test_the_rule_is_reported_in_words(more, said):
    assert said in rule(searched(**more))
