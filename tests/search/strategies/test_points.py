import json

from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial

from tests.search.toys import LAYERED, make_plan, search
from xraykit.config.search.space import Choices, Range
from xraykit.search.space import assemble
from xraykit.search.strategies.optuna import OptunaStrategy
from xraykit.search.strategies.points import grid
from xraykit.search.trial_records import COMBINATION, STARTING_POINT

OPTIMIZERS = ("adam", "sgd", "rmsprop")


@st.composite
def spaces(draw):
    """Spaces with a list, a condition and a step, and how many combinations each has."""
    optimizers = OPTIMIZERS[: draw(st.integers(1, 3))]
    layers, sizes, momenta = draw(st.integers(2, 3)), draw(st.integers(2, 3)), draw(st.integers(2, 4))
    space = {
        "training.momentum": Range(low=0.0, high=(momenta - 1) / 10, step=0.1, when={"training.optimizer": ("adam",)}),
        "training.optimizer": Choices(choices=optimizers),
        "model.dense_neurons": Range(low=64, high=64 * sizes, step=64, per="model.num_dense_layers"),
        "model.num_dense_layers": Range(low=1, high=layers),
    }
    lists = sum(sizes**count for count in range(1, layers + 1))
    return space, lists * (momenta + len(optimizers) - 1)


@given(spaces())
def test_a_grid_holds_every_combination_once(known):
    space, count = known
    listed = [json.dumps(assemble(space, drawn), sort_keys=True) for drawn in grid(space, {})]
    assert len(listed) == len(set(listed)) == count


@given(spaces(), st.integers(1, 2))
def test_a_grid_with_a_fixed_value_is_the_part_of_the_whole_that_has_it(known, layers):
    space, _ = known
    fixed = {"model.num_dense_layers": layers}
    whole = [drawn for drawn in grid(space, {}) if drawn["model.num_dense_layers"] == layers]
    assert list(grid(space, fixed)) == whole


def _proposed(strategy, trials):
    proposal = strategy.propose(trials)
    return proposal.parameters, create_trial(state=TrialState.WAITING, user_attrs=proposal.marks)


def test_the_same_starting_point_written_twice_is_tried_once(tmp_path):
    points = [{"training.momentum": 0}, {"training.momentum": 0.0}, {"training.momentum": 0.5}]
    space = {"training.momentum": Range(low=0.0, high=1.0)}
    strategy = OptunaStrategy(make_plan(tmp_path, space=space, enqueue=points))
    first, one = _proposed(strategy, [])
    second, two = _proposed(strategy, [one])
    assert (first, second) == ({"training.momentum": 0.0}, {"training.momentum": 0.5})
    last = strategy.propose([one, two])
    assert (last.parameters, last.marks) == ({}, {})


def test_a_starting_point_of_a_grid_is_one_of_its_combinations(tmp_path):
    space = {"training.momentum": Range(low=0.5, high=0.9, step=0.2), "training.optimizer": Choices(choices=OPTIMIZERS)}
    points = [{"training.optimizer": "rmsprop"}]
    strategy = OptunaStrategy(make_plan(tmp_path, space=space, enqueue=points, sampler="grid"))
    first, one = _proposed(strategy, [])
    assert first == {"training.momentum": 0.5, "training.optimizer": "rmsprop"}
    assert set(one.user_attrs) == {STARTING_POINT, COMBINATION}

    seen = []

    def objective(values, reporter):
        seen.append(json.dumps(values))
        reporter.report(0, 0.5)
        return {"macro_roc_auc": 0.5}

    trials = search(tmp_path, objective, space=space, enqueue=points, sampler="grid", n_trials=99).trials
    assert len(trials) == len(set(seen)) == len(seen) == 9
    assert trials[0].values == first


def test_a_large_grid_is_not_written_out(tmp_path):
    # 3 optimizers, and 8 + 8² + … + 8⁵ lists.
    proposal = OptunaStrategy(make_plan(tmp_path, space=LAYERED, sampler="grid")).propose([])
    assert proposal.parameters["model.num_dense_layers"] == 1
