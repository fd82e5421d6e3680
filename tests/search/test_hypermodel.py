"""An experiment in a notebook's own tuner of Keras Tuner."""

import keras
import keras_tuner
import pytest

import xraykit
from tests.search.phantoms import diverge, phantom_experiment
from xraykit.training import trainer_for, validation_scores
from xraykit.training.callbacks import StopOnNonFiniteLoss

pytestmark = pytest.mark.slow

SPACE = {
    "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "training.optimizer": {"choices": ["adam", "sgd"]},
    "model.num_dense_layers": {"low": 1, "high": 2},
    "model.dense_neurons": {"low": 64, "high": 128, "step": 64, "per": "model.num_dense_layers"},
}


@pytest.fixture
def tuned(tmp_path):
    """Build a tuner over the experiment; its first argument is the class."""

    def tuner(kind, *, space=SPACE, training=None, search=None, **settings):
        hypermodel = xraykit.hypermodel(phantom_experiment(tmp_path, space, training=training, **(search or {})))
        folders = {"directory": str(tmp_path), "project_name": "tuner"}
        return kind(hypermodel, objective=hypermodel.objective, seed=1, **folders, **settings)

    return tuner


def test_random_search_tunes_an_experiment_and_its_best_model_scores_as_it_did(tuned, tmp_path):
    tuner = tuned(keras_tuner.RandomSearch, max_trials=3)
    tuner.search(verbose=0)
    trials = list(tuner.oracle.trials.values())
    assert [trial.status for trial in trials] == ["COMPLETED"] * 3
    for trial in trials:
        values = trial.hyperparameters.values
        assert ("model.dense_neurons_2" in values) == (values["model.num_dense_layers"] == 2)
    [best] = tuner.oracle.get_best_trials(1)
    assert best.score == max(trial.score for trial in trials)

    [model] = tuner.get_best_models(1)
    experiment = phantom_experiment(tmp_path, SPACE).with_values({"search": None})
    trainer = trainer_for(experiment)
    data = trainer.load()
    from sklearn.metrics import roc_auc_score

    predicted = trainer.predict(model, data, "validation")
    aucs = [roc_auc_score(predicted[label], predicted[f"{label}_logit"]) for label in data.parts.labels]
    assert sum(aucs) / len(aucs) == pytest.approx(best.score, abs=1e-6)
    assert best.metrics.get_last_value("parameters") == model.count_params()


def test_the_trial_trains_with_its_values(tuned, tmp_path):
    tuner = tuned(keras_tuner.RandomSearch, space={"training.learning_rate": {"choices": [0.003]}}, max_trials=1)
    tuner.search(verbose=0)
    experiment = phantom_experiment(tmp_path, SPACE).with_values({"search": None, "training.learning_rate": 0.003})
    scores = validation_scores(trainer_for(experiment), lambda row: None)
    [trial] = tuner.oracle.trials.values()
    assert trial.score == pytest.approx(scores["macro_roc_auc"], abs=1e-6)


def test_grid_search_visits_every_combination_with_the_values_of_the_experiment(tuned):
    space = {
        "model.num_dense_layers": {"low": 1, "high": 2},
        "training.optimizer": {"choices": ["adam", "sgd"]},
    }
    tuner = tuned(keras_tuner.GridSearch, space=space, training={"epochs": 1}, max_trials=9)
    tuner.search(verbose=0)
    combinations = [trial.hyperparameters.values for trial in tuner.oracle.trials.values()]
    found = sorted((each["model.num_dense_layers"], each["training.optimizer"]) for each in combinations)
    assert found == [(1, '"adam"'), (1, '"sgd"'), (2, '"adam"'), (2, '"sgd"')]


def test_hyperband_sets_the_epochs_and_continues_from_weights(tuned):
    epochs = []

    class Recorder(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            epochs.append(epoch)

        def __deepcopy__(self, memo):
            return self

    tuner = tuned(keras_tuner.Hyperband, max_epochs=3, factor=3)
    tuner.search(verbose=0, callbacks=[Recorder()])
    trials = list(tuner.oracle.trials.values())
    assert {trial.status for trial in trials} == {"COMPLETED"}
    expected = []
    for trial in trials:
        values = trial.hyperparameters.values
        expected += range(values["tuner/initial_epoch"], values["tuner/epochs"])
    assert epochs == expected
    assert any(trial.hyperparameters.values["tuner/initial_epoch"] > 0 for trial in trials)


def test_a_loss_is_minimised_and_a_callback_can_stop_a_trial(tuned):
    class StopAtOnce(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    seen = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

        def __deepcopy__(self, memo):
            return self

    tuner = tuned(keras_tuner.RandomSearch, search={"objectives": ["loss"]}, max_trials=1)
    tuner.search(verbose=0, callbacks=[StopAtOnce(), Count()])
    [trial] = tuner.oracle.trials.values()
    assert (tuner.oracle.objective.name, tuner.oracle.objective.direction) == ("val_loss", "min")
    assert trial.score == trial.metrics.get_last_value("val_loss") > 0
    assert seen == [0]


def test_data_for_search_are_refused(tuned):
    tuner = tuned(keras_tuner.RandomSearch, max_trials=1)
    with pytest.raises(keras_tuner.errors.FatalValueError, match="Received: positional arguments, batch_size"):
        tuner.search([1], batch_size=4)


def test_a_training_that_diverges_is_a_failed_trial(tuned, monkeypatch):
    monkeypatch.setattr(StopOnNonFiniteLoss, "on_train_batch_end", diverge)
    tuner = tuned(keras_tuner.RandomSearch, max_trials=1)
    tuner.search(verbose=0)
    [trial] = tuner.oracle.trials.values()
    assert trial.status == "FAILED"
    assert "NonFiniteLossError" in trial.message
