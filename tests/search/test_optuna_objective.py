"""An experiment in a notebook's own study of Optuna."""

import optuna
import pytest

import xraykit
from tests.search.phantoms import diverge, phantom_experiment
from xraykit.errors import ExperimentError, NonFiniteLossError, TrialFailed
from xraykit.training import trainer_for, validation_scores
from xraykit.training.callbacks import StopOnNonFiniteLoss

pytestmark = pytest.mark.slow

SPACE = {
    "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "model.num_dense_layers": {"low": 1, "high": 2},
    "model.dense_neurons": {"low": 64, "high": 128, "step": 64, "per": "model.num_dense_layers"},
}


def test_optuna_optimises_an_experiment_and_sees_every_epoch(tmp_path):
    experiment = phantom_experiment(tmp_path, SPACE)
    objective = xraykit.objective(experiment)
    study = optuna.create_study(directions=objective.directions, sampler=optuna.samplers.RandomSampler(1))
    study.optimize(objective, n_trials=3)
    assert study.direction.name == "MAXIMIZE"
    assert [list(trial.intermediate_values) for trial in study.trials] == [[0, 1]] * 3
    for trial in study.trials:
        assert trial.value == max(trial.intermediate_values.values())
        assert set(trial.params) >= {"training.learning_rate", "model.num_dense_layers", "model.dense_neurons_1"}
        assert ("model.dense_neurons_2" in trial.params) == (trial.params["model.num_dense_layers"] == 2)
    values = {"search": None, "training.learning_rate": study.best_params["training.learning_rate"]}
    values["model.num_dense_layers"] = layers = study.best_params["model.num_dense_layers"]
    values["model.dense_neurons"] = [study.best_params[f"model.dense_neurons_{n}"] for n in range(1, layers + 1)]
    expected = validation_scores(trainer_for(experiment.with_values(values)), lambda row: None)["macro_roc_auc"]
    assert study.best_value == pytest.approx(expected, abs=1e-6)
    assert objective(study.best_trial) == pytest.approx(study.best_value, abs=1e-6)
    assert not (tmp_path / "runs" / "phantoms").exists()


def test_a_pruner_ends_a_trial_after_its_first_epoch(tmp_path):
    objective = xraykit.objective(phantom_experiment(tmp_path, SPACE))
    pruner = optuna.pruners.ThresholdPruner(lower=1.1)
    study = optuna.create_study(directions=objective.directions, pruner=pruner)
    study.optimize(objective, n_trials=1)
    [trial] = study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert list(trial.intermediate_values) == [0]


def test_several_objectives_have_a_score_each(tmp_path):
    names = ["macro_roc_auc", "loss", "parameters"]
    objective = xraykit.objective(phantom_experiment(tmp_path, SPACE, objectives=names, epochs=1))
    assert objective.directions == ["maximize", "minimize", "minimize"]
    study = optuna.create_study(directions=objective.directions)
    study.optimize(objective, n_trials=1)
    auc, loss, parameters = study.trials[0].values
    assert 0 <= auc <= 1
    assert loss > 0
    assert parameters > 1000
    assert parameters == int(parameters)


def test_a_study_that_would_minimise_the_roc_auc_is_refused(tmp_path):
    objective = xraykit.objective(phantom_experiment(tmp_path, SPACE))
    with pytest.raises(ExperimentError, match=r"macro_roc_auc. Expected: maximize. Received: minimize"):
        optuna.create_study().optimize(objective, n_trials=1)


def test_a_training_that_diverges_can_be_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(StopOnNonFiniteLoss, "on_train_batch_end", diverge)
    objective = xraykit.objective(phantom_experiment(tmp_path, SPACE))
    study = optuna.create_study(directions=objective.directions)
    with pytest.raises(NonFiniteLossError):
        study.optimize(objective, n_trials=1)
    study.optimize(objective, n_trials=1, catch=TrialFailed)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL"]


@pytest.mark.parametrize("make", ["objective", "hypermodel"])
def test_an_experiment_without_a_search_is_refused(tmp_path, make):
    experiment = phantom_experiment(tmp_path, SPACE).with_values({"search": None})
    with pytest.raises(ExperimentError, match="phantoms has no search"):
        getattr(xraykit, make)(experiment)


@pytest.mark.parametrize("make", ["objective", "hypermodel"])
def test_the_test_part_stays_sealed(tmp_path, make):
    from xraykit.errors import SealedPartError

    made = getattr(xraykit, make)(phantom_experiment(tmp_path, SPACE))
    with pytest.raises(SealedPartError):
        made._parts.catalog_of("test").targets()
