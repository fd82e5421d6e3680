"""Heat maps of an ensemble: the mean of its members'."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from xraykit.errors import ModelError


class HeatMaps(Protocol):
    """What draws heat maps of radiographs, of one network or of several."""

    def heat_maps(self, pictures: np.ndarray, labels: Sequence[int] | np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Heat maps of ``n`` radiographs, each for one label; see :meth:`.SaliencyMethod.heat_maps`."""


class MeanHeatMaps:
    """The mean over an ensemble's members of their heat maps, of those members that trained the label.

    Each member's map is scaled to a largest value of 1 first, as the members' logits have different scales. So the mean
    is large where most members look; a place that one member alone looks at stays faint.

    Args:
        methods: One for each of the ``m`` members.
        trained: ``(m, L)``, which labels each member trained; left out, all.

    Raises:
        ModelError: there is no member, or ``trained`` has another number of members.
    """

    def __init__(self, methods: Sequence[HeatMaps], trained: npt.NDArray[np.bool_] | None = None) -> None:
        if not methods or (trained is not None and len(trained) != len(methods)):
            raise ModelError(
                f"Heat maps of an ensemble need its members, and which labels each of them trained. Received: "
                f"{len(methods)} members and labels of {len(methods) if trained is None else len(trained)}."
            )
        self._methods = tuple(methods)
        self._trained = trained

    def heat_maps(self, pictures: np.ndarray, labels: Sequence[int] | np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Heat maps ``(n, S, S)`` float32, 0–1, each divided by its largest value; 0 everywhere where no member trained
        the label, or where nothing in the picture spoke for it.

        Args:
            pictures: ``(n, S, S)`` or ``(n, S, S, 1)``, 0–255.
            labels: ``(n,)`` position of the label among the outputs, for each radiograph.
            batch_size: Pictures in a network at a time.

        Raises:
            ModelError: as for :meth:`.SaliencyMethod.heat_maps`.
        """
        columns = np.asarray(labels)
        total = np.zeros(np.asarray(pictures).shape[:3], np.float32)
        for number, method in enumerate(self._methods):
            rows = np.ones(len(columns), bool) if self._trained is None else self._trained[number][columns]
            if rows.any():
                total[rows] += method.heat_maps(np.asarray(pictures)[rows], columns[rows], batch_size)
        peaks = total.max(axis=(1, 2), keepdims=True)
        return np.asarray(np.divide(total, peaks, out=np.zeros_like(total), where=peaks > 0))
