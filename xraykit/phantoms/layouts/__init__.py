"""Writers of phantoms, one module for each layout of a collection."""

import importlib
from typing import TYPE_CHECKING

from xraykit.errors import DataError
from xraykit.registry import unknown_name

if TYPE_CHECKING:
    from xraykit.phantoms.layouts.layout import Layout

LAYOUTS = (
    "nih",
    "chexpert",
    "mimic_cxr",
    "padchest",
    "vindr",
    "rsna",
    "chestmnist",
    "folder",
    "covid",
    "hospital",
    "hospital_xlsx",
)
"""Their names, each that of its module here."""

DEFAULT_LAYOUT = "nih"


def layout_named(name: str) -> "Layout":
    """The layout of that name; its module is imported now.

    Raises:
        DataError: there is none; the message lists those that exist.
    """
    if name not in LAYOUTS:
        raise DataError(unknown_name("layout of phantoms", name, LAYOUTS))
    layout: Layout = importlib.import_module(f"{__name__}.{name}").LAYOUT
    return layout
