"""RSNA Pneumonia Detection Challenge (Kaggle, 2018): radiographs of NIH as DICOM, with boxes around lung opacities.

Shih et al., "Augmenting the National Institutes of Health chest radiograph dataset with expert annotations of possible
pneumonia", Radiology: Artificial Intelligence 1(1), 2019.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from xraykit.config import Section
from xraykit.data.formats.rsna.facts import HINTS, LABELS, LICENCE
from xraykit.registry import Boxes, DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from pathlib import Path

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["RsnaSettings"]


class RsnaSettings(Section):
    """What `data.format: rsna` reads besides the label files."""

    mapping: str | None = Field(
        None,
        description="File below `root` that says which radiograph of the NIH each is, and so whose: JSON, or a table "
        "with subset_img_id and img_id. Left out: pneumonia-challenge-dataset-mappings_2018.json, or another file "
        "with `mapping` in its name, if there is one. Without it each radiograph counts as a patient.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.rsna.reading import read_rsna

    return read_rsna(data)


def _boxes(data: "Data") -> Boxes:
    from xraykit.data.formats.rsna.boxes import relative_boxes

    return relative_boxes(data)


def _recognise(root: "Path") -> Recognised | None:
    from xraykit.data.formats.rsna.recognising import recognise_rsna

    return recognise_rsna(root)


register_format(
    DataFormat(
        "rsna",
        _read,
        labels=LABELS,
        settings=RsnaSettings,
        boxes=_boxes,
        licence=LICENCE,
        hints=HINTS,
        recognise=_recognise,
    )
)
