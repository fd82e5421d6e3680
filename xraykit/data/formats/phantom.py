"""Simulated radiographs, drawn on first use and then read as those of NIH."""

from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.config import NO_FINDING
from xraykit.data.formats.nih import NIH
from xraykit.errors import XraykitError
from xraykit.phantoms import FINDINGS, Phantom
from xraykit.registry import DataFormat, Recognised, register_format

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


def recognise_phantom(root: Path) -> Recognised | None:
    """A set of phantoms in this format's layout, by the file in which it keeps its settings."""
    from xraykit.phantoms import DEFAULT_LAYOUT, MANIFEST
    from xraykit.system import read_json

    if not (root / MANIFEST).is_file():
        return None
    try:
        found = read_json(root / MANIFEST, "the settings of a set of phantoms")
    except XraykitError:
        return None
    if found.get("layout", DEFAULT_LAYOUT) != DEFAULT_LAYOUT or not isinstance(found.get("settings"), dict):
        return None
    images = {} if found.get("images") == "images" else {"images": found.get("images")}
    return Recognised(f"{MANIFEST}: simulated radiographs", {"phantom": found["settings"], **images})


register_format(
    DataFormat(
        "phantom",
        read_phantom,
        labels=FINDINGS,
        further_labels=(NO_FINDING,),
        settings=Phantom,
        boxes=NIH.boxes,
        licence=LICENCE,
        official=NIH.official,
        recognise=recognise_phantom,
        writes_data=True,
        # Experiments of earlier versions contain this section, and the name of a study depends on it.
        in_every_experiment=True,
    )
)
