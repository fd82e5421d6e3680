"""How often each radiograph is drawn in an epoch: by the weights of the sources, and by the findings."""

from dataclasses import dataclass, replace

import numpy as np

from xraykit.config import SOURCE
from xraykit.data.catalog import Catalog
from xraykit.data.mixing.balancing import drawn_by_share, repeat_factors
from xraykit.errors import DataError
from xraykit.system import counted


@dataclass(frozen=True, eq=False)
class Sampling:
    """The draws of an epoch, which has as many as there are training radiographs.

    A source whose share is larger than its number of radiographs is gone through several times; of one whose share is
    smaller, each epoch sees another part, drawn at random without replacement. Within a source, radiographs with rare
    findings come more often if they are balanced; the shares of the sources stay.

    Attributes:
        source_of: ``(n,)`` int, the source of each training radiograph.
        draws: ``(sources,)`` int, draws of each source in an epoch, n in all.
        factors: ``(n,)`` float64, how often each radiograph is drawn relative to the others of its source; None: all
            alike.
    """

    source_of: np.ndarray
    draws: np.ndarray
    factors: np.ndarray | None = None

    @classmethod
    def of(cls, training: Catalog, method: str = "uniform") -> "Sampling | None":
        """That of the training part; None where each radiograph is drawn once.

        Args:
            training: The training part; of its targets, only those that the training learns from are read.
            method: ``training.sampling``.

        Raises:
            DataError: a source with a weight has no radiograph in the training part, or would never be drawn.
        """
        by_source = cls._of_sources(training)
        if method == "uniform":
            return by_source
        count = len(training)
        each = by_source or cls(np.zeros(count, np.intp), np.array([count]))
        return replace(each, factors=repeat_factors(training.training_targets(), each.times()))

    @classmethod
    def _of_sources(cls, training: Catalog) -> "Sampling | None":
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
        total = np.bincount(self.source_of, weights=self.factors, minlength=len(self.draws))
        times: np.ndarray = (self.draws / np.maximum(total, 1))[self.source_of]
        return times if self.factors is None else times * self.factors

    def _of_source(self, source: int, generator: np.random.Generator) -> np.ndarray:
        rows = np.flatnonzero(self.source_of == source)
        if self.factors is not None:
            balanced: np.ndarray = rows[drawn_by_share(self.times()[rows], generator)]
            return balanced
        whole, rest = divmod(int(self.draws[source]), len(rows))
        return np.concatenate([*([rows] * whole), generator.permutation(rows)[:rest]])


def _rounded(shares: np.ndarray) -> np.ndarray:
    """Whole numbers with the same sum, by largest remainders; of equal ones the first."""
    whole: np.ndarray = np.floor(shares).astype(np.int64)
    missing = round(float(shares.sum())) - int(whole.sum())
    whole[np.argsort(-(shares - whole), kind="stable")[:missing]] += 1
    return whole
