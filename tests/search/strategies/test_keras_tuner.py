import json

import pytest

from tests.search.toys import LAYERED, QUADRATIC, layered, make_plan, quadratic, search
from xraykit.config.search.space import Choices, Range
from xraykit.errors import ExperimentError, NonFiniteLossError, XraykitError
from xraykit.search import open_study
from xraykit.search.space import assemble
from xraykit.search.strategies.keras_tuner_space import declare, decode

pytestmark = pytest.mark.slow

CONDITIONAL = {
    "training.momentum": Range(low=0.1, high=0.3, step=0.1, when={"training.optimizer": "sgd"}),
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "training.plateau.patience": Range(low=1, high=3, log=True),
    "model.num_dense_layers": Range(low=1, high=2),
    "model.dense_neurons": Range(low=64, high=128, step=64, per="model.num_dense_layers"),
}
COMBINATIONS = (1 + 3) * 3 * (2 + 2 * 2)

METHODS = ["random_search", "bayesian_optimization", "hyperband", "grid_search"]
STEPPED = {
    "training.learning_rate": Range(low=0.01, high=0.09, step=0.02),
    "model.dropout_rate": Range(low=0.0, high=0.9, step=0.3),
}


def tune(folder, objective, **say):
    return search(folder, objective, engine="keras_tuner", **say)


def flat(values, reporter):
    reporter.report(0, 0.5)
    return {"macro_roc_auc": 0.5, "loss": 0.5, "parameters": 1.0}


def test_hyperband_gives_epochs_and_repeats_the_best_with_more(tmp_path):
    epochs = []

    def objective(values, reporter):
        epochs.append(values["training.epochs"])
        return quadratic(values, reporter)

    tune(tmp_path, objective, method="hyperband", n_trials=11, epochs=9)
    result = tune(tmp_path, objective, method="hyperband", n_trials=13, epochs=9)
    assert epochs == [1] * 9 + [3] * 3 + [9]
    assert [trial.values["training.epochs"] for trial in result.trials] == epochs
    ranked = sorted(result.trials[:9], key=lambda trial: -trial.score)
    assert [trial.score for trial in result.trials[9:12]] == [trial.score for trial in ranked[:3]]
    assert result.trials[12].score == ranked[0].score


def test_hyperband_repeats_its_sweeps_until_there_are_enough_trials(tmp_path):
    result = tune(tmp_path, quadratic, method="hyperband", n_trials=9, epochs=2, factor=2)
    assert len(result.trials) == 9


def test_hyperband_and_a_search_for_epochs_exclude_each_other(tmp_path):
    space = {**QUADRATIC, "training.epochs": Range(low=1, high=9)}
    with pytest.raises(ExperimentError, match=r"training\.epochs"):
        tune(tmp_path, quadratic, method="hyperband", space=space)


def test_hyperband_repeats_the_trials_with_the_smallest_loss(tmp_path):
    def objective(values, reporter):
        loss = -quadratic(values, reporter)["macro_roc_auc"]
        return {"loss": loss, "macro_roc_auc": 0.5}

    say = {"method": "hyperband", "n_trials": 12, "epochs": 9, "objectives": ("loss", "macro_roc_auc")}
    trials = tune(tmp_path, objective, **say).trials
    assert [trial.score for trial in trials[9:]] == sorted(trial.score for trial in trials[:9])[:3]
    assert trials[0].scores == {"loss": trials[0].score, "macro_roc_auc": 0.5}


def test_bayesian_optimization_beats_its_own_random_start_and_tries_nothing_twice(tmp_path):
    space = {"training.batch_size": Range(low=1, high=16)}

    def objective(values, reporter):
        score = 1 - abs(values["training.batch_size"] - 11) / 16
        reporter.report(0, score)
        return {"macro_roc_auc": score}

    tune(tmp_path, objective, method="bayesian_optimization", space=space, n_trials=5)
    result = tune(tmp_path, objective, method="bayesian_optimization", space=space, n_trials=9)
    tried = [trial.values["training.batch_size"] for trial in result.trials]
    assert result.best.values == {"training.batch_size": 11}
    assert len(set(tried)) == len(tried) == 9


def test_a_grid_has_every_combination_once_over_a_restart_and_then_ends(tmp_path):
    say = {"method": "grid_search", "space": CONDITIONAL, "enqueue": [{"training.optimizer": "sgd"}]}
    tune(tmp_path, flat, n_trials=5, **say)
    trials = tune(tmp_path, flat, n_trials=999, **say).trials
    assert trials[0].values["training.optimizer"] == "sgd"
    assert len(trials) == len({json.dumps(trial.values) for trial in trials}) == COMBINATIONS
    assert {trial.values.get("training.momentum") for trial in trials} == {None, 0.1, 0.2, 0.3}


def test_a_key_exists_only_beside_the_choices_that_let_it_and_after_a_continuation(tmp_path):
    tune(tmp_path, flat, space=CONDITIONAL, n_trials=6)
    trials = tune(tmp_path, flat, space=CONDITIONAL, n_trials=12).trials
    assert {trial.values["training.optimizer"] for trial in trials} == {"adam", "sgd"}
    for trial in trials:
        assert ("training.momentum" in trial.values) == (trial.values["training.optimizer"] == "sgd")


@pytest.mark.parametrize("method", METHODS)
def test_starting_points_come_first_and_once(tmp_path, method):
    points = [
        {"training.learning_rate": 0.03, "model.dropout_rate": 0.3},
        {"model.dropout_rate": 0.9},
        {"training.learning_rate": 0.03, "model.dropout_rate": 0.3},
    ]
    say = {"method": method, "space": STEPPED, "enqueue": points, "epochs": 9}
    tune(tmp_path, flat, n_trials=1, **say)
    trials = tune(tmp_path, flat, n_trials=5, **say).trials
    assert {key: trials[0].values[key] for key in STEPPED} == points[0]
    assert trials[1].values["model.dropout_rate"] == 0.9
    assert trials[1].values["training.learning_rate"] in {0.01, 0.03, 0.05, 0.07, 0.09}
    assert sum({key: trial.values[key] for key in STEPPED} == points[0] for trial in trials) == 1
    assert [trial.values.get("training.epochs") for trial in trials[:2]] == [1 if method == "hyperband" else None] * 2


def test_equal_starting_points_are_tried_once(tmp_path):
    point = {"training.learning_rate": 0.03, "model.dropout_rate": 0.3}
    trials = tune(tmp_path, flat, space=STEPPED, enqueue=[point, point], n_trials=4).trials
    assert [trial.values == point for trial in trials] == [True, False, False, False]


def test_a_continued_study_does_not_fill_a_starting_point_anew(tmp_path):
    say = {"enqueue": [{"model.dropout_rate": 0.25}]}
    tune(tmp_path, flat, n_trials=1, **say)
    trials = tune(tmp_path, flat, n_trials=4, **say).trials
    assert [trial.values["model.dropout_rate"] == 0.25 for trial in trials] == [True, False, False, False]


def test_all_starting_points_are_tried_though_bayesian_optimization_knows_enough_before(tmp_path):
    points = [{"training.learning_rate": rate / 100} for rate in (1, 3, 5, 7, 9)]
    say = {"method": "bayesian_optimization", "space": {"training.learning_rate": STEPPED["training.learning_rate"]}}
    trials = tune(tmp_path, flat, n_trials=5, enqueue=points, **say).trials
    assert [trial.values for trial in trials] == points


def test_a_starting_point_may_hold_a_list(tmp_path):
    point = {"model.num_dense_layers": 2, "model.dense_neurons": (128, 64), "training.optimizer": "adam"}
    trial = tune(tmp_path, layered, space=LAYERED, enqueue=[point], n_trials=1).trials[0]
    assert trial.values == {**point, "model.dense_neurons": [128, 64]}


def test_a_space_that_is_used_up_ends_the_study(tmp_path):
    space = {"training.batch_size": Choices(choices=(8, 16))}
    assert len(tune(tmp_path, flat, space=space, n_trials=9).trials) == 2
    assert len(tune(tmp_path, flat, space=space, n_trials=9).trials) == 2


def test_a_logarithmic_count_has_all_its_elements_though_keras_tuner_goes_one_too_far():
    space = {**LAYERED, "model.num_dense_layers": Range(low=1, high=5, log=True)}
    declared = declare(space, gridded=False)
    for count in range(1, 7):
        declared.values["model.num_dense_layers"] = count
        declared.ensure_active_values()
        values = assemble(space, decode(space, declared.values))
        assert len(values["model.dense_neurons"]) == values["model.num_dense_layers"] == min(count, 5)


def test_a_failed_trial_keeps_no_scores(tmp_path):
    def objective(values, reporter):
        if reporter.number == 0:
            raise NonFiniteLossError("NaN")
        return quadratic(values, reporter)

    failed, completed = tune(tmp_path, objective, n_trials=2).trials
    assert (failed.scores, failed.origin, failed.replaced) == ({}, None, False)
    assert completed.scores == {"macro_roc_auc": completed.score}


@pytest.mark.parametrize("name", ["KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"])
def test_variables_of_keras_tuners_chief_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "tuner0")
    with pytest.raises(ExperimentError, match=rf"{name}\. Unset the variables.*search\.storage"):
        tune(tmp_path, quadratic)
    assert not list(tmp_path.iterdir())
    assert len(search(tmp_path, quadratic, n_trials=1).trials) == 1


@pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])
def test_a_study_that_an_earlier_version_kept_for_keras_tuner_is_refused(tmp_path, engine):
    plan = make_plan(tmp_path, engine=engine)
    other = make_plan(tmp_path, engine=engine, identity="other")
    file = tmp_path / "keras_tuner" / f"random_search-{plan.name}.json"
    file.parent.mkdir()
    file.write_text("{}")
    with pytest.raises(XraykitError, match=r"an earlier version of xraykit kept for Keras Tuner.*move away"):
        open_study(plan).__enter__()
    with open_study(other) as study:
        assert study.trials() == ()


def test_an_old_study_of_hyperband_is_refused_too(tmp_path):
    plan = make_plan(tmp_path, engine="keras_tuner", method="hyperband")
    file = tmp_path / "keras_tuner" / f"hyperband-9-3-{make_plan(tmp_path).name}.json"
    file.parent.mkdir()
    file.write_text("{}")
    with pytest.raises(XraykitError, match=file.name):
        open_study(plan).__enter__()


def test_no_trial_is_pruned_and_the_pruner_of_optuna_has_no_say(tmp_path):
    def declining(values, reporter):
        for epoch in range(6):
            reporter.report(epoch, 0.9 - 0.1 * reporter.number)
        return {"macro_roc_auc": 0.9 - 0.1 * reporter.number}

    result = tune(tmp_path, declining, n_trials=6, pruner="median", startup_trials=1, warmup_epochs=0)
    assert [trial.state for trial in result.trials] == ["complete"] * 6


def test_the_strategy_can_change_within_a_study_and_learns_from_the_earlier_trials(tmp_path):
    """Bayesian optimisation begins after Optuna's five trials: with three random points it needs no more."""
    space = {"training.batch_size": Range(low=1, high=16)}

    def objective(values, reporter):
        score = 1 - abs(values["training.batch_size"] - 11) / 16
        reporter.report(0, score)
        return {"macro_roc_auc": score}

    search(tmp_path, objective, space=space, n_trials=5, sampler="random", pruner="none")
    tune(tmp_path, objective, method="random_search", space=space, n_trials=6)
    trials = tune(tmp_path, objective, method="bayesian_optimization", space=space, n_trials=9).trials
    later = [trial.values["training.batch_size"] for trial in trials[6:]]
    assert len(trials) == 9
    assert len(set(later)) == 3
    assert not set(later) & {trial.values["training.batch_size"] for trial in trials[:6]}
    assert 11 in [trial.values["training.batch_size"] for trial in trials]
