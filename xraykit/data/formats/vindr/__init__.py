"""VinDr-CXR: 18,000 radiographs as DICOM, labelled by three radiologists each (training) or by consensus (test).

Nguyen et al., "VinDr-CXR: An open dataset of chest X-rays with radiologist's annotations", Scientific Data 9, 2022.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from xraykit.config import Section
from xraykit.data.formats.vindr.facts import HINTS, LABELS, LICENCE, OFFICIAL
from xraykit.registry import Boxes, DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from pathlib import Path

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["VindrSettings"]


class VindrSettings(Section):
    """How the votes and boxes of several radiologists become one, in `data.format: vindr`."""

    readers: Literal["majority", "any", "share"] = Field(
        "majority",
        description="A finding is present where more than half of the readers see it (`majority`; half of them: "
        "unknown) or one does (`any`). `share`: the training learns the share of readers that see it; evaluation is by "
        "majority. `No Finding` is present by `any` only where all readers agree on it.",
    )
    boxes: Literal["agreed", "all", "none"] = Field(
        "agreed",
        description="`agreed`: boxes of different readers that overlap are one box, the mean of their edges, and count "
        "where as many readers drew it as a label needs. `all`: each box of each reader. `none`: no boxes.",
    )
    original_size: bool = Field(
        False,
        description="Pictures that were converted from DICOM have its number of pixels, to which boxes refer. Left "
        "out, the table train_meta.csv or test_meta.csv with image_id, dim0 (rows) and dim1 (columns) is needed.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.vindr.reading import read_vindr

    return read_vindr(data)


def _boxes(data: "Data") -> Boxes:
    from xraykit.data.formats.vindr.boxes import relative_boxes

    return relative_boxes(data)


def _recognise(root: "Path") -> Recognised | None:
    from xraykit.data.formats.vindr.recognising import recognise_vindr

    return recognise_vindr(root)


register_format(
    DataFormat(
        "vindr",
        _read,
        labels=LABELS,
        settings=VindrSettings,
        boxes=_boxes,
        licence=LICENCE,
        hints=HINTS,
        official=OFFICIAL,
        recognise=_recognise,
    )
)
