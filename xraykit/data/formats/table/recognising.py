"""What of a folder the format ``table`` can read, and the values of an experiment that it finds in the files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.data.formats.table.columns import find_columns
from xraykit.data.formats.table.reading import find_labels, known_otherwise, open_table, tables_in
from xraykit.errors import DataError
from xraykit.registry import Recognised

if TYPE_CHECKING:
    from xraykit.config import Data


def found_values(data: "Data") -> Mapping[str, Any]:
    """Values of ``data`` that an experiment leaves out: its labels, and how patients are divided.

    Args:
        data: The section; its labels may be left out.

    Returns:
        Path to value, such as ``{"labels": (...), "split.method": "patient"}``.

    Raises:
        DataError: The table cannot be read, or its labels cannot be guessed.
    """
    from xraykit.data.reading.picture_files import data_root

    table = open_table(data_root(data.root), data)
    columns = find_columns(table, data.settings, known_otherwise(data))
    labels, _ = find_labels(table, data.settings, data.labels, columns)
    return {
        "labels": tuple(label.name for label in labels),
        "split.method": "official" if columns.of["split"] else "patient",
    }


def recognise(folder: Path) -> Recognised | None:
    """The table of a folder, with which columns it is read and what is missing; None without a table."""
    from xraykit.config import Data

    tables = tables_in(folder)
    if not tables:
        return None
    readable, problems = [], []
    for file in tables:
        data = Data.model_construct(format="table", root=str(folder), labels_file=file.name, labels=(), columns=())
        try:
            found = found_values(data)
        except DataError as error:
            problems.append(str(error))
            continue
        keys = {"labels_file": file.name} if len(tables) > 1 else {}
        split = {"split": {"method": found["split.method"]}}
        readable.append(Recognised(f"the table {file.name}", {**keys, "labels": list(found["labels"]), **split}))
    if len(readable) == 1:
        return readable[0]
    if readable:
        names = ", ".join(file.name for file in tables)
        return Recognised(f"several tables: {names}", missing=(f"`data.labels_file`, one of: {names}",))
    return Recognised(f"the table {tables[0].name}", missing=tuple(problems[:1]))
