"""Which folders are classes, and which are parts of the official split or mere wrappers."""

import re
from collections import Counter
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


def arrange(paths: Iterable[tuple[str, ...]], is_class: Callable[[str], bool]) -> dict[tuple[str, ...], Place]:
    """The place of each folder that contains pictures.

    A folder ``train``, ``val`` or ``test`` names the part, wherever it is; the class folder is below it, or the one
    above where none is. The class folder is the first whose name is certainly a class; else the one at the same depth
    as those in other places; else the first one below the folders that all have in common. Folders such as ``images``
    or ``CXR_png`` are no classes.

    Args:
        paths: Folders below the root.
        is_class: Whether a name certainly is that of a class.
    """
    divided = {path: _divided([name for name in path if not _CONTAINER.fullmatch(name)]) for path in paths}
    depth_of = {
        with_part: _depth([names for part, names in divided.values() if (part is not None) == with_part], is_class)
        for with_part in (False, True)
    }
    return {path: _place(part, names, depth_of[part is not None], is_class) for path, (part, names) in divided.items()}


def _divided(names: list[str]) -> tuple[str | None, list[str]]:
    """The part that a path names, and the folders of which one may be the class."""
    at = next((index for index, name in enumerate(names) if _part(name)), None)
    if at is None:
        return None, names
    return _part(names[at]), names[at + 1 :] or names[max(at - 1, 0) : at]


def _place(part: str | None, names: list[str], depth: int, is_class: Callable[[str], bool]) -> Place:
    at = next((index for index, name in enumerate(names) if is_class(name)), depth)
    return Place(part, names[at], tuple(names[at + 1 :])) if at < len(names) else Place(part, None, ())


def _part(name: str) -> str | None:
    return _PART_OF.get(name.strip().casefold())


def _depth(paths: list[list[str]], is_class: Callable[[str], bool]) -> int:
    """Where most paths have a certain class; else the number of folders that all begin with."""
    certain = Counter(index for names in paths for index, name in enumerate(names) if is_class(name))
    if certain:
        return min(certain, key=lambda index: (-certain[index], index))
    count = 0
    while any(len(names) > count + 1 for names in paths):
        if len({names[count] for names in paths if len(names) > count}) > 1:
            break
        count += 1
    return count
