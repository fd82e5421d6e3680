"""What the page draws: radiographs with all their values, and heat maps, computed when they are asked for."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from xraykit.data import open_radiograph, viewable_picture
from xraykit.errors import DataError
from xraykit.system import Deferred

if TYPE_CHECKING:
    from xraykit.bundle import Classifier
    from xraykit.explain import HeatMaps

_MOST_BYTES = 2**26


def packed(path: str, max_megapixels: float, bit_depth: int | None) -> bytes:
    """A radiograph at its own size as the page reads it.

    The length of what follows (4 bytes, little endian); a JSON object with ``width``, ``height``, ``count``,
    ``sample_bytes``, ``windows`` and ``inverted``, padded with blanks to a multiple of 4 bytes; ``count`` float32
    values and as many uint8 greys, padded to a multiple of 4; and the positions in these of all pixels, row by row.
    See :class:`xraykit.registry.Viewable`.

    Raises:
        BrokenImageError: the file cannot be read.
    """
    seen = viewable_picture(path, max_megapixels, bit_depth=bit_depth)
    height, width = seen.positions.shape
    facts = {
        "width": width,
        "height": height,
        "count": len(seen.greys),
        "sample_bytes": seen.positions.itemsize,
        "windows": [list(window) for window in seen.windows],
        "inverted": seen.inverted,
    }
    head = _padded(json.dumps(facts).encode(), b" ")
    values = seen.values.astype("<f4").tobytes()
    positions = np.ascontiguousarray(seen.positions, f"<u{seen.positions.itemsize}").tobytes()
    return b"".join([len(head).to_bytes(4, "little"), head, values, _padded(seen.greys.tobytes(), b"\0"), positions])


def _padded(content: bytes, by: bytes) -> bytes:
    return content + by * (-len(content) % 4)


class HeatMapCache:
    """Heat maps by picture and finding: computed one at a time, and kept in memory up to 64 MB.

    Args:
        load: Gives the network; it is called once, in a thread.
    """

    def __init__(self, load: "Callable[[], Classifier]") -> None:
        self._network: Deferred[tuple[Classifier, HeatMaps]] = Deferred(lambda: _with_maps(load()), "xraykit-network")
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._computing = threading.Lock()
        self.computed = 0

    def begin(self) -> None:
        """Begin to load the network; returns at once."""
        self._network.begin()

    def of(self, path: str, label: str) -> bytes:
        """The heat map of a finding, ``(S, S)`` uint8: 255 where the network finds most evidence, row by row.

        Raises:
            XraykitError: the file or the network cannot be read, or the label was not trained.
        """
        with self._computing:
            if (path, label) in self._kept:
                self._kept.move_to_end((path, label))
                return self._kept[path, label]
            content = self._computed(path, label)
            self._kept[path, label] = content
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _MOST_BYTES:
                self._kept.popitem(last=False)
            return content

    def _computed(self, path: str, label: str) -> bytes:
        classifier, maps = self._network.result()
        if label in classifier.decision_rule.untrained:
            raise DataError(f"There is no heat map for {label}. {classifier.decision_rule.untrained[label]}")
        picture = open_radiograph(
            path, classifier.image_size, classifier.max_megapixels, bit_depth=classifier.bit_depth
        )
        heat = maps.heat_maps(picture.picture[None], [classifier.labels.index(label)])[0]
        self.computed += 1
        return bytes(np.rint(heat * 255).astype(np.uint8))


def _with_maps(classifier: "Classifier") -> "tuple[Classifier, HeatMaps]":
    return classifier, classifier.saliency()
