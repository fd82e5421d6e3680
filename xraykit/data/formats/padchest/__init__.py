"""PadChest: 160,000 radiographs of San Juan Hospital, labelled by physicians and by a network that read the reports.

Bustos et al., "PadChest: A large chest x-ray image dataset with multi-label annotated reports", Medical Image
Analysis 2020.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from xraykit.config import NO_FINDING, Section
from xraykit.data.formats.padchest.facts import HINTS, LICENCE
from xraykit.data.formats.padchest.findings import FINDINGS
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["FINDINGS", "PADCHEST", "PadChest"]

_Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class PadChest(Section):
    """How the table of PadChest is read."""

    labelled_by: Literal["all", "physician", "network"] = Field(
        "all",
        description="Radiographs that are used, by who labelled their report: `physician` (27 %), `network` or `all`. "
        "The others are left out. The column `MethodLabel` may be a subgroup (data.columns).",
    )
    findings: dict[str, _Names] = Field(
        {},
        description="Finding to labels of PadChest's tree that stand for it, such as `Scoliosis: [scoliosis]`: further "
        "findings for data.labels, or other labels for one of the table.",
    )
    not_named: Literal["unknown", "absent"] = Field(
        "unknown",
        description="What a finding that is not named means where the report says `unchanged` or `suboptimal study`: "
        "such a report does not repeat, or cannot see, all that is there.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.padchest.reading import read_padchest

    return read_padchest(data)


def _recognise(folder: Path) -> Recognised | None:
    from xraykit.data.formats.padchest.files import recognise

    return recognise(folder)


PADCHEST = register_format(
    DataFormat(
        "padchest",
        _read,
        labels=tuple(FINDINGS),
        further_labels=(NO_FINDING,),
        settings=PadChest,
        licence=LICENCE,
        hints=HINTS,
        views=("PA", "AP"),
        recognise=_recognise,
    )
)
