"""MIMIC-CXR-JPG, versions 2.0 and 2.1: JPEG pictures and labels that two labellers took from the reports.

Johnson et al., "MIMIC-CXR-JPG, a large publicly available database of labeled chest radiographs", 2019.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from xraykit.config import NO_FINDING
from xraykit.data.formats.mimic_cxr.facts import FINDINGS, HINTS, LICENCE, OFFICIAL_FILE
from xraykit.data.reading.uncertain import UncertainLabels
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["FINDINGS", "MIMIC_CXR", "MimicCxr"]


class MimicCxr(UncertainLabels):
    """How the label files of MIMIC-CXR-JPG are read."""

    labeller: Literal["chexpert", "negbio"] = Field("chexpert", description="Whose labels are used.")
    test_labels: Literal["labeller", "radiologist"] = Field(
        "labeller",
        description="Labels of the test part. `radiologist`: those that a radiologist gave to its reports; "
        "test radiographs of other studies are left out.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.mimic_cxr.reading import read_mimic_cxr

    return read_mimic_cxr(data)


def _recognise(folder: Path) -> Recognised | None:
    from xraykit.data.formats.mimic_cxr.files import recognise

    return recognise(folder)


MIMIC_CXR = register_format(
    DataFormat(
        "mimic_cxr",
        _read,
        labels=FINDINGS,
        further_labels=(NO_FINDING,),
        settings=MimicCxr,
        licence=LICENCE,
        hints=HINTS,
        official=OFFICIAL_FILE,
        # Some radiographs have a blank view, and some of these are lateral.
        views=("PA", "AP"),
        recognise=_recognise,
    )
)
