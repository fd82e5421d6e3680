"""The averaged weights in place of the trained ones, with statistics of normalisation that belong to them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from xraykit.data import Batches
from xraykit.model import backend, with_inner_layers

_PICTURES = 2048
"""As many as statistics need (Wu & Johnson 2021, "Rethinking Batch in BatchNorm", find 1,000 to 10,000 enough)."""


class AveragedWeights:
    """Puts the moving average of the weights in place while an epoch is scored.

    The statistics of batch normalisation belong to the weights that they were collected with. They are computed again
    for the average, as Izmailov et al. 2018 ("Averaging Weights Leads to Wider Optima") do: from up to 2,048 training
    pictures of the epoch, augmented as in training. Normalisations that do not learn keep theirs.

    Args:
        trainee: Compiled, with an optimizer that averages.
        train: Training batches.
        in_pieces: Whether the trainee runs in pieces.
    """

    def __init__(self, trainee: keras.Model, train: Batches, in_pieces: bool) -> None:
        self._trainee = trainee
        self._train = train
        self._in_pieces = in_pieces
        self._run: Callable[[np.ndarray], None] | None = None

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While the trainee has the averaged weights; afterwards, everything is what it was."""
        trainee = self._trainee
        if int(trainee.optimizer.iterations) == 0:
            # Without a single update there is no average yet.
            yield
            return
        trained = [np.asarray(variable).copy() for variable in trainee.variables]
        try:
            trainee.optimizer.finalize_variable_values(trainee.trainable_variables)
            for variable in trainee.trainable_variables:
                # Under JAX both would be one array, which a prediction gives away.
                variable.assign(np.asarray(variable).copy())
            self._collect_statistics()
            yield
        finally:
            for variable, value in zip(trainee.variables, trained):
                variable.assign(value)

    def _collect_statistics(self) -> None:
        moving = [
            layer
            for layer in with_inner_layers(self._trainee.layers)
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable and layer.momentum < 1
        ]
        if not moving:
            return
        if self._run is None:
            self._run = self._trainee.move_statistics if self._in_pieces else backend.in_training(self._trainee)
        pictures, seen = 0, []
        for number in range(len(self._train)):
            pixels, _ = self._train[number]
            # The last batch of an epoch may be smaller, and would count too much.
            if number and (pictures >= _PICTURES or len(pixels) < pictures / number):
                break
            pictures += len(pixels)
            seen.append(self._statistics_of(moving, self._run, pixels))
        for index, layer in enumerate(moving):
            mean = np.mean([batch[index][0] for batch in seen], axis=0)
            # The variance of all: within batches, and between their means.
            square = np.mean([batch[index][1] + batch[index][0] ** 2 for batch in seen], axis=0)
            layer.moving_mean.assign(mean.astype(np.float32))
            layer.moving_variance.assign(np.maximum(square - mean**2, 0).astype(np.float32))

    @staticmethod
    def _statistics_of(
        layers: Sequence[Any], run: Callable[[np.ndarray], None], pixels: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Mean and variance of one batch in each layer, float64: moved from zero, statistics are a share of them."""
        for layer in layers:
            layer.moving_mean.assign(np.zeros(layer.moving_mean.shape, np.float32))
            layer.moving_variance.assign(np.zeros(layer.moving_variance.shape, np.float32))
        run(pixels)
        return [
            (
                np.asarray(layer.moving_mean, np.float64) / (1 - layer.momentum),
                np.asarray(layer.moving_variance, np.float64) / (1 - layer.momentum),
            )
            for layer in layers
        ]


class OnAverage(keras.callbacks.Callback):
    """Calls other callbacks at the end of an epoch while the model has its averaged weights.

    Args:
        average: Of the weights.
        callbacks: Called at the begin and end of epochs alone.
    """

    def __init__(self, average: AveragedWeights, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        super().__init__()
        self._average = average
        self._callbacks = callbacks

    def set_model(self, model: keras.Model) -> None:
        """Set the model of each."""
        super().set_model(model)
        for callback in self._callbacks:
            callback.set_model(model)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Call each."""
        for callback in self._callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Call each on the averaged weights."""
        with self._average.in_place():
            for callback in self._callbacks:
                callback.on_epoch_end(epoch, logs)
