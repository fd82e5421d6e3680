"""Which folders are classes, and which are parts of the official split or mere wrappers."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_PART_OF = {
    **dict.fromkeys(("train", "training"), "train_val"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_CONTAINER = re.compile(r"(images?|imgs?|pictures?|(cxr[_\s-]?)?(png|jpe?g|dicom|dcm)s?)([_\s-]?\d+)?", re.IGNORECASE)


class Place(NamedTuple):
    """What a folder's path says of the pictures in it.

    Attributes:
        part: ``train_val``, ``validation`` or ``test``; None where no folder names one.
        folder: The class folder; None where the pictures are in none.
        below: Folders below the class folder.
    """

    part: str | None
    folder: str | None
    below: tuple[str, ...]


def plain(name: str) -> str:
    """A name in one form: lower case, single blanks instead of ``_`` and ``-``."""
    return " ".join(re.split(r"[\s_\-]+", name.casefold())).strip()


def arrange(paths: Iterable[tuple[str, ...]], is_class: Callable[[str], bool]) -> dict[tuple[str, ...], Place]:
    """The place of each folder that contains pictures.

    A folder ``train``, ``val`` or ``test`` names the part, wherever it is; the class folder follows it, or comes before
    it where none follows. Without parts, it is the first one below the folders that all have in common. Folders such
    as ``images`` or ``CXR_png`` are no classes.

    Args:
        paths: Folders below the root.
        is_class: Whether a name certainly is that of a class.
    """
    paths = list(paths)
    inner = {path: [name for name in path if not _CONTAINER.fullmatch(name)] for path in paths}
    without_part = [names for names in inner.values() if not any(map(_part, names))]
    wrappers = _wrappers(without_part, is_class)
    return {path: _place(names, wrappers) for path, names in inner.items()}


def _place(names: list[str], wrappers: int) -> Place:
    at = next((index for index, name in enumerate(names) if _part(name)), None)
    if at is None:
        rest = names[wrappers:]
        return Place(None, rest[0] if rest else None, tuple(rest[1:]))
    part, after = _part(names[at]), names[at + 1 :]
    if after:
        return Place(part, after[0], tuple(after[1:]))
    return Place(part, names[at - 1] if at else None, ())


def _part(name: str) -> str | None:
    return _PART_OF.get(name.casefold())


def _wrappers(paths: list[list[str]], is_class: Callable[[str], bool]) -> int:
    """Number of folders that all paths begin with and that are no classes."""
    count = 0
    while any(len(names) > count + 1 for names in paths):
        first = {names[count] for names in paths if len(names) > count}
        if len(first) > 1 or is_class(next(iter(first))):
            break
        count += 1
    return count
