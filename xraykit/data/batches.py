"""Batches of pictures from the cache for ``fit`` and ``predict``, in a reproducible order."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from xraykit.data.cache.picture_cache import PictureCache
from xraykit.data.mixing.mixup import Mixup, mixed_pictures, mixed_targets
from xraykit.data.mixing.sampling import Sampling
from xraykit.errors import DataError


class Batches(keras.utils.PyDataset):
    """Batches of cached radiographs with their labels.

    The order of an epoch and its mixed pairs depend on the seed and the number of the epoch alone, so that a resumed
    training sees what an unbroken one would have seen. The last batch may be smaller; none is dropped.

    Args:
        cache: Where the pictures are.
        paths: ``n`` paths of radiographs.
        targets: ``(n, L)`` float32: 1, 0 or NaN = unknown.
        batch_size: Radiographs per batch.
        shuffle_seed: Seed of the order; ``None`` keeps the order given.
        sampling: How often each radiograph is drawn; ``None``: each once.
        mixup: Strength of the mixing of pairs; see :class:`.Mixup`. 0, or no seed: none is mixed.

    Attributes:
        view: What the network sees of the pictures; None: the pictures as they are.
        error: What kept a batch from being read; see :func:`raising_the_cause`.
    """

    view: Callable[[np.ndarray], np.ndarray] | None = None
    error: DataError | None = None

    def __init__(
        self,
        cache: PictureCache,
        paths: list[str],
        targets: np.ndarray,
        batch_size: int,
        shuffle_seed: int | None = None,
        sampling: Sampling | None = None,
        mixup: float = 0.0,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._cache = cache
        self._rows = cache.rows(paths)
        self._targets = np.asarray(targets, dtype=np.float32)
        self._batch_size = batch_size
        self._seed = shuffle_seed
        self._sampling = sampling
        self._strength = mixup
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Take the order of epoch ``epoch``, counted from 0.

        To be called when the epoch begins: Keras reads ahead before the first epoch, and its own ``on_epoch_end`` is
        called once before anything was trained.
        """
        if self._seed is None:
            self._epoch = _Epoch(np.arange(len(self._rows)))
            return
        generator = np.random.Generator(np.random.Philox([self._seed, epoch]))
        sampling = self._sampling
        order = generator.permutation(len(self._rows)) if sampling is None else sampling.order(generator)
        # Drawn after the order, which is the same with and without.
        mixup = Mixup.of_epoch(order, self._strength, generator) if self._strength else None
        self._epoch = _Epoch(order, mixup)

    def seen(self, view: Callable[[np.ndarray], np.ndarray]) -> "Batches":
        """The same batches with another view of the pictures, such as one of :func:`xraykit.model.views.views_of`."""
        other = copy.copy(self)
        other.view = view
        return other

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch ``index``: ``(B, S, S, 1)`` uint8 pixels 0–255 and ``(B, L)`` float32 labels.

        The network casts the pixels, on its device: in float32, four times as many bytes would go there.
        """
        return self._taken(self._chosen(index))

    def rows_in(self, index: int) -> int:
        """Number of radiographs in batch ``index``."""
        return len(self._chosen(index))

    def some_of(self, index: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some rows of batch ``index``; the pictures of the others are not read.

        Args:
            index: Of the batch.
            rows: ``(k,)`` positions within the batch.
        """
        return self._taken(self._chosen(index)[rows])

    def _chosen(self, index: int) -> np.ndarray:
        """Positions of a batch within the epoch."""
        return np.arange(len(self._rows))[index * self._batch_size : (index + 1) * self._batch_size]

    def _taken(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and labels of positions within the epoch."""
        epoch = self._epoch
        pixels, targets = self._read(epoch.order[chosen])
        if epoch.mixup is None:
            return pixels, targets
        other_pixels, other_targets = self._read(epoch.mixup.partner[chosen])
        share = epoch.mixup.share[chosen]
        both = mixed_pictures(pixels[..., 0], other_pixels[..., 0], share)
        return both[..., None], mixed_targets(targets, other_targets, share)

    def _read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            pixels: Any = self._cache.pictures(self._rows[rows])
        except DataError as error:
            self.error = error
            raise
        pictures = pixels[..., None]
        return pictures if self.view is None else self.view(pictures), self._targets[rows]


@dataclass(frozen=True, eq=False)
class _Epoch:
    """The rows of an epoch in their order, and what they are mixed with."""

    order: np.ndarray
    mixup: Mixup | None = None


@contextmanager
def raising_the_cause(batches: Batches) -> Iterator[None]:
    """While Keras reads ``batches``: TensorFlow replaces errors by its own, so the original one is raised instead.

    Raises:
        DataError: A picture in the cache was changed and cannot be decoded again.
    """
    try:
        yield
    except Exception as error:
        if batches.error is not None and batches.error is not error:
            raise batches.error from error
        raise
