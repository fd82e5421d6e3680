import warnings

import optuna
import pytest

from tests.search.records import SEVERAL, record, searched, study
from xraykit.config.search.space import Choices, Range
from xraykit.search import pareto_front
from xraykit.search.results.drawn_study import drawn_study, short_names, silence

MIXED = {
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "training.learning_rate": Range(low=1e-5, high=0.1, log=True),
    "training.momentum": Range(low=0.1, high=0.9, step=0.2, when={"training.optimizer": ("sgd",)}),
    "model.num_dense_layers": Range(low=1, high=3),
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
}


@pytest.fixture(autouse=True)
def _silent():
    with silence():
        yield


@pytest.mark.parametrize("more", [{}, {"objectives": SEVERAL}, {"engine": "keras_tuner"}])
def test_the_drawn_study_has_the_trials_of_either_engine(more):
    search = searched(space=MIXED, **more)
    trials = study(search, 20)
    drawn = drawn_study(search, trials).trials
    assert [trial.number for trial in drawn] == [trial.number for trial in trials]
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
    assert [states[trial.state.name] for trial in drawn] == [trial.state for trial in trials]
    for mine, theirs in zip(drawn, trials, strict=True):
        assert mine.values == ([theirs.scores[name] for name in search.objectives] if theirs.scores else None)


def test_a_conditional_parameter_is_there_only_where_it_exists():
    search = searched(space=MIXED)
    for drawn, trial in zip(drawn_study(search, study(search, 30)).trials, study(search, 30), strict=True):
        assert ("momentum" in drawn.params) == (trial.values["training.optimizer"] == "sgd")
        layers = trial.values["model.num_dense_layers"]
        assert [f"dense_neurons_{position}" in drawn.params for position in (1, 2, 3)] == [
            position <= layers for position in (1, 2, 3)
        ]


def test_the_distributions_are_those_of_the_space():
    search = searched(space=MIXED)
    drawn = drawn_study(search, study(search, 30)).trials
    known = {name: each for trial in drawn for name, each in trial.distributions.items()}
    assert known["optimizer"] == optuna.distributions.CategoricalDistribution(("adam", "sgd"))
    assert known["learning_rate"] == optuna.distributions.FloatDistribution(1e-5, 0.1, log=True)
    assert known["momentum"] == optuna.distributions.FloatDistribution(0.1, 0.9, step=0.2)
    assert known["dense_neurons_3"] == optuna.distributions.IntDistribution(64, 512, step=64)


def test_a_trial_that_has_not_begun_leaves_the_others_their_numbers():
    search = searched(space=MIXED)
    trials = tuple(trial for trial in study(search, 9) if trial.number != 4)
    drawn = drawn_study(search, trials).trials
    assert [trial.state.name for trial in drawn].index("WAITING") == 4
    assert [trial.number for trial in drawn if trial.state.name == "COMPLETE"] == [0, 1, 2, 6, 7]


def test_optuna_sees_the_same_pareto_front():
    search = searched(objectives=SEVERAL)
    trials = study(search, 30)
    best = drawn_study(search, trials).best_trials
    assert [trial.number for trial in best] == [trial.number for trial in pareto_front(search, trials)]


def test_long_choices_keep_their_ends_and_stay_apart():
    words = tuple(f"/a/very/long/path/to/some/weights/{kind}/densenet121.h5" for kind in "ab")
    search = searched(space={"model.weights": Choices(choices=words)})
    trials = tuple(record(number, values={"model.weights": word}) for number, word in enumerate(words))
    shown = [trial.params["weights"] for trial in drawn_study(search, trials).trials]
    assert shown == ["/a/very/lon…senet121.h5", "/a/very/lon…senet121.h5 (2)"]


def test_names_are_as_short_as_they_can_be_distinguished():
    names = ["training.learning_rate", "model.rate", "training.augmentation.rate", "seed"]
    assert short_names(names) == {
        "training.learning_rate": "learning_rate",
        "model.rate": "model.rate",
        "training.augmentation.rate": "augmentation.rate",
        "seed": "seed",
    }


def test_no_warning_leaves_the_silence():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with silence():
            warnings.warn("not for the user", UserWarning, stacklevel=1)
    assert caught == []
