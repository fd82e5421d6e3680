"""Why no format can read a folder: what it contains, and what each format needs."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from xraykit.data import is_picture_file
from xraykit.init.recognising import Match
from xraykit.registry import FORMATS, DataFormat

_MOST_FILES = 200_000
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".ods", ".gz", ".npz", ".json")
_SHOWN = 8


def contents_of(folder: Path) -> tuple[Counter[str], list[str]]:
    """The pictures below a folder, counted by the suffix of their names, and the tables, by their path."""
    pictures: Counter[str] = Counter()
    tables: list[str] = []
    seen = 0
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            seen += 1
            if is_picture_file(path, name):
                pictures[Path(name).suffix.lower() or "no suffix"] += 1
            elif name.lower().endswith(_TABLES):
                tables.append(str((Path(path) / name).relative_to(folder)))
        if seen > _MOST_FILES:
            break
    return pictures, tables


def why_none(folder: Path, matches: Sequence[Match]) -> str:
    """The message that no format can read a folder.

    Args:
        folder: The folder.
        matches: Formats that recognise it, of which each lacks something.
    """
    pictures, tables = contents_of(folder)
    lines = [f"No data format can read {folder} as it is.", f"Found: {_found(pictures, tables)}."]
    for match in matches:
        lines.append(f"{match.format.name}: {match.recognised.found}. Missing: {'; '.join(match.recognised.missing)}")
    if pictures and not tables and not matches:
        lines.append(
            "The labels are missing: nothing says what the radiographs show. Put a table into this folder, with a row "
            f"for each radiograph. {_most_general().hints}"
        )
    known = {match.format.name for match in matches}
    lines.append("What the formats need:")
    lines += [
        f"  {name}: {hints}"
        for name in FORMATS.names()
        # Those without hints, such as simulated radiographs, are nothing that a user looks for.
        if name not in known and FORMATS.get(name).recognise is not None and (hints := FORMATS.get(name).hints)
    ]
    return "\n".join(lines)


def _most_general() -> DataFormat:
    return max((FORMATS.get(name) for name in FORMATS.names()), key=lambda known: known.generality)


def _found(pictures: "Counter[str]", tables: Sequence[str]) -> str:
    counted = [f"{count:,} pictures {suffix}" for suffix, count in pictures.most_common()]
    more = f" and {len(tables) - _SHOWN} more" if len(tables) > _SHOWN else ""
    named = f"tables {', '.join(tables[:_SHOWN])}{more}" if tables else "no table"
    return f"{', '.join(counted) or 'no pictures'}; {named}"
