"""Folders whose names are labels: ``train/NORMAL/a.png`` or ``NORMAL/a.png``, as in many collections on Kaggle."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from xraykit.config import Section
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from pathlib import Path

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["FolderSettings"]

_Names = Annotated[tuple[str, ...], Field(strict=False)]

LICENCE = """\
The network was trained on pictures that were sorted into folders by their class. Read the terms that came with your
copy of them, and cite its source."""

HINTS = (
    "Expected: one folder for each class, such as NORMAL and PNEUMONIA, in `data.root` or in folders train, val and "
    "test below it. `python -m xraykit.init FOLDER` shows what a folder contains and writes an experiment for it."
)


class FolderSettings(Section):
    """How the folders of `data.format: folder` are read; names are found in any case, with blanks, `_` or `-`."""

    classes: dict[str, str | _Names] = Field(
        {},
        description="Label to its class folder, where the names differ, or to several folders that are one label, as "
        "in {Pneumonia: [bacteria, virus]}.",
    )
    negative: _Names = Field(
        (),
        description="Class folders whose pictures show none of the labels. Left out: normal, no finding, healthy, "
        "negative, control. One that is a label itself is learnt.",
    )
    leave_out: _Names = Field((), description="Folders whose pictures are not used. Folders of masks never are.")
    others: Literal["absent", "unknown"] = Field(
        "absent",
        description="What a picture in one class folder says of the labels of the others: `absent`, as classes "
        "exclude each other; or `unknown`, where a picture may show several and was sorted by one.",
    )
    label_pattern: str | None = Field(
        None,
        description="Regular expression that is searched in the file name; its group is the class, instead of the "
        r"folder. For Montgomery and Shenzhen: '_([01])\.png$' with classes: {Tuberculosis: '1'}, negative: ['0'].",
    )
    patient: str | None = Field(
        None,
        description="Regular expression that is searched in the path below the class folder; its groups are the "
        r"patient's id, as in 'person(\d+)_'. Left out: that of known file names; else each picture is a patient.",
    )
    validation_into_training: bool = Field(
        False,
        description="Count the pictures of a folder `val` as training pictures, from which a validation part is drawn "
        "by patient: for collections with very few, such as the 16 of Kaggle's pneumonia set.",
    )

    @field_validator("label_pattern", "patient")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"expected a regular expression: {error}. Received: {pattern!r}") from None
        return pattern


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.folder.reading import read_folder

    return read_folder(data)


def _found(data: "Data") -> Mapping[str, Any]:
    from xraykit.data.formats.folder.recognising import found_values

    return found_values(data)


def _recognise(root: "Path") -> Recognised | None:
    from xraykit.data.formats.folder.recognising import recognise_folder

    return recognise_folder(root)


register_format(
    DataFormat(
        "folder",
        _read,
        settings=FolderSettings,
        licence=LICENCE,
        hints=HINTS,
        official="folders train, val and test",
        recognise=_recognise,
        generality=1,
        found_values=_found,
    )
)
