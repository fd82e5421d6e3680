"""The flags of the input check: how a radiograph differs from those that the network was trained on."""

import logging
import threading
from collections.abc import Mapping, Sequence

from xraykit.data import open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.input_check import Screen

logger = logging.getLogger(__name__)


class Flags:
    """The flags of all cases, found in a thread of their own, as each radiograph must be decoded.

    Args:
        known: Those of each case, name to reason, if they were found before.
    """

    def __init__(self, known: Sequence[Mapping[str, str]] | None = None) -> None:
        self._found: dict[int, Mapping[str, str]] = dict(enumerate(known or ()))
        self.total: int | None = len(known) if known is not None else None

    def begin(
        self, screen: Screen, paths: Sequence[str], max_megapixels: float, bit_depth: int | None
    ) -> threading.Thread:
        """Find the flags of these radiographs, in their order; returns at once. A process that ends does not wait."""
        self.total = len(paths)

        def find() -> None:
            for number, path in enumerate(paths):
                try:
                    opened = open_radiograph(path, screen.size, max_megapixels, bit_depth=bit_depth)
                    self._found[number] = {flag.name: flag.reason for flag in screen.flags(opened)}
                except BrokenImageError:
                    self._found[number] = {"unreadable": "The file cannot be read."}

        thread = threading.Thread(target=find, name="xraykit-flags", daemon=True)
        thread.start()
        return thread

    @property
    def done(self) -> int:
        """How many radiographs were checked so far."""
        return len(self._found)

    def of(self, number: int) -> Mapping[str, str]:
        """Name to reason of each flag of a case; empty if there is none, or not yet."""
        return self._found.get(number, {})

    def names(self) -> dict[int, list[str]]:
        """The flags of those cases that have any, by the number of the case."""
        return {number: list(flags) for number, flags in list(self._found.items()) if flags}
