import optuna
import pytest

from tests.search.records import record, searched, study
from xraykit.config.search.space import Range
from xraykit.search.results.drawn_study import drawn_study, silence
from xraykit.search.results.views import views


@pytest.fixture(autouse=True)
def _silent():
    with silence():
        yield


def _missing(search, trials):
    return {view.name: view.missing for view in views(search, drawn_study(search, trials)) if view.missing}


def _alike(count, score=lambda number: number / 100, **values):
    return tuple(record(number, scores=(score(number),), values=values) for number in range(count))


RATE = {"training.learning_rate": Range(low=0.1, high=0.9)}


def test_too_few_trials_are_reported():
    search = searched()
    for count, said in ((0, "there are none."), (1, "there is 1.")):
        missing = _missing(search, study(search, count))
        assert set(missing) == {"optimization_history", "parameter_importance", "parallel_coordinates"}
        assert all(each == f"This needs at least 2 completed trials, but {said}" for each in missing.values())


def test_importance_from_few_trials_is_refused():
    search = searched()
    [(name, said)] = _missing(search, study(search, 9, mixed=False)).items()
    assert (name, said) == ("parameter_importance", "This needs at least 10 completed trials, but there are 9.")
    assert not _missing(search, study(search, 10, mixed=False))


def test_one_parameter_has_nothing_to_be_compared_with():
    missing = _missing(searched(space=RATE), _alike(20, **{"training.learning_rate": 0.5}))
    assert missing == {"parameter_importance": "This needs at least 2 parameters to compare."}


def test_a_constant_score_is_reported():
    search = searched(space={**RATE, "model.dropout_rate": Range(low=0.0, high=0.9)})
    trials = _alike(20, lambda number: 0.5, **{"training.learning_rate": 0.5, "model.dropout_rate": 0.1})
    assert "the same score" in _missing(search, trials)["parameter_importance"]


def _importance(search, trials, place):
    found = [each for each in views(search, drawn_study(search, trials)) if each.function == "plot_param_importances"]
    options = {key: found[place].options[key] for key in ("params", "target")}
    return optuna.importance.get_param_importances(drawn_study(search, trials), **options)


def test_importance_is_the_same_each_time_and_finds_what_matters():
    search = searched()
    trials = study(search, 60, mixed=False)
    first = _importance(search, trials, 0)
    assert list(first.items()) == list(_importance(search, trials, 0).items())
    assert next(iter(first)) == "learning_rate"


def test_importance_looks_at_the_best_trials_whatever_the_direction():
    """Optuna, with a score to take, takes the lowest for the best."""
    up, both = searched(), searched(objectives=("macro_roc_auc", "loss"))
    by_itself = optuna.importance.get_param_importances(drawn_study(up, study(up, 60, mixed=False)))
    assert _importance(up, study(up, 60, mixed=False), 0) == by_itself
    # Here the loss is 1 - ROC AUC, so that the same trials are the best.
    for place in (0, 1):
        importance = _importance(both, study(both, 60, mixed=False), place)
        assert importance == pytest.approx(by_itself)
