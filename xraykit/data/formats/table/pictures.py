"""From the cells of a table to picture files below ``data.root``, also where the export names another machine's."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from xraykit.data.reading.picture_files import below, find_pictures, is_picture_file
from xraykit.data.reading.picture_names import Matches, match_pictures

if TYPE_CHECKING:
    from xraykit.system.tables import Table

_ABSOLUTE = re.compile(r"(file:/*)?([A-Za-z]:[\\/]|[\\/])", re.IGNORECASE)


@dataclass(frozen=True)
class Located:
    """The pictures of a table.

    Attributes:
        images: Of each row the picture's path as the table names it, below the root.
        matches: Of each row the picture's file.
        looked_in: Folders, for the message that none exists.
        cut: The beginning of absolute paths that was left out; blank if there is none.
    """

    images: tuple[str, ...]
    matches: Matches
    looked_in: tuple[Path, ...]
    cut: str = ""


def locate(table: "Table", column: str, root: Path, images: str | None) -> Located:
    """Find the picture of each row.

    A relative path is looked up below the root and below the folders of pictures; where none is found at all and
    ``images`` is not set, in all folders below the root. An absolute path, of this or of the exporting machine, is
    found by its end: the beginning that all of them share is left out, as little as possible.

    Args:
        table: The table.
        column: Its column of pictures.
        root: Absolute folder of the data.
        images: ``data.images``.

    Raises:
        DataError: A path leads out of the data, a picture is named twice, or several pictures may be one row's.
    """
    from xraykit.data.reading.listing import image_names

    cells, cut = _relative(table.column(column), below(root, images, "data.images") if images else root)
    names = image_names(table, column, cells)
    folders = sorted({name.rpartition("/")[0] for name in names} - {""})
    found, looked_in = find_pictures(root, images, folders)
    matches = match_pictures(names, found)
    if images is None and not any(matches.paths):
        matches = match_pictures(names, {name: str(root / name) for name in pictures_below(root)})
    respelled = tuple(each or cell != was for each, cell, was in zip(matches.respelled, cells, table.column(column)))
    return Located(tuple(names), Matches(matches.paths, respelled) if cut else matches, tuple(looked_in), cut)


def pictures_below(root: Path) -> list[str]:
    """Paths of all pictures below a folder, with ``/`` between their parts, in alphabetical order.

    Symbolic links are the user's own and are followed; a folder that contains itself by one is visited once.
    """
    found = []
    visited = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in visited else sorted(name for name in folders if not name.startswith("."))
        if real not in visited:
            inside = PurePosixPath(Path(folder).relative_to(root).as_posix())
            found += [str(inside / name) for name in sorted(files) if is_picture_file(folder, name)]
        visited.add(real)
    return found


def _relative(cells: Sequence[str], root: Path) -> tuple[list[str], str]:
    """The cells with absolute paths made relative to a folder of pictures, and what was left out of them."""
    if not any(map(_ABSOLUTE.match, cells)):
        return list(cells), ""
    parts = [_parts(cell) if _ABSOLUTE.match(cell) else [] for cell in cells]
    absolute = [each for each in parts if each]
    ends = _ends(pictures_below(root)) if absolute else set()
    lengths = range(1, max(_shared(absolute), 1) + 1)
    fitting = [sum("/".join(each[length:]).casefold() in ends for each in absolute) for length in lengths]
    if not any(fitting):
        return list(cells), ""
    length = fitting.index(max(fitting)) + 1
    kept = ["/".join(each[length:]) if each else cell for each, cell in zip(parts, cells, strict=True)]
    return kept, "/".join(absolute[0][:length])


def _shared(paths: Sequence[Sequence[str]]) -> int:
    """How many parts at the beginning are the same in all paths, without their file names."""
    columns = zip(*(path[:-1] for path in paths), strict=False)
    return sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, columns))


def _parts(cell: str) -> list[str]:
    """The parts of an absolute path; the first is its drive, or blank. One that leads upwards has none."""
    path = re.sub(r"^file:/*(?=[A-Za-z]:|/)", "", cell, flags=re.IGNORECASE).replace("\\", "/")
    first, *rest = path.split("/")
    inner = [part for part in rest if part not in ("", ".")]
    return [] if ".." in inner or not inner else [first, *inner]


def _ends(paths: Sequence[str]) -> set[str]:
    """All ends of paths: of ``a/b/c.png`` also ``b/c.png`` and ``c.png``, in lower case."""
    ends = set()
    for path in paths:
        parts = path.casefold().split("/")
        ends |= {"/".join(parts[start:]) for start in range(len(parts))}
    return ends
