"""NIH ChestX-ray14: the official label files of 2017 and 2020 and that of Kaggle's sample.

Wang et al., "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks", CVPR 2017.
"""

from typing import TYPE_CHECKING

from xraykit.config import NO_FINDING
from xraykit.data.formats.nih.facts import HINTS, LICENCE, OFFICIAL_FILES, WANG_2017
from xraykit.data.formats.nih.findings import FINDINGS
from xraykit.registry import Boxes, DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from pathlib import Path

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["FINDINGS", "NIH"]


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.nih.reading import read_nih

    return read_nih(data)


def _boxes(data: "Data") -> Boxes:
    from xraykit.data.formats.nih.boxes import relative_boxes

    return relative_boxes(data)


def _recognise(root: "Path") -> Recognised | None:
    from xraykit.data.formats.nih.recognising import recognise_nih

    return recognise_nih(root)


NIH = register_format(
    DataFormat(
        "nih",
        _read,
        labels=FINDINGS,
        further_labels=(NO_FINDING,),
        boxes=_boxes,
        licence=LICENCE,
        hints=HINTS,
        official=OFFICIAL_FILES,
        published=(WANG_2017,),
        recognise=_recognise,
    )
)
