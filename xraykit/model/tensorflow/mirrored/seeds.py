"""Random numbers of layers, drawn for the whole batch or by each device on its own."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.tensorflow.mirrored.layers import DROPOUTS
from xraykit.model.tensorflow.mirrored.rows import device_number

Tensor = Any


@dataclass(frozen=True)
class Generator:
    """A generator of random numbers, and whether its numbers are drawn for the whole batch."""

    of: keras.random.SeedGenerator
    whole: bool

    def seeds(self, seed: Tensor) -> Callable[..., Tensor]:
        """Stands in for ``next``: a device cannot move the state that all share, so that it was moved before."""
        calls = itertools.count()

        def following(ordered: bool = True) -> Tensor:
            if self.whole:
                return seed
            # Each device draws numbers of its own.
            return seed + tf.cast([device_number() * 0x9E3779B9 % 2**32, next(calls) << 20], seed.dtype)

        return following


def generators(layers: Iterable[keras.Layer]) -> Iterator[Generator]:
    """Those of layers, without those of the augmentation, which is computed for the whole batch."""
    for layer in layers:
        if isinstance(layer, RadiographAugmentation):
            continue
        for value in vars(layer).values():
            if isinstance(value, keras.random.SeedGenerator):
                yield Generator(value, isinstance(layer, DROPOUTS))
            elif isinstance(value, keras.Layer):
                yield from generators([value])


@contextmanager
def seeded(seeds: Sequence[tuple[Generator, Tensor]]) -> Iterator[None]:
    """While it is open, the generators give seeds that follow from these."""
    for generator, seed in seeds:
        generator.of.next = generator.seeds(seed)
    try:
        yield
    finally:
        for generator, _ in seeds:
            del generator.of.next
