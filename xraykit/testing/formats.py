"""The contract of a data format, checked on a small collection."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.config import Data, load_experiment
from xraykit.data import Catalog, load_boxes, open_radiograph, read_catalog
from xraykit.errors import DataError
from xraykit.registry import FORMATS
from xraykit.testing.contract import require

_MISSING = "a-folder-that-does-not-exist"


def check_format(name: str, data: Mapping[str, Any]) -> Catalog:
    """Check that a registered data format keeps the contract.

    It reads the collection twice alike; its catalog has the labels that were asked for, a patient for each radiograph,
    absolute paths of pictures that can be decoded, and 1, 0 or NaN for each label; boxes lie inside the picture; and a
    missing folder is reported with a :class:`~xraykit.errors.DataError`.

    Args:
        name: As in ``data.format``.
        data: The rest of the section ``data`` for a small collection, such as ``{"root": "tests/my_collection"}``.

    Returns:
        The catalog, for further checks of its content.

    Raises:
        RegistryError: nothing is registered under ``name``, or the code of the format failed.
        DataError: the contract is broken; the message says where.
    """
    section = load_experiment({"data": {**data, "format": name}}).data
    catalog, again = read_catalog(section), read_catalog(section)
    _require(name, len(catalog) > 0, "reads no radiograph of the collection")
    _require(name, catalog.table.equals(again.table), "reads another table when it reads the same files again")
    _require(name, catalog.labels == section.labels, f"gives the labels {catalog.labels}, not {section.labels}")
    _require(name, bool(catalog.table["patient"].str.len().gt(0).all()), "leaves a radiograph without a patient")
    _check_pictures(name, catalog)
    _check_boxes(name, section, catalog)
    _check_missing(name, section)
    return catalog


def _check_pictures(name: str, catalog: Catalog) -> None:
    paths = [Path(path) for path in catalog.table["path"]]
    _require(name, all(path.is_absolute() for path in paths), "gives relative paths")
    for path in paths[:10]:
        open_radiograph(path, 32)


def _check_boxes(name: str, section: Data, catalog: Catalog) -> None:
    record = FORMATS.get(name)
    if record.boxes is None:
        return
    boxes, images = load_boxes(section), set(catalog.table["image"])
    for (image, label), edges in boxes.of.items():
        if image in images and label in catalog.labels:
            inside = all(
                min(left, top, width, height) >= 0 and left + width <= 1.001 and top + height <= 1.001
                for left, top, width, height in edges
            )
            _require(
                name, inside, f"gives a box of {image} outside of the picture; boxes are shares (0-1) of its sides"
            )


def _check_missing(name: str, section: Data) -> None:
    try:
        read_catalog(section.model_copy(update={"root": str(Path(section.root) / _MISSING)}))
    except DataError:
        return
    _require(name, False, "does not report a missing data.root")


def _require(name: str, kept: bool, broken: str) -> None:
    require(DataError, f"The data format {name!r}", kept, broken)
