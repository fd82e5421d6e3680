"""ChestMNIST: NIH's radiographs at 28 to 224 pixels in one file of arrays, without patients.

Yang et al., "MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D biomedical image classification",
Scientific Data 10, 2023.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from xraykit.config import Section
from xraykit.data.formats.chestmnist.facts import HINTS, LABELS, LICENCE, OFFICIAL, PUBLISHED
from xraykit.registry import DataFormat, Recognised, register_format

if TYPE_CHECKING:
    from pathlib import Path

    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

__all__ = ["ChestMnistSettings"]


class ChestMnistSettings(Section):
    """Which file `data.format: chestmnist` reads, and where its pictures go."""

    size: Literal[28, 64, 128, 224] | None = Field(
        None, description="Side in pixels of the pictures, of the files that are in `root`. Left out: the largest."
    )
    unpacked: str | None = Field(
        None,
        description="Folder for the pictures as PNG files, which are written on first use. Left out: chestmnist_28, "
        "chestmnist_64 and so on in `root`.",
    )


def _read(data: "Data") -> "Catalog":
    from xraykit.data.formats.chestmnist.reading import read_chestmnist

    return read_chestmnist(data)


def _recognise(root: "Path") -> Recognised | None:
    from xraykit.data.formats.chestmnist.recognising import recognise_chestmnist

    return recognise_chestmnist(root)


register_format(
    DataFormat(
        "chestmnist",
        _read,
        labels=LABELS,
        settings=ChestMnistSettings,
        licence=LICENCE,
        hints=HINTS,
        official=OFFICIAL,
        published=PUBLISHED,
        recognise=_recognise,
        writes_data=True,
    )
)
