"""The boxes around findings of VinDr-CXR: of several readers in the training part, of their consensus in the test."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from xraykit.config import Data
from xraykit.data.formats.vindr import VindrSettings
from xraykit.data.formats.vindr.agreement import agreed_boxes
from xraykit.data.formats.vindr.annotations import Drawn, annotation_files, read_annotations
from xraykit.data.formats.vindr.facts import FOLDERS, SUFFIX, file_of
from xraykit.data.formats.vindr.votes import image_of
from xraykit.data.reading.picture_files import data_root, find_pictures
from xraykit.data.reading.picture_names import match_pictures
from xraykit.data.reading.picture_sizes import sizes_from_headers
from xraykit.errors import DataError
from xraykit.registry import Box, Boxes
from xraykit.system.tables import number, read_table

_BEYOND = 0.01
"""Share of the picture by which a hand-drawn box may lie outside of it; it is cut off there."""

Extent = tuple[int, int]
"""Columns and rows of pixels."""


def relative_boxes(data: Data) -> Boxes:
    """The boxes as shares of the pictures' widths and heights, those of existing pictures.

    Raises:
        DataError: A row is wrong, or a box lies outside of its picture.
    """
    settings: VindrSettings = data.settings
    if settings.boxes == "none":
        return Boxes()
    root = data_root(data.root)
    found = read_annotations(root)
    images = list(dict.fromkeys(each.image for each in found.drawn))
    pictures, _ = find_pictures(root, data.images, list(FOLDERS.values()))
    paths = {
        image: path
        for image, path in zip(images, match_pictures(images, pictures).paths, strict=True)
        if path is not None
    }
    extents = _extents(root, settings, paths)
    together: dict[tuple[str, str], list[tuple[str, Box]]] = defaultdict(list)
    for each in found.drawn:
        if each.image in extents:
            together[each.image, each.label].append((each.reader, _share(each, extents[each.image])))
    boxes = {
        (image, label): _chosen(drawn, len(found.readers.get(image, ())), settings)
        for (image, label), drawn in together.items()
    }
    names = " and ".join(file.name for file in annotation_files(root).values())
    return Boxes({key: each for key, each in boxes.items() if each}, names)


def check_boxes(root: Path, settings: VindrSettings, paths: Mapping[str, str | None]) -> None:
    """Check, before a training, that the boxes can be read and that the sizes they refer to are known.

    Args:
        root: Absolute folder of the data.
        settings: Those of the format.
        paths: Image to its file, None where it does not exist.

    Raises:
        DataError: They cannot, or are not.
    """
    if settings.boxes != "none":
        boxed = {each.image for each in read_annotations(root).drawn}
        known = {image: path for image, path in paths.items() if image in boxed and path is not None}
        _converted(root, settings, known)


def _extents(root: Path, settings: VindrSettings, paths: Mapping[str, str]) -> dict[str, Extent]:
    """Image to the extent that its boxes refer to."""
    listed = _converted(root, settings, paths)
    measured = sizes_from_headers(path for image, path in paths.items() if image not in listed)
    return {image: listed.get(image) or measured[path] for image, path in paths.items()}


def _converted(root: Path, settings: VindrSettings, paths: Mapping[str, str]) -> dict[str, Extent]:
    """The extents of DICOM files that were converted, from the table of them."""
    converted = [image for image, path in paths.items() if not path.lower().endswith((SUFFIX, ".dcm"))]
    if not converted or settings.original_size:
        return {}
    listed = {
        image: extent for part in FOLDERS for image, extent in _listed_extents(root / file_of("meta", part), part)
    }
    without = [image for image in converted if image not in listed]
    if without:
        raise DataError(
            f"Boxes are in pixels of the DICOM files, but {len(without):,} pictures with boxes are none, such as "
            f"{paths[without[0]]}, and {' or '.join(file_of('meta', part) for part in FOLDERS)} does not give their "
            f"sizes. Set `data.vindr.original_size=true` if they have the DICOM's number of pixels; put that table "
            f"(image_id, dim0, dim1) into {root}; or set `data.vindr.boxes=none`."
        )
    return {image: listed[image] for image in converted}


def _listed_extents(file: Path, part: str) -> list[tuple[str, Extent]]:
    if not file.is_file():
        return []
    table = read_table(file, ["image_id", "dim0", "dim1"])
    extents = []
    mistakes = []
    for row in table.rows:
        rows, columns = (number(row.cells[name]) or 0 for name in ("dim0", "dim1"))
        if min(rows, columns) < 1:
            mistakes.append(f"line {row.line}: {row.cells['dim0']}, {row.cells['dim1']}")
        extents.append((image_of(row.cells["image_id"], part), (int(columns), int(rows))))
    table.complain(mistakes, "Expected: the numbers of rows and columns of pixels.")
    return extents


def _share(drawn: Drawn, extent: Extent) -> Box:
    width, height = extent
    left, top, right, bottom = (
        edge / side for edge, side in zip(drawn.edges, (width, height, width, height), strict=True)
    )
    if min(left, top) < -_BEYOND or max(right, bottom) > 1 + _BEYOND or min(right, bottom) <= 0 or max(left, top) >= 1:
        raise DataError(
            f"{drawn.where}: the box {', '.join(f'{edge:g}' for edge in drawn.edges)} is not within the "
            f"{width}×{height} pixels of {drawn.image}. Expected: pixels of the DICOM file. Correct "
            f"`data.vindr.original_size`, or the file."
        )
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)
    return left, top, right - left, bottom - top


def _chosen(drawn: list[tuple[str, Box]], readers: int, settings: VindrSettings) -> list[Box]:
    if settings.boxes == "all" or not readers:
        return [box for _, box in drawn]
    return agreed_boxes(drawn, 1 if settings.readers == "any" else readers // 2 + 1)
