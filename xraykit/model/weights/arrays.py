"""Named arrays out of a file of weights, each decoded when it is asked for."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class Arrays(Mapping[str, np.ndarray]):
    """Arrays by name.

    Args:
        readers: Name to the function that decodes its array.
        origin: What the file is, as a phrase.
    """

    def __init__(self, readers: Mapping[str, Callable[[], np.ndarray]], origin: str) -> None:
        self._readers = dict(readers)
        self.origin = origin

    def __getitem__(self, name: str) -> np.ndarray:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def decoded(content: bytes | memoryview, kind: str) -> np.ndarray:
    """Little-endian numbers as a flat array, ``bfloat16`` as float32.

    Args:
        content: A whole number of values.
        kind: A type of NumPy, or ``bfloat16``.
    """
    if kind == "bfloat16":
        return (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(content, np.dtype(kind).newbyteorder("<"))
