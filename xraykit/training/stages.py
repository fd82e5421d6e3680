"""The stages of a training, and its result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OnEpoch = Callable[[dict[str, Any]], None]
"""Receives the row of an epoch; an exception that it raises ends the training."""


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs with one optimizer.

    Attributes:
        name: Its name in the history.
        end: Number of epochs at its end, counted over all stages.
        learning_rate: Of the first step, or the highest one of a schedule.
        frozen_backbone: ``None`` leaves every layer as it is.
        layer_decay: Each block of the backbone learns at this times the rate of the block after it.
    """

    name: str
    end: int
    learning_rate: float
    frozen_backbone: bool | None = None
    layer_decay: float = 1.0


@dataclass(frozen=True)
class Fit:
    """A finished training.

    Attributes:
        history: One row per epoch; see :class:`~xraykit.training.callbacks.History`.
        best_epoch: From 1; the model has its weights.
        score: Validation macro ROC AUC of that epoch.
        devices: Number of devices that computed it, of all processes.
        processes: Number of processes that trained it together.
    """

    history: list[dict[str, Any]]
    best_epoch: int
    score: float
    devices: int = 1
    processes: int = 1
