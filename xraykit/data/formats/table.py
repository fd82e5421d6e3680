"""Any table of radiographs in a text file: CSV, TSV and the like, whose columns are named in ``data.table``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from xraykit.config import Section
from xraykit.errors import DataError
from xraykit.registry import DataFormat, register_format, unknown_name

if TYPE_CHECKING:
    import numpy as np

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog
    from xraykit.system.tables import Table

_Values = Literal["unknown", "absent", "present"]
_NUMBER_OF = {"unknown": float("nan"), "absent": 0.0, "present": 1.0}
_PRESENT = {"1", "1.0", "true", "yes", "y", "positive", "present"}
_ABSENT = {"0", "0.0", "false", "no", "n", "negative", "absent"}
_UNCERTAIN = {"-1", "-1.0", "u", "uncertain", "?"}
_BLANK = {"", "nan", "na", "n/a", "null"}
_PART_OF = {
    **dict.fromkeys(("train", "training"), "train_val"),
    **dict.fromkeys(("validation", "val", "valid"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_NO_FINDING = {"no finding", "no findings", "normal"}
_SUFFIXES = (".csv", ".tsv", ".txt")


class TableColumns(Section):
    """The columns of `data.format: table`; each is found in any case."""

    image: str = Field("image", description="Path of the picture below `root` or `images`, or its file name.")
    patient: str = Field("patient", description="Id of the patient, in each row.")
    findings: str | None = Field(
        None, description="One column that lists the findings of a radiograph. Left out: each label has a column."
    )
    separator: Annotated[str, Field(min_length=1)] = Field("|", description="Between the findings of such a list.")
    label_columns: dict[str, str] = Field(
        {}, description="Label to its column, or to its name in a list, where these differ."
    )
    blank: Literal["unknown", "absent"] = Field("unknown", description="What a blank cell of a label means.")
    uncertain: _Values = Field("unknown", description="What -1, u, ? or `uncertain` in a cell of a label means.")
    sex: str | None = Field(None, description="Column of the sex.")
    age: str | None = Field(None, description="Column of the age: years, or with a unit as in 057Y or 011M.")
    view: str | None = Field(None, description="Column of the view (PA, AP); lateral radiographs are left out.")
    split: str | None = Field(
        None, description="Column of the official split: train, validation and test; validation may be left out."
    )


class _Rows(NamedTuple):
    """The cells of all rows by what they mean; ``lines`` are their lines in the file."""

    table: "Table"
    lines: Sequence[int]

    def column(self, name: str, key: str) -> list[str]:
        place = self.table.place(name)
        if place is None:
            known = [column for column in self.table.columns if column]
            raise DataError(
                f"{self.table.path}: {unknown_name('column', name, known)} Set `{key}` to one of them, as "
                f"the first line of the file has it."
            )
        return [cells[place] for cells in self.table.cells]


def read_table_format(data: "Data") -> "Catalog":
    """Read the radiographs that the table ``data.labels_file`` names and whose pictures exist.

    Label values: 1 present, 0 absent, NaN unknown, from cells such as ``1``, ``yes``, ``0``, ``no``, ``-1`` or blank;
    or from a list of findings, in which what is not listed is absent. A path of a picture is looked up among the files
    in the folders below ``data.root``, so that none outside is ever opened.

    Raises:
        DataError: The file, a column or all pictures are missing; a label occurs nowhere; or cells are damaged: the
            message names file, line and column.
    """
    from xraykit.data.reading.listing import Listing, image_names
    from xraykit.data.reading.picture_files import data_root, find_pictures
    from xraykit.data.reading.picture_names import match_pictures
    from xraykit.system.tables import read_table

    columns: TableColumns = data.settings
    root = data_root(data.root)
    file = _table_file(root, data.labels_file)
    table = read_table(file, known=[columns.image, columns.patient, *data.labels], short_rows=False)
    rows = _Rows(table, table.lines)
    images = image_names(table, columns.image, rows.column(columns.image, "data.table.image"))
    about = {
        key: None if name is None else rows.column(name, f"data.table.{key}")
        for key, name in (("sex", columns.sex), ("age", columns.age), ("view", columns.view))
    }
    listing = Listing(
        file,
        rows.lines,
        images,
        rows.column(columns.patient, "data.table.patient"),
        _targets(rows, columns, data.labels),
        sexes=about["sex"],
        ages=about["age"],
        views=about["view"],
        further={name: rows.column(name, "data.columns") for name in data.columns},
        patient_column=columns.patient,
    )
    folders = sorted({name.rpartition("/")[0] for name in images} - {""})
    found, looked_in = find_pictures(root, data.images, folders)
    matches = match_pictures(images, found)
    return listing.catalog(
        matches.paths,
        official=_official(rows, columns, images),
        respelled=matches.respelled,
        looked_in=looked_in,
        hints="The column of pictures is `data.table.image`.",
    )


def _table_file(root: Path, name: str | None) -> Path:
    from xraykit.data.reading.picture_files import below

    if name is not None:
        file = below(root, name, "data.labels_file")
        if not file.is_file():
            raise DataError(
                f"There is no file {file}. Expected: the table of the radiographs. Check `data.labels_file`."
            )
        return file
    tables = sorted(path for path in root.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    if len(tables) != 1:
        names = ", ".join(path.name for path in tables[:5]) or "none"
        raise DataError(
            f"`data.labels_file` must name the table of the radiographs. Expected, where it is left out: one file "
            f"{' or '.join(_SUFFIXES)} in {root}. Found: {names}."
        )
    return tables[0]


def _official(rows: _Rows, columns: TableColumns, images: list[str]) -> Mapping[str, frozenset[str]] | None:
    """The names of each part of the official split; None without such a column."""
    if columns.split is None:
        return None
    cells = rows.column(columns.split, "data.table.split")
    parts = [_PART_OF.get(cell.casefold()) for cell in cells]
    mistakes = [
        f"line {line}, column {columns.split}: {cell!r}"
        for line, cell, part in zip(rows.lines, cells, parts, strict=True)
        if part is None
    ]
    rows.table.complain(mistakes, "Expected: train, validation or test.")
    names: dict[str, set[str]] = {"train_val": set(), "test": set()}
    for image, part in zip(images, parts, strict=True):
        names.setdefault(str(part), set()).add(image)
    return {part: frozenset(each) for part, each in names.items()}


def _targets(rows: _Rows, columns: TableColumns, labels: tuple[str, ...]) -> dict[str, "np.ndarray"]:
    import numpy as np

    """Of each label one value for each row: 1, 0 or NaN."""
    for label in columns.label_columns:
        if label not in labels:
            raise DataError(f"`data.table.label_columns`: {unknown_name('label', label, labels)}")
    if columns.findings is not None:
        return _listed_targets(rows, columns, labels)
    mistakes: list[str] = []
    targets = {}
    for label in labels:
        name = columns.label_columns.get(label, label)
        cells = rows.column(name, f"data.table.label_columns.{label}")
        meaning = {cell: _meaning(cell, columns) for cell in set(cells)}
        mistakes += [
            f"line {line}, column {name}: {cell!r}"
            for line, cell in zip(rows.lines, cells, strict=True)
            if meaning[cell] is None
        ]
        targets[label] = np.array([_NUMBER_OF[meaning[cell] or "unknown"] for cell in cells])
    rows.table.complain(mistakes, "Expected in a cell of a label: 1 (present), 0 (absent), -1 (uncertain) or nothing.")
    return targets


def _meaning(cell: str, columns: TableColumns) -> str | None:
    """``present``, ``absent`` or ``unknown``; None for a cell that means nothing."""
    text = cell.casefold()
    known = ((_PRESENT, "present"), (_ABSENT, "absent"), (_UNCERTAIN, columns.uncertain), (_BLANK, columns.blank))
    return next((meaning for words, meaning in known if text in words), None)


def _listed_targets(rows: _Rows, columns: TableColumns, labels: tuple[str, ...]) -> dict[str, "np.ndarray"]:
    """From one column of lists: what a list does not name is absent; a blank one is unknown, or absent by choice."""
    import numpy as np

    cells = rows.column(str(columns.findings), "data.table.findings")
    listed = [
        set() if cell.casefold() in _BLANK else {_plain(word) for word in cell.split(columns.separator)} - {""}
        for cell in cells
    ]
    words: set[str] = set().union(*listed)
    blank = _NUMBER_OF[columns.blank]
    targets = {}
    for label in labels:
        name = columns.label_columns.get(label, label)
        if _plain(name) not in words:
            known = sorted(words - _NO_FINDING)[:50]
            raise DataError(
                f"{rows.table.path}, column {columns.findings}: {unknown_name('finding', name, known)} Correct "
                f"`data.labels`, or `data.table.separator`, which is {columns.separator!r}."
            )
        targets[label] = np.array([float(_plain(name) in findings) if findings else blank for findings in listed])
    return targets


def _plain(word: str) -> str:
    return " ".join(word.replace("_", " ").casefold().split())


register_format(
    DataFormat("table", read_table_format, settings=TableColumns, official="the column that `data.table.split` names")
)
