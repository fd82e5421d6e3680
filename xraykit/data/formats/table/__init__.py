"""Any table of radiographs: CSV, TSV or an Excel workbook, whose columns are guessed or named in ``data.table``."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from xraykit.config import Section
from xraykit.data.formats.table.facts import HINTS
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["TableColumns", "read_table_format"]

_Meaning = Literal["unknown", "absent", "present"]
_Column = str | Literal[False] | None
_Words = Annotated[tuple[str, ...], Field(strict=False)]
_Aliases = str | Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


def _left_out(value: Any) -> bool:
    """Whether an experiment is written without a key, as those of earlier versions are, which did not have it."""
    return value is None or (not value and value is not False)


class TableColumns(Section):
    """How the table of `data.format: table` is read. What is left out is guessed; `false`: the table has none."""

    sheet: str | None = Field(
        None, description="Sheet of an Excel workbook. Left out: the first one.", exclude_if=_left_out
    )
    image: str | None = Field(None, description="Column of the picture's path below `root`, or of its file name.")
    patient: _Column = Field(
        None, description="Column of the patient's id; `false`: each radiograph counts as a patient of its own."
    )
    patient_pattern: str | None = Field(
        None,
        description=r"Regular expression that finds the patient in the picture's path, such as `person(\d+)_`: its "
        "first group, or all of it. For tables without a column of patients.",
        exclude_if=_left_out,
    )
    study: _Column = Field(None, description="Column of the study, for `data.one_per: study`.", exclude_if=_left_out)
    findings: _Column = Field(
        None, description="One column that lists the findings of a radiograph; `false`: each label has a column."
    )
    separator: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Between the findings of such a list; `list`: cells such as ['Mass', 'Effusion']."
    )
    label_columns: dict[str, _Aliases] = Field(
        {},
        description="Label to its column, or to its name in a list, where these differ; several: present where one "
        "of them is.",
    )
    present: _Words = Field((), description="Further cells that mean that a finding is present.", exclude_if=_left_out)
    absent: _Words = Field((), description="Further cells that mean that a finding is absent.", exclude_if=_left_out)
    blank: Literal["unknown", "absent"] | None = Field(
        None,
        description="What a blank cell of a label means. Left out: unknown; in a column of nothing but marks such as "
        "x, absent.",
    )
    uncertain: _Meaning = Field("unknown", description="What -1, u, ? or `uncertain` in a cell of a label means.")
    sex: _Column = Field(None, description="Column of the sex.")
    sex_words: dict[str, Literal["M", "F"]] = Field(
        {}, description="Cells of the sex, such as {'1': M, '2': F}.", exclude_if=_left_out
    )
    age: _Column = Field(None, description="Column of the age: years, or with a unit as in 057Y, 011M or 58 Jahre.")
    view: _Column = Field(None, description="Column of the view, such as PA, AP or lateral.")
    view_words: dict[str, str] = Field(
        {}, description="Cells of the view, such as {'1': PA, 'seit': lateral}.", exclude_if=_left_out
    )
    split: _Column = Field(
        None, description="Column of the official split: train, validation and test; validation may be left out."
    )

    @field_validator("patient_pattern")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"expected a regular expression: {error}") from None
        return value


def read_table_format(data: "Data") -> "Catalog":
    """Read the radiographs that the table ``data.labels_file`` names and whose pictures exist.

    Label values: 1 present, 0 absent, NaN unknown, from cells such as ``1``, ``ja``, ``0``, ``no``, ``-1`` or blank;
    or from a list of findings, in which what is not listed is absent. Without ``data.labels`` all columns that are
    labels by their cells, or all findings of the list, are read. A path of a picture is looked up among the files in
    the folders below ``data.root``, so that none outside is ever opened.

    Raises:
        DataError: The file, a column or all pictures are missing; a guess is ambiguous; a label occurs nowhere; or
            cells are damaged: the message names file, line and column.
    """
    from xraykit.data.formats.table.reading import read

    return read(data)


def _found(data: "Data") -> Mapping[str, Any]:
    from xraykit.data.formats.table.recognising import found_values

    return found_values(data)


def _recognise(folder: Path) -> Recognised | None:
    from xraykit.data.formats.table.recognising import recognise

    return recognise(folder)


register_format(
    DataFormat(
        "table",
        read_table_format,
        settings=TableColumns,
        hints=HINTS,
        official="the column that `data.table.split` names",
        found_values=_found,
        recognise=_recognise,
        generality=2,
    )
)
