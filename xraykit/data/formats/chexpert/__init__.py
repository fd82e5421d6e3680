"""CheXpert: the small and the full-size release, and the test sets that were released later.

Irvin et al., "CheXpert: A Large Chest Radiograph Dataset with Uncertainty Labels and Expert Comparison", AAAI 2019.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from xraykit.config import NO_FINDING
from xraykit.data.formats.chexpert.facts import FINDINGS, HINTS, LICENCE, OFFICIAL_FILES
from xraykit.data.reading.uncertain import UncertainLabels
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["CHEXPERT", "FINDINGS", "CheXpert"]


class CheXpert(UncertainLabels):
    """How the label files of CheXpert are read."""

    test_set: Literal["auto", "test", "valid"] = Field(
        "auto",
        description="The test part of the official split. `test`: the 500 studies under `test/`; valid.csv is the "
        "validation part. `valid`: the 200 studies of valid.csv; the patients of the training list are divided into "
        "training and validation. `auto`: `test` where its labels and pictures exist, else `valid`.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.chexpert.reading import read_chexpert

    return read_chexpert(data)


def _recognise(folder: Path) -> Recognised | None:
    from xraykit.data.formats.chexpert.folders import recognise

    return recognise(folder)


CHEXPERT = register_format(
    DataFormat(
        "chexpert",
        _read,
        labels=FINDINGS,
        further_labels=(NO_FINDING,),
        settings=CheXpert,
        licence=LICENCE,
        hints=HINTS,
        official=OFFICIAL_FILES,
        recognise=_recognise,
    )
)
