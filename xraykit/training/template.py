"""The template of a training: load, build, fit and predict."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from xraykit.config import Experiment
from xraykit.data import Parts, Sampling
from xraykit.evaluation import masked_targets
from xraykit.evaluation.predictions import prediction_table
from xraykit.model import (
    View,
    backend,
    build_loss,
    build_model,
    check_batch_size,
    class_weights,
    device_group,
    over_views,
)
from xraykit.runs import check_same, training_identity
from xraykit.system import join_processes
from xraykit.training.fitting import Fitting
from xraykit.training.stages import Fit, OnEpoch, Stage
from xraykit.training.trainee import logits_of
from xraykit.training.training_data import TrainingData, check_trainable, load_training_data


class Trainer(ABC):
    """Trains the network of one experiment, in the stages that a subclass names; the rest is the same for all.

    Calibration, evaluation and everything later is :mod:`xraykit.pipeline`'s.

    Args:
        experiment: Its sections ``data``, ``model`` and ``training`` are read.
        parts: The experiment's parts, if they were loaded before; the test part is better sealed.
    """

    def __init__(self, experiment: Experiment, *, parts: Parts | None = None) -> None:
        self.experiment = experiment
        self._parts = parts

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the training, in order."""

    def identity(self, parts: Parts) -> dict[str, Any]:
        """What its checkpoints belong to, JSON-able."""
        return {**training_identity(self.experiment, parts), "backend": keras.backend.backend()}

    def load(self) -> TrainingData:
        """Parts by patient and their pictures; the test part is sealed, unless the given parts have its labels."""
        return load_training_data(self.experiment, self._parts)

    def build(self) -> keras.Model:
        """The network, with seeded initial weights."""
        # Other processes can only be joined before JAX computes anything.
        join_processes(self.experiment.training.devices)
        backend.prepare(self.experiment.training, self.experiment.seed)
        return build_model(self.experiment)

    def fit(
        self,
        model: keras.Model,
        data: TrainingData,
        checkpoints: Path | None,
        on_epoch: OnEpoch,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> Fit:
        """Fit all stages; the model ends with the weights of the best epoch on the validation part.

        A trainer without epochs has its own.

        Args:
            model: Of :meth:`build`.
            data: Of :meth:`load`.
            checkpoints: Folder of the checkpoints; the training continues from one that is there. None keeps none.
            on_epoch: Receives the row of each epoch; an exception that it raises ends the training.
            callbacks: Of Keras; see :func:`xraykit.run_experiment`.

        Raises:
            XraykitError: loss, memory, disk or checkpoint failed; see :meth:`.Fitting.run`.
        """
        training = self.experiment.training
        group = device_group(training.devices, training.xla)
        if group is None:
            return self._fitting(model, data, checkpoints, on_epoch, callbacks).run(self.stages())
        check_batch_size(group, training.batch_size)
        with group.training():
            self._check_alike(group, data)
            copied = group.copy(model, lambda: build_model(self.experiment))
            fit = self._fitting(copied, data, checkpoints, on_epoch, callbacks, group).run(self.stages())
            if copied is not model:
                backend.copy_values(copied, model)
        group.leave()
        return replace(fit, devices=group.devices, processes=group.processes)

    def _check_alike(self, group: backend.DeviceGroup, data: TrainingData) -> None:
        """All processes train the same network on the same data."""
        own = json.loads(json.dumps(self.identity(data.parts)))
        check_same(group.agree(own), own, f"Process 0, seen from process {group.process},")

    def _fitting(
        self,
        model: keras.Model,
        data: TrainingData,
        checkpoints: Path | None,
        on_epoch: OnEpoch,
        callbacks: Sequence[keras.callbacks.Callback],
        group: backend.DeviceGroup | None = None,
    ) -> Fitting:
        training, batch_size = self.experiment.training, self.experiment.evaluation.batch_size
        train, validation = data.parts.catalog_of("train"), data.parts.catalog_of("validation")
        choosing = ~data.held_out(training.held_out_share, self.experiment.split_seed)
        check_trainable(data.parts, choosing)
        return Fitting(
            training,
            model,
            self._loss(data.learnt_targets(training), Sampling.of(train, training.sampling)),
            data.training_batches(training, self.experiment.seed),
            data.batches("validation", batch_size, rows=choosing),
            # Untrained outputs are noise, in which no epoch is better than another.
            masked_targets(validation.targets()[choosing], data.parts.labels, data.untrained),
            checkpoints,
            on_epoch,
            self.identity(data.parts),
            callbacks,
            group,
        )

    def predict(self, model: keras.Model, data: TrainingData, part: str) -> pd.DataFrame:
        """The table of predictions of one part, with logits and without probabilities.

        The logits are means over the views of ``evaluation.test_time_augmentation``, as those of the bundle are.
        """
        settings, xla = self.experiment.evaluation, self.experiment.training.xla
        batches = data.batches(part, settings.batch_size)

        def seen(view: View) -> np.ndarray:
            return logits_of(model, batches.seen(view), xla)

        logits = over_views(settings.test_time_augmentation, seen)
        return prediction_table(data.parts.catalog_of(part), part, logits)

    def _loss(self, targets: np.ndarray, sampling: Sampling | None = None) -> keras.losses.Loss:
        settings, equal = self.experiment.training, np.full(targets.shape[1], 0.5)
        times = None if sampling is None else sampling.times()
        weights = class_weights(targets, times) if settings.has_class_weights else (equal, equal)
        return build_loss(settings.loss, *weights, settings.loss_settings)
