"""Learning rates that are planned for every update of a stage, as schedules of Keras."""

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from xraykit.config import Training


@dataclass(frozen=True)
class CosineRate:
    """A linear rise, then half a cosine (Loshchilov & Hutter 2017).

    Attributes:
        peak: Highest learning rate, which the update after the rise has.
        updates: Of the whole stage.
        warmup: Updates of the rise; the first one has a rate of ``peak / (warmup + 1)``.
        final_share: Rate of the last update, as a share of ``peak``.
    """

    peak: float
    updates: int
    warmup: int
    final_share: float

    def of_keras(self) -> Any:
        """Keras' schedule, which is called with the number of the update from 0."""
        warmup = min(self.warmup, self.updates - 1)
        fall = max(self.updates - warmup - 1, 1)
        if not warmup:
            return keras.optimizers.schedules.CosineDecay(self.peak, fall, self.final_share)
        return keras.optimizers.schedules.CosineDecay(
            self.peak / (warmup + 1), fall, self.final_share, warmup_target=self.peak, warmup_steps=warmup
        )


@dataclass(frozen=True)
class OneCycleRate:
    """Up and down once (Smith & Topin 2018), both as half a cosine.

    Attributes:
        peak: Highest learning rate.
        updates: Of the whole stage.
        rise: Share of the updates in which the rate rises.
        first_share: Rate of the first update, as a share of ``peak``.
        final_share: Rate of the last update, as a share of ``peak``.
    """

    peak: float
    updates: int
    rise: float
    first_share: float
    final_share: float

    def of_keras(self) -> Any:
        """A schedule of Keras, which is called with the number of the update from 0."""
        return _OneCycle(self)


Rate = float | CosineRate | OneCycleRate
"""The learning rate of every update, or how it is planned."""


def planned_rate(training: Training, peak: float, epochs: int, batches: int) -> Rate:
    """The learning rate of a stage, as ``training.schedule`` describes it.

    Args:
        training: ``schedule``, ``cosine`` and ``one_cycle`` are read.
        peak: The learning rate of the stage.
        epochs: Of the whole stage.
        batches: Of an epoch.
    """
    accumulation = training.gradient_accumulation
    updates = max(epochs * batches // accumulation, 1)
    if training.schedule == "cosine":
        warmup = round(training.cosine.warmup_epochs * batches / accumulation)
        return CosineRate(peak, updates, warmup, training.cosine.final_share)
    if training.schedule == "one_cycle":
        cycle = training.one_cycle
        return OneCycleRate(peak, updates, cycle.rise, cycle.first_share, cycle.final_share)
    return peak


class OfUpdates(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule by the number of the update, called with the number of the batch.

    Args:
        schedule: Called with the number of the update from 0.
        batches: Batches of an update.
    """

    def __init__(self, schedule: Any, batches: int) -> None:
        self._schedule = schedule
        self._batches = batches

    def __call__(self, step: Any) -> Any:
        """The learning rate of batch ``step``, counted from 0."""
        return self._schedule(ops.floor_divide(step, self._batches))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"schedule": keras.optimizers.schedules.serialize(self._schedule), "batches": self._batches}


class _OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """See :class:`OneCycleRate`."""

    def __init__(self, rate: OneCycleRate) -> None:
        self._rate = rate
        last = max(rate.updates - 1, 1)
        # At least one update rises and one falls, as soon as there are three.
        self._top = min(max(round(rate.rise * last), 1), max(last - 1, 1))
        self._fall = max(last - self._top, 1)

    def __call__(self, step: Any) -> Any:
        """The learning rate of update ``step``, counted from 0."""
        rate, update = self._rate, ops.cast(step, "float32")
        up = _between(rate.first_share, 1.0, ops.minimum(update / self._top, 1.0))
        down = _between(1.0, rate.final_share, ops.clip((update - self._top) / self._fall, 0.0, 1.0))
        return rate.peak * ops.where(update < self._top, up, down)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"rate": self._rate}


def _between(start: float, end: float, share: Any) -> Any:
    """From ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * 0.5 * (1.0 + ops.cos(math.pi * share))
