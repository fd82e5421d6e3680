"""Named arrays out of a file of weights, each decoded when it is asked for."""

import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from xraykit.errors import ModelError

DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    MemoryError,
    OverflowError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    pickle.UnpicklingError,
)
"""What the readers of a damaged file raise; RuntimeError with what derives from it: encrypted, or nested too deeply."""


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
        """The array.

        Raises:
            KeyError: there is none of this name.
            ModelError: its numbers are damaged.
        """
        read = self._readers[name]
        try:
            return read()
        except DAMAGED as error:
            raise ModelError(f"the numbers of {name} are damaged: {type(error).__name__}") from error

    def __contains__(self, name: object) -> bool:
        return name in self._readers

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
