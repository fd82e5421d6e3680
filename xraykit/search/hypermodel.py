"""An experiment as a hypermodel of Keras Tuner, for notebooks that run their own tuner."""

import gc
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import keras
import keras_tuner

from xraykit.config import DIRECTIONS, Choices, Experiment
from xraykit.data import Parts
from xraykit.errors import TrialFailed, XraykitError
from xraykit.search.space import assemble, parameters
from xraykit.search.strategies.keras_tuner_space import conditions, declare_parameter
from xraykit.search.study_setup import search_of, trial_experiment
from xraykit.search.trial_training import EPOCH_COLUMNS, data_of_trials
from xraykit.training import Trainer, trainer_for


class XrayHyperModel(keras_tuner.HyperModel):
    """A network for each set of values, fitted to the experiment's data; see :func:`hypermodel`.

    Attributes:
        objective: For the tuner: the first of ``search.objectives``, by its name in the history (``val_roc_auc``,
            ``val_worst_label_roc_auc`` or ``val_loss``), with its direction.
    """

    def __init__(self, experiment: Experiment, parts: Parts) -> None:
        super().__init__(name=experiment.name)
        self._search = search_of(experiment)
        self._experiment = trial_experiment(experiment)
        self._parts = parts
        first = self._search.objectives[0]
        direction = "max" if DIRECTIONS[first] == "maximize" else "min"
        self.objective = keras_tuner.Objective(EPOCH_COLUMNS[first], direction)

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declare the whole space, so that no network is built only to find what depends on a choice."""
        for parameter in parameters(self._search.space):
            with conditions(hp, parameter, self._search.space):
                declare_parameter(hp, parameter, gridded=False)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The network with the values of ``hp``, with seeded initial weights; not compiled."""
        return self._trainer(hp).build()

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        *data: Any,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        epochs: int | None = None,
        initial_epoch: int = 0,
        verbose: Any = None,
        **others: Any,
    ) -> dict[str, float]:
        """Train on the training part and score on the validation part.

        Args:
            hp: The values.
            model: Of :meth:`build`, perhaps with the weights of an earlier trial.
            *data: Not allowed, like any other argument of ``Model.fit``: data and settings are the experiment's.
            callbacks: Called when each epoch has ended, with its scores; not for batches. They can stop the training.
            epochs: Number of the last epoch, in place of the experiment's, as Hyperband sets it.
            initial_epoch: Number of epochs that the weights were trained before.
            verbose: Ignored; the progress is logged.
            **others: Not allowed.

        Returns:
            The row of the history (``val_roc_auc``, ``val_worst_label_roc_auc``, ``val_loss``, ``loss``, ...) of the
            epoch that is the best in :attr:`objective`, the one whose weights Keras Tuner keeps; and ``parameters``,
            the number of the network's weights.

        Raises:
            keras_tuner.errors.FailedTrialError: this training failed, but others may not.
            keras_tuner.errors.FatalError: anything else is wrong, which no other trial would change.
        """
        if data or others:
            names = ", ".join([*(["positional arguments"] if data else []), *others])
            raise keras_tuner.errors.FatalValueError(
                f"Data and settings of the training are the experiment's. Expected: Tuner.search(callbacks=...) and no "
                f"other argument. Received: {names}. Set them in the experiment, such as training.batch_size."
            )
        try:
            return self._fitted(hp, model, callbacks, epochs, initial_epoch)
        except TrialFailed as failure:
            raise keras_tuner.errors.FailedTrialError(f"{type(failure).__name__}: {failure}") from failure
        except XraykitError as error:
            raise keras_tuner.errors.FatalError(str(error)) from error
        finally:
            gc.collect()

    def _fitted(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        callbacks: Sequence[keras.callbacks.Callback],
        epochs: int | None,
        initial_epoch: int,
    ) -> dict[str, float]:
        trainer = self._trainer(hp, None if epochs is None else epochs - initial_epoch)
        events = keras.callbacks.CallbackList(list(callbacks), model=model)
        rows: list[dict[str, float]] = []

        def end_epoch(row: dict[str, Any]) -> None:
            numbers = {name: float(value) for name, value in row.items() if name not in ("epoch", "stage")}
            rows.append({**numbers, "parameters": model.count_params()})
            epoch = initial_epoch + row["epoch"] - 1
            events.on_epoch_begin(epoch)
            events.on_epoch_end(epoch, dict(rows[-1]))
            if model.stop_training:
                raise _Stopped

        model.stop_training = False
        events.on_train_begin()
        with suppress(_Stopped):
            trainer.fit(model, trainer.load(), None, end_epoch)
        events.on_train_end()
        best = max if self.objective.direction == "max" else min
        return best(rows, key=lambda row: row[self.objective.name])

    def _trainer(self, hp: keras_tuner.HyperParameters, epochs: int | None = None) -> Trainer:
        values = self._values(hp)
        if epochs is not None:
            values["training.epochs"] = epochs
        return trainer_for(self._experiment.with_values(values), parts=self._parts)

    def _values(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """The values of all parameters that exist in ``hp``, by the path of the experiment's key."""
        space, drawn = self._search.space, dict[str, Any]()
        for parameter in parameters(space):
            if parameter.exists(drawn):
                with conditions(hp, parameter, space):
                    value = declare_parameter(hp, parameter, gridded=False)
                drawn[parameter.name] = json.loads(value) if isinstance(parameter.domain, Choices) else value
        return assemble(space, drawn)


class _Stopped(Exception):
    """A callback stopped the training."""


def hypermodel(experiment: Experiment) -> XrayHyperModel:
    """A ``keras_tuner.HyperModel`` for any tuner of Keras Tuner, from an experiment with a ``search`` section.

    The hyperparameters are those of ``search.space``. Each trial trains for ``search.epochs`` and is scored on the
    validation part; the labels of the test part are not loaded. Of the section only ``space``, ``epochs`` and the first
    of ``objectives`` are used.

    ::

        hypermodel = xraykit.hypermodel(xraykit.load_experiment("experiments/densenet.yaml"))
        tuner = keras_tuner.BayesianOptimization(hypermodel, hypermodel.objective, max_trials=20)
        tuner.search()

    Args:
        experiment: See :func:`xraykit.load_experiment`. Its label file is read now, once for all trials.

    Raises:
        ExperimentError: the experiment has no search.
        DataError: the data cannot be read.
    """
    return XrayHyperModel(*data_of_trials(experiment))
