"""Made-up radiographs, drawn on first use and then read as NIH's are."""

from pathlib import Path

from xraykit.config.sections import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.nih import read_nih
from xraykit.phantoms import write_phantoms
from xraykit.registry import register_format


@register_format("phantom")
def read_phantom(data: Data) -> Catalog:
    """Draw the phantoms of ``data.phantom`` into ``data.root`` unless they are there, and read them as NIH's.

    Raises:
        DataError: ``data.root`` holds something else, or what :func:`~xraykit.data.formats.nih.read_nih` raises.
    """
    write_phantoms(Path(data.root), data.phantom, data.images or "images")
    return read_nih(data)
