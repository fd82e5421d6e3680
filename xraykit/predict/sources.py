"""The radiographs that a command line names: files, all those in a folder, or those in a table."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.tables import read_table

logger = logging.getLogger(__name__)

COLUMNS = ("image", "path", "Image Index")
"""The column of a table that names the pictures: the first of these that it has."""

_TABLES = (".csv", ".tsv", ".xlsx", ".xls")


def pictures_of(arguments: Sequence[str]) -> list[str]:
    """Paths of the pictures that the arguments name, in their order; files are not opened.

    Args:
        arguments: Each a picture; a folder, whose PNG, JPEG and DICOM files are meant, also those below it, sorted;
            or a table (CSV) with a column of :data:`COLUMNS`, whose names are looked for in the table's folder, in
            ``images`` there, and wherever :func:`.find_pictures` looks, also under another spelling
            (:func:`.match_pictures`). Symbolic links to folders are followed.

    Raises:
        DataError: an argument does not exist or is not a picture, or a table is outside its folder.
    """
    for argument in arguments:
        if not Path(argument).exists():
            raise DataError(
                f"The file or folder {argument} does not exist. Expected: pictures, folders of them, or CSV tables."
            )
    return [path for argument in arguments for path in _named_by(argument)]


def folders_of(arguments: Sequence[str]) -> list[Path]:
    """The folder below which the pictures of each argument are: itself, or that of the file."""
    return [path if path.is_dir() else path.parent for path in map(Path, arguments)]


def _named_by(argument: str) -> list[str]:
    path = Path(argument)
    if path.is_dir():
        return _in_folder(path)
    return _in_table(path) if path.suffix.lower() in _TABLES else [argument]


def _in_folder(folder: Path) -> list[str]:
    from xraykit.data import is_picture_file, picture_suffixes

    found = [
        os.path.join(place, name)
        for place, names in _walk(str(folder), frozenset())
        for name in names
        if is_picture_file(place, name)
    ]
    if not found:
        raise DataError(
            f"The folder {folder} contains no picture. Expected: files {', '.join(picture_suffixes())}, or DICOM files "
            f"without a suffix."
        )
    return sorted(found)


def _walk(place: str, above: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Each folder with the names of its files; one that a link in itself leads back to is not entered again."""
    real = os.path.realpath(place)
    # The folder that macOS adds to an archive contains no pictures, whatever the names.
    if os.path.basename(place) == "__MACOSX":
        return
    if real in above:
        logger.warning("Skipped: %s is a link back to %s, whose pictures are already read.", place, real)
        return
    try:
        with os.scandir(place) as entries:
            inside = sorted(((entry.name, entry.is_dir()) for entry in entries), key=lambda entry: entry[0])
    except OSError as error:
        raise DataError(
            f"The folder {place} cannot be read: {error.strerror}. Expected: folders that this user may read. Check "
            f"its permissions, or name the folders inside it that can be read."
        ) from error
    yield place, [name for name, is_folder in inside if not is_folder]
    for name, is_folder in inside:
        if is_folder:
            yield from _walk(os.path.join(place, name), above | {real})


def _in_table(table: Path) -> list[str]:
    from xraykit.bundle import inside
    from xraykit.data import pictures_elsewhere

    names = _names_in(table)
    root = Path(os.path.abspath(table)).parent
    elsewhere = pictures_elsewhere(root, [name for _, name in names])
    paths = []
    for line, name in names:
        try:
            paths.append(elsewhere.get(name) or str(inside(root, name)))
        except DataError as error:
            raise DataError(f"{table}, line {line}: {error}") from error
    return paths


def _names_in(table: Path) -> list[tuple[int, str]]:
    """Line and name of each picture."""
    content = read_table(table, known=COLUMNS, escaped=True)
    column = next((name for name in COLUMNS if name in content.columns), None)
    if column is None:
        raise DataError(
            f"{table} has no column that names pictures. Expected one of: {', '.join(COLUMNS)}. Received: "
            f"{', '.join(content.columns)[:300]}."
        )
    names = list(zip(content.lines, content.column(column), strict=True))
    blank = [line for line, name in names if not name]
    if blank or not names:
        what = f"line {blank[0]} of it is blank there" if blank else "it has no row below its header"
        raise DataError(f"{table} must name a picture in each row of its column {column!r}: {what}.")
    return names
