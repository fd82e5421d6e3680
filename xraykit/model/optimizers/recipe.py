"""What an optimizer does, as one value that can be compared and hashed."""

from dataclasses import dataclass, replace
from typing import Any

from xraykit.config import Training
from xraykit.model.optimizers.schedules import OfUpdates, Rate


@dataclass(frozen=True)
class OptimizerRecipe:
    """Everything that decides what an optimizer does with a gradient.

    Attributes:
        name: ``adam``, ``rmsprop``, ``sgd``, ``adamw``, ``lion`` or ``muon``.
        rate: Learning rate of every update, or how it is planned.
        weight_decay: ``None``: Keras' own, which is 0.004 for ``adamw`` and ``muon`` and none for the others.
        clip_norm: Largest norm of the gradient of all weights together; ``None``: not limited.
        accumulation: Batches whose gradients are averaged before the weights change.
        average: Momentum of the moving average of the weights; ``None``: no average.
        shares: Share of ``rate`` that each trainable variable learns at, in the model's order; empty: 1 for all.
    """

    name: str
    rate: Rate
    weight_decay: float | None = None
    clip_norm: float | None = None
    accumulation: int = 1
    average: float | None = None
    shares: tuple[float, ...] = ()

    @classmethod
    def of(cls, training: Training, rate: Rate, shares: tuple[float, ...] = ()) -> "OptimizerRecipe":
        """The recipe of an experiment's section ``training``, at a learning rate that may be a stage's own."""
        return cls(
            training.optimizer,
            rate,
            training.weight_decay,
            training.clip_norm,
            training.gradient_accumulation,
            training.weight_average,
            shares,
        )

    @property
    def unchangeable(self) -> tuple[bool, "OptimizerRecipe"]:
        """What cannot be changed once an optimizer is built: all but the rate, and whether it is planned."""
        return isinstance(self.rate, float), replace(self, rate=0.0)

    def learning_rate(self) -> Any:
        """The learning rate as Keras' optimizers take it."""
        return self.rate if isinstance(self.rate, float) else OfUpdates(self.rate.of_keras(), self.accumulation)

    def settings(self) -> dict[str, Any]:
        """The arguments of Keras' class besides the learning rate."""
        settings: dict[str, Any] = {"global_clipnorm": self.clip_norm}
        if self.weight_decay is not None:
            settings["weight_decay"] = self.weight_decay
        if self.accumulation > 1:
            settings["gradient_accumulation_steps"] = self.accumulation
        if self.average is not None:
            settings |= {"use_ema": True, "ema_momentum": self.average}
        return settings
