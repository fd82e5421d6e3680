"""Simulated radiographs, drawn on first use and then read as those of NIH."""

from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.data.formats.nih import NIH
from xraykit.phantoms import FINDINGS, Phantom
from xraykit.registry import DataFormat, register_format

if TYPE_CHECKING:
    from xraykit.config import Data
    from xraykit.data.catalog import Catalog

LICENCE = """\
The network was trained on simulated radiographs that xraykit draws itself. They have no terms of use; and the network
has learnt nothing about patients."""


def read_phantom(data: "Data") -> "Catalog":
    """Draw the phantoms of ``data.phantom`` into ``data.root`` unless they exist, and read them as those of NIH.

    Raises:
        DataError: ``data.root`` contains something else, or see
            :func:`~xraykit.data.formats.nih.reading.read_nih`.
    """
    from xraykit.data.formats.nih.reading import read_nih
    from xraykit.phantoms import write_phantoms

    write_phantoms(Path(data.root), data.settings, data.images)
    return read_nih(data)


register_format(
    DataFormat(
        "phantom",
        read_phantom,
        labels=FINDINGS,
        settings=Phantom,
        boxes=NIH.boxes,
        licence=LICENCE,
        official=NIH.official,
        writes_data=True,
        # Experiments of earlier versions contain this section, and the name of a study depends on it.
        in_every_experiment=True,
    )
)
