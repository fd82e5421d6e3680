"""Losses by name."""

from collections.abc import Callable
from typing import Any, TypeVar

from xraykit.registry.names import Registry

Builder = TypeVar("Builder", bound=Callable[..., Any])

LOSSES: Registry[Callable[..., Any]] = Registry(
    "loss",
    {
        "weighted": "xraykit.model.losses.weighted",
        "weighted_binary_crossentropy": "xraykit.model.losses.weighted",  # the name in earlier versions
        "bce": "xraykit.model.losses.weighted",
        "focal": "xraykit.model.losses.focal",
        "asymmetric": "xraykit.model.losses.focal",
    },
)


def register_loss(name: str) -> Callable[[Builder], Builder]:
    """Decorator: make a loss available as ``training.loss: NAME``.

    What it decorates is called with two ``(L,)`` arrays, the weights of positives and of negatives of each label, and
    returns a Keras loss of labels ``(B, L)`` (1, 0, between them = soft, or NaN = unknown) and logits ``(B, L)``.

    Raises:
        RegistryError: ``name`` is taken.
    """

    def decorate(build: Builder) -> Builder:
        LOSSES.add(name, build, build)
        return build

    return decorate
