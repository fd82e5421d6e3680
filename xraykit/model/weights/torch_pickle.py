"""A reader of PyTorch's pickles that knows tensors and nothing else: no code of a file is ever run.

A pickle names classes and functions that the usual reader imports and calls. This one imports nothing: names that
tensors need stand for functions of this module, those of classes of neural networks for empty records, and any other
name ends the reading.
"""

import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xraykit.errors import ModelError

# The type of the numbers in each kind of storage.
KINDS = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
# Packages whose classes become records: networks, and what training scripts save beside them.
_RECORDED = {"torch", "torchvision", "torchxrayvision", "numpy", "argparse", "collections", "__main__"}


@dataclass(frozen=True)
class Storage:
    """Numbers in the file that tensors are made of.

    Attributes:
        key: Its name in the file.
        kind: A type of NumPy, or ``bfloat16``.
        numbers: How many.
    """

    key: str
    kind: str
    numbers: int


@dataclass(frozen=True)
class Tensor:
    """A tensor, not yet decoded.

    Attributes:
        storage: Where its numbers are.
        offset: Index of the first one.
        shape: Its size along each axis.
        strides: Numbers from one index of an axis to the next.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Record:
    """An object of a class that is not imported.

    Attributes:
        state: What its pickle contains; nothing is done with it.
    """

    def __new__(cls, *given: Any, **named: Any) -> "Record":
        """Whatever the pickle gives its class is ignored."""
        return object.__new__(cls)

    def __init__(self, *given: Any, **named: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Ignored, as are all items of containers."""

    def append(self, value: Any) -> None:
        """Ignored."""

    def extend(self, values: Any) -> None:
        """Ignored."""

    def add(self, value: Any) -> None:
        """Ignored."""


def load_tensors(file: io.BytesIO) -> Any:
    """The next pickle of a file, as tensors and records.

    Args:
        file: At the begin of a pickle; afterwards, at its end.

    Raises:
        ModelError: it contains something that has nothing to do with weights.
        ValueError: it is damaged.
        pickle.UnpicklingError: it is damaged.
    """
    begin = file.tell()
    _check_sizes(file)
    file.seek(begin)
    return _TensorUnpickler(file, encoding="utf-8", errors="replace").load()


def _check_sizes(file: io.BytesIO) -> None:
    """Refuse lengths beyond the end of the file, and numbers of memo entries that no pickle of its size has.

    The usual reader reserves memory for both before it reads on: a few bytes could fill the memory of the machine.
    """
    for count, (code, argument, _) in enumerate(pickletools.genops(file), start=1):
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(str(argument)) <= count:
            raise ModelError("its pickle is damaged: it has fewer entries than it numbers")


class _TensorUnpickler(pickle.Unpickler):
    """See the module."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name of the pickle.

        Raises:
            ModelError: it has nothing to do with weights.
        """
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module.split(".")[0] == "torch" and name in KINDS:
            return type(name, (Record,), {"kind": KINDS[name]})
        if module.split(".")[0] in _RECORDED and "." not in name:
            return type(name, (Record,), {})
        raise ModelError(
            f"it refers to {module}.{name}, which no weights need. It is not read, and nothing of it was run. If you "
            f"trust its author, save the weights alone there: torch.save(model.state_dict(), FILE)"
        )

    def persistent_load(self, pid: Any) -> Any:
        """A storage, or the class whose source code an old file has beside it."""
        if isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage":
            kind, key, numbers = getattr(pid[1], "kind", None), pid[2], pid[4]
            views = pid[5] if len(pid) > 5 else None
            described = isinstance(kind, str) and isinstance(key, str) and isinstance(numbers, int)
            if described and kind in KINDS.values() and views is None:
                return Storage(key, str(kind), numbers)
        if isinstance(pid, tuple) and len(pid) == 4 and pid[0] == "module":
            return pid[1]
        raise ModelError("it contains tensors of a kind that is not known")


class _Function:
    """A function that a pickle can call, but not change: into a plain one, a pickle can write attributes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *given: Any) -> Any:
        return self._function(*given)

    def __setstate__(self, state: Any) -> None:
        raise ModelError("it changes a function, which no weights need")


@_Function
def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Tensor:
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or any(type(each) is not int or each < 0 for each in numbers):
        raise ModelError("it contains a tensor that is not described as PyTorch does")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


@_Function
def _parameter(data: Any, *rest: Any) -> Any:
    return data


@_Function
def _of_type(rebuild: Callable[..., Any], kind: Any, given: Sequence[Any], state: Any) -> Any:
    if rebuild not in (_tensor, _parameter):
        raise ModelError("it contains a tensor that is not described as PyTorch does")
    return rebuild(*given)


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_type,
    ("torch", "Size"): tuple,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
}
