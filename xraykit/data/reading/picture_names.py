"""How a name in a label file finds its picture, where the disk spells it in another way.

A name from a label file is never joined to a path: it is looked up among the names that the folders of pictures really
hold. So whatever a label file says, nothing but a picture in those folders is opened.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from xraykit.errors import DataError

_SUFFIX = re.compile(r"\.(png|jpe?g|dcm|dicom|tiff?|bmp|webp)$", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Matches:
    """Which picture belongs to each name.

    Attributes:
        paths: Of each name the path of its picture; None if there is none.
        respelled: Of each name whether its picture is spelled otherwise on disk: case, suffix, Unicode form or folder.
    """

    paths: tuple[str | None, ...]
    respelled: tuple[bool, ...]


@lru_cache(1 << 18)
def listed_name(text: str) -> str | None:
    """A file name as a label file or a list writes it, perhaps with folders, in one form.

    Returns:
        The name with ``/`` between folders and Unicode's composed letters; None if it leads out of the data (``..``, an
        absolute path, a drive) or is no name.
    """
    slashed = unicodedata.normalize("NFC", text.strip()).replace("\\", "/")
    parts = [part for part in slashed.split("/") if part not in ("", ".")]
    outside = slashed.startswith("/") or _DRIVE.match(slashed) or ".." in parts or ":" in slashed
    if outside or not parts or slashed.endswith(("/", "/.")) or "\0" in slashed:
        return None
    return "/".join(parts)


def match_pictures(names: Sequence[str], found: Mapping[str, str]) -> Matches:
    """Find the picture of each name: under the very name, else under one that differs in its spelling alone.

    Tried in this order, each only where exactly one picture fits: Unicode's composed and decomposed letters; upper and
    lower case; another suffix, as after a conversion; the name without its folders, unless these differ: folders are
    often patients, so ``p2/1.png`` is never taken for ``p1/1.png``.

    Args:
        names: Of the radiographs, each once; from :func:`listed_name`.
        found: Names of pictures, with ``/`` where they stand in a folder, to their paths.

    Raises:
        DataError: Two pictures fit one name equally well, or two names one picture.
    """
    path_of = {name: found[name] for name in names if name in found}
    # A picture that a row names exactly is not the picture of another row.
    taken = set(path_of.values())
    free = {name: path for name, path in found.items() if path not in taken}
    rest = [name for name in names if name not in path_of]
    if rest and free:
        path_of |= _respelled(rest, free)
    _check_once(path_of)
    return Matches(
        tuple(path_of.get(name) for name in names), tuple(name in path_of and name not in found for name in names)
    )


def _respelled(names: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    path_of: dict[str, str] = {}
    for key in _KEYS:
        candidates: dict[str, list[str]] = defaultdict(list)
        for other in found:
            candidates[key(other)].append(other)
        for name in names:
            fitting = [found[other] for other in candidates.get(key(name), []) if _folders_agree(name, other)]
            if name not in path_of and fitting:
                path_of[name] = _only(name, fitting)
    return path_of


def _folders_agree(name: str, other: str) -> bool:
    """Whether one path is the end of the other, apart from the file name."""
    one, two = (_any_case(each).split("/")[-2::-1] for each in (name, other))
    return all(a == b for a, b in zip(one, two))


def _only(name: str, fitting: Sequence[str]) -> str:
    if len(set(fitting)) > 1:
        raise DataError(
            f"Several pictures may be {name!r}: {', '.join(sorted(fitting)[:3])}. Expected: one. Remove the others, or "
            f"name the picture in the label file as it is on disk."
        )
    return fitting[0]


def _check_once(path_of: Mapping[str, str]) -> None:
    name_of: dict[str, str] = {}
    for name, path in path_of.items():
        if path in name_of:
            raise DataError(
                f"{path} may be the picture of {name_of[path]!r} and of {name!r}. Expected: a picture of its own for "
                f"each row. Name it in the label file as it is on disk."
            )
        name_of[path] = name


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _any_case(name: str) -> str:
    return _composed(name).casefold()


def _any_suffix(name: str) -> str:
    return _SUFFIX.sub("", _any_case(name))


def _bare(name: str) -> str:
    return _any_suffix(name).rpartition("/")[2]


_KEYS: tuple[Callable[[str], str], ...] = (_composed, _any_case, _any_suffix, _bare)
