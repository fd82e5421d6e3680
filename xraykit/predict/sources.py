"""Which radiographs a command line means: files, all those in a folder, or those that a table names."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from xraykit.errors import DataError
from xraykit.spreadsheets import restore_formula

COLUMNS = ("image", "path", "Image Index")
"""The column of a table that names the pictures: the first of these that it has."""


def pictures_of(arguments: Sequence[str]) -> list[str]:
    """Paths of the pictures that the arguments name, in their order; files are not opened.

    Args:
        arguments: Each a picture; a folder, whose PNG and JPEG files are meant, those in its folders too, sorted; or
            a CSV table with a column of :data:`COLUMNS`, whose names are looked for in the table's folder, in
            ``images`` there, and wherever :func:`.find_pictures` looks.

    Raises:
        DataError: an argument is not there, or names no picture, or a table leads out of its folder.
    """
    for argument in arguments:
        if not Path(argument).exists():
            raise DataError(
                f"There is no file or folder {argument}. Expected: pictures, folders of them, or CSV tables."
            )
    return [path for argument in arguments for path in _meant_by(argument)]


def _meant_by(argument: str) -> list[str]:
    path = Path(argument)
    if path.is_dir():
        return _in_folder(path)
    return _in_table(path) if path.suffix.lower() == ".csv" else [argument]


def _in_folder(folder: Path) -> list[str]:
    from xraykit.data.picture_files import PICTURES

    found = [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(PICTURES)
    ]
    if not found:
        raise DataError(f"The folder {folder} holds no picture. Expected: files {', '.join(PICTURES)}.")
    return sorted(found)


def _in_table(table: Path) -> list[str]:
    from xraykit.bundle.inputs import inside
    from xraykit.data.picture_files import find_pictures, is_file_name

    names = _names_in(table)
    root = Path(os.path.abspath(table)).parent
    elsewhere = {name for _, name in names if is_file_name(name) and not (root / name).is_file()}
    found = find_pictures(root, None)[0] if elsewhere else {}
    known = {name: found[name] for name in elsewhere if name in found}
    paths = []
    for line, name in names:
        try:
            paths.append(known.get(name) or str(inside(root, name)))
        except DataError as error:
            raise DataError(f"{table}, line {line}: {error}") from error
    return paths


def _names_in(table: Path) -> list[tuple[int, str]]:
    """Line and name of each picture."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            header = list(rows.fieldnames or ())
            column = next((name for name in COLUMNS if name in header), None)
            names = [] if column is None else [(rows.line_num, restore_formula(row[column] or "")) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} cannot be read as a CSV table: {error}. Expected: a table in UTF-8.") from error
    if column is None:
        raise DataError(
            f"{table} has no column that names pictures. Expected one of: {', '.join(COLUMNS)}. Received: "
            f"{', '.join(header) or 'an empty file'}."
        )
    blank = [line for line, name in names if not name]
    if blank or not names:
        what = f"line {blank[0]} of it is blank there" if blank else "it has no row below its header"
        raise DataError(f"{table} must name a picture in each row of its column {column!r}: {what}.")
    return names
