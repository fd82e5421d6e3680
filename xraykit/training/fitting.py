"""From a built model to a fitted one: stages, callbacks, checkpoints."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from xraykit.config import Training
from xraykit.data import Batches, raising_the_cause
from xraykit.errors import CheckpointError, OutOfMemoryError
from xraykit.model import backend, freeze_backbone
from xraykit.model.optimizers import OptimizerRecipe, layer_shares, planned_rate
from xraykit.training.averaging import AveragedWeights, OnAverage
from xraykit.training.batch_ends import BatchEnds
from xraykit.training.callbacks import (
    Agreement,
    BestEpoch,
    History,
    OrderOfEpoch,
    Progress,
    StopOnNonFiniteLoss,
    ValidationScore,
)
from xraykit.training.checkpoints import Checkpoint, saved_training, write_checkpoint
from xraykit.training.stages import Fit, OnEpoch, Stage
from xraykit.training.trainee import optimizer_of, plateau_of, trainee_of
from xraykit.training.user_callbacks import guarded

logger = logging.getLogger(__name__)

_PLATEAU_STATE = ("best", "wait", "cooldown_counter")


class Fitting:
    """Fits one model, stage after stage, and continues where a killed process stopped.

    Args:
        training: Optimizer, patience and the like.
        model: Freshly built.
        loss: Takes ``(B, L)`` labels and logits.
        train: Training batches, shuffled.
        validation: Validation batches, in order.
        validation_targets: ``(n, L)`` labels of the validation batches.
        checkpoints: Folder of this run's checkpoints; ``None`` keeps none.
        on_epoch: See :data:`OnEpoch`.
        identity: Of the training; see :meth:`xraykit.training.Trainer.identity`. Each checkpoint contains it.
        callbacks: The user's own; called when the epoch is scored and shown, and before its checkpoint is written.
        group: The devices of the model, if there are several.

    Raises:
        CheckpointError: the checkpoint is damaged or belongs to another training.
    """

    def __init__(
        self,
        training: Training,
        model: keras.Model,
        loss: keras.losses.Loss,
        train: Batches,
        validation: Batches,
        validation_targets: np.ndarray,
        checkpoints: Path | None,
        on_epoch: OnEpoch,
        identity: Mapping[str, Any],
        callbacks: Sequence[keras.callbacks.Callback] = (),
        group: backend.DeviceGroup | None = None,
    ) -> None:
        self.model = model
        self._group = group
        self._trainee = trainee_of(model, training.xla, group)
        self._training = training
        self._loss = loss
        self._train = train
        self._checkpoints = checkpoints
        stopping = self._training.early_stopping
        self.best = BestEpoch(stopping.patience if stopping else None)
        self.history = History(on_epoch)
        self._scoring = ValidationScore(validation, validation_targets)
        self._identity = identity
        self._users = guarded(callbacks)
        self._ended = False
        self._saved = saved_training(checkpoints, identity, group)

    def run(self, stages: Sequence[Stage]) -> Fit:
        """Fit all stages; the model ends with the weights of its best epoch.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite.
            OutOfMemoryError: the device ran out of memory.
            CheckpointError: a checkpoint could not be written, is damaged, or does not fit the model.
        """
        for number, stage in enumerate(stages):
            self._run_stage(number, stage, self._epochs_in(stages[:number]))
            self.model.set_weights(self.best.weights)
            if self._ended:
                logger.info("A callback ended the training after epoch %d.", len(self.history.rows))
                break
        return Fit(self.history.rows, self.best.epoch + 1, self.best.score)

    def _epochs_in(self, stages: Sequence[Stage]) -> int:
        """How many epochs these stages had; patience may have ended them early."""
        names = [stage.name for stage in stages]
        saved = self._saved.state["history"] if self._saved else []
        return max(sum(row["stage"] in names for row in rows) for rows in (saved, self.history.rows))

    def _run_stage(self, number: int, stage: Stage, begin: int) -> None:
        if stage.frozen_backbone is not None:
            freeze_backbone(self.model, stage.frozen_backbone)
        self._compile(stage, stage.end - begin)
        self.history.stage = stage.name
        plateau = plateau_of(self._training)
        state = self._resume(number)
        if state is None:
            self.best.start_stage()
        else:
            begin = state["epoch"]
            self._ended = state.get("ended", False)
        if state is not None and (state["stopped"] or state["stage"] > number):
            return
        callbacks = [OrderOfEpoch(self._train), StopOnNonFiniteLoss(), *self._judging(), *plateau, self.history]
        callbacks += [Progress(stage.end, self.best)] if self._group is None or self._group.leads else []
        callbacks += [*self._users, _Checkpointing(self, number, plateau, state)]
        self._fit(callbacks, begin, stage.end)

    def _judging(self) -> list[keras.callbacks.Callback]:
        """What scores an epoch and keeps its weights: the average of them if there is one."""
        judging = [self._scoring, *self._agreeing(), self.best]
        if self._training.weight_average is None:
            return judging
        in_pieces = backend.runs_in_pieces(self._training.xla)
        return [OnAverage(AveragedWeights(self._trainee, self._train, in_pieces), judging)]

    def _agreeing(self) -> list[keras.callbacks.Callback]:
        return [] if self._group is None else [Agreement(self._group)]

    def _compile(self, stage: Stage, epochs: int) -> None:
        self._trainee.compile(
            optimizer=optimizer_of(self._trainee, self._recipe(stage, epochs), self._training.xla),
            loss=self._loss,
            run_eagerly=backend.runs_in_pieces(self._training.xla),
            jit_compile=backend.jit_compile(self._training.xla),
        )
        self._trainee.optimizer.build(self._trainee.trainable_variables)

    def _recipe(self, stage: Stage, epochs: int) -> OptimizerRecipe:
        if self._training.gradient_accumulation > len(self._train):
            logger.warning(
                "training.gradient_accumulation is %d, but an epoch has %d batches: there are epochs in which the "
                "weights do not change.",
                self._training.gradient_accumulation,
                len(self._train),
            )
        rate = planned_rate(self._training, stage.learning_rate, epochs, len(self._train))
        return OptimizerRecipe.of(self._training, rate, layer_shares(self.model, stage.layer_decay))

    def _fit(self, callbacks: list[keras.callbacks.Callback], begin: int, end: int) -> None:
        logger.info("Building the training graph of %s; its first batch takes longer.", self.model.name)
        try:
            with (
                raising_the_cause(self._train),
                backend.light_graphs(),
                BatchEnds(callbacks, self._trainee, end, len(self._train)) as called,
            ):
                self._trainee.fit(
                    self._train, initial_epoch=begin, epochs=end, callbacks=called, shuffle=False, verbose=0
                )
        except Exception as error:
            if backend.is_out_of_memory(error):
                raise OutOfMemoryError(
                    f"The device ran out of memory. Lower training.batch_size (it is {self._training.batch_size}) or "
                    f"data.image_size. Message of the device: {str(error).splitlines()[0][:200]}"
                ) from error
            raise

    def save(self, number: int, plateau: Sequence[keras.callbacks.Callback]) -> None:
        """Write a checkpoint of the epoch that has just ended."""
        if self._group is not None:
            self._trainee.stop_training = self._group.agree(bool(self._trainee.stop_training))
        self._write(number, plateau)
        if self._group is not None:
            # The other processes wait here, and not within the next step, for as long as the disk takes.
            self._group.agree(None)

    def _write(self, number: int, plateau: Sequence[keras.callbacks.Callback]) -> None:
        # Patience ends a stage; a callback of the user ends the training.
        self._ended = bool(self._trainee.stop_training) and not self.best.exhausted
        if self._checkpoints is None:
            return
        epoch = len(self.history.rows)
        state = {
            "identity": self._identity,
            "stage": number,
            "epoch": epoch,
            "stopped": bool(self._trainee.stop_training),
            "ended": self._ended,
            "history": self.history.rows,
            "best": {"score": self.best.score, "epoch": self.best.epoch, "waited": self.best.waited},
            "plateau": {name: _plain(getattr(each, name)) for each in plateau for name in _PLATEAU_STATE},
        }
        write_checkpoint(self._checkpoints, epoch, Checkpoint(self._arrays(), state))

    def _arrays(self) -> dict[str, list[np.ndarray]]:
        return {
            "model": [np.asarray(variable) for variable in self._trainee.variables],
            "optimizer": [np.asarray(variable) for variable in self._trainee.optimizer.variables],
            "best": self.best.weights,
        }

    def _resume(self, number: int) -> dict[str, Any] | None:
        """Load the checkpoint if it was written in this stage or a later one; returns its state, or ``None``."""
        if self._saved is None or self._saved.state["stage"] < number:
            return None
        state = dict(self._saved.state)
        self.best.score, self.best.epoch = state["best"]["score"], state["best"]["epoch"]
        self.best.waited, self.best.weights = state["best"]["waited"], list(self._saved.arrays["best"])
        self.history.rows = list(state["history"])
        if state["stage"] == number:
            _assign(self._trainee.variables, self._saved.arrays["model"])
            _assign(self._trainee.optimizer.variables, self._saved.arrays["optimizer"])
            logger.info("Continuing after epoch %d.", state["epoch"])
        return state


class _Checkpointing(keras.callbacks.Callback):
    """Last of the callbacks: restores the plateau's state after Keras has reset it, and saves each epoch."""

    def __init__(
        self, fitting: Fitting, stage: int, plateau: Sequence[keras.callbacks.Callback], state: dict[str, Any] | None
    ) -> None:
        super().__init__()
        self._fitting, self._stage, self._plateau, self._state = fitting, stage, plateau, state

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        for callback in self._plateau:
            for name, value in (self._state or {}).get("plateau", {}).items():
                setattr(callback, name, value)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._fitting.save(self._stage, self._plateau)


def _assign(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [array.shape for array in arrays]:
        raise CheckpointError(
            f"The checkpoint does not fit this model: it has {len(arrays)} variables, the model {len(shapes)}, or "
            f"their shapes differ. It belongs to another experiment or another version; start a new run."
        )
    for variable, array in zip(variables, arrays):
        variable.assign(array)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else float(value)
