"""How often the radiographs of each source are drawn in an epoch, where sources have weights."""

from dataclasses import dataclass

import numpy as np

from xraykit.config import SOURCE
from xraykit.data.catalog import Catalog
from xraykit.errors import DataError
from xraykit.system import counted


@dataclass(frozen=True, eq=False)
class Sampling:
    """The draws of an epoch, which has as many as there are training radiographs.

    A source whose share is larger than its number of radiographs is gone through several times; of one whose share is
    smaller, each epoch sees another part, drawn at random without replacement.

    Attributes:
        source_of: ``(n,)`` int, the source of each training radiograph.
        draws: ``(sources,)`` int, draws of each source in an epoch, n in all.
    """

    source_of: np.ndarray
    draws: np.ndarray

    @classmethod
    def of(cls, training: Catalog) -> "Sampling | None":
        """That of the training part; None where sources have no weights, and each radiograph is drawn once.

        Raises:
            DataError: a source with a weight has no radiograph in the training part, or would never be drawn.
        """
        weights = {source.name: source.weight for source in training.sources if source.weight is not None}
        if not weights:
            return None
        names, column = list(weights), training.table[SOURCE].to_numpy(object)
        source_of = np.array([names.index(name) for name in column], dtype=np.intp)
        share = np.array(list(weights.values()), np.float64)
        draws = _rounded(len(column) * share / share.sum())
        sizes = np.bincount(source_of, minlength=len(names))
        for name, size, number in zip(names, sizes, draws, strict=True):
            if not size or not number:
                raise DataError(
                    f"The source {name!r} has the weight {weights[name]:g}, but "
                    + ("no radiograph in the training part. " if not size else "none of its radiographs is drawn in ")
                    + ("" if not size else f"an epoch of {counted(len(column), 'radiograph')}. ")
                    + "Change the weights in data.sources, or leave the source out."
                )
        return cls(source_of, draws)

    def order(self, generator: np.random.Generator) -> np.ndarray:
        """The rows of an epoch in the order of the draws ``(n,)``."""
        drawn = [self._of_source(source, generator) for source in range(len(self.draws))]
        return generator.permutation(np.concatenate(drawn))

    def times(self) -> np.ndarray:
        """How often each radiograph is drawn in an epoch on average ``(n,)``."""
        sizes = np.bincount(self.source_of, minlength=len(self.draws))
        return np.asarray((self.draws / np.maximum(sizes, 1))[self.source_of])

    def _of_source(self, source: int, generator: np.random.Generator) -> np.ndarray:
        rows = np.flatnonzero(self.source_of == source)
        whole, rest = divmod(int(self.draws[source]), len(rows))
        return np.concatenate([*([rows] * whole), generator.permutation(rows)[:rest]])


def _rounded(shares: np.ndarray) -> np.ndarray:
    """Whole numbers with the same sum, by largest remainders; of equal ones the first."""
    whole: np.ndarray = np.floor(shares).astype(np.int64)
    missing = round(float(shares.sum())) - int(whole.sum())
    whole[np.argsort(-(shares - whole), kind="stable")[:missing]] += 1
    return whole
