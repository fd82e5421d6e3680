"""NIH ChestX-ray14's boxes around findings: 984 boxes on 880 radiographs, drawn by a radiologist."""

import math
from pathlib import Path

import pandas as pd

from xraykit.config import NO_FINDING, Data
from xraykit.data.formats.nih.findings import FINDINGS, parse_findings
from xraykit.data.reading.picture_files import data_root
from xraykit.data.reading.picture_names import listed_name
from xraykit.errors import DataError
from xraykit.registry import Box, Boxes, unknown_name
from xraykit.system.tables import number, read_records

BOX_FILE = "BBox_List_2017.csv"
SIDE = 1024
"""Side in pixels of the pictures that boxes refer to."""


def relative_boxes(data: Data) -> Boxes:
    """The boxes of :func:`read_boxes` as shares of width and height; none where there is no file of boxes."""
    root = data_root(data.root)
    boxes: dict[tuple[str, str], list[Box]] = {}
    if (root / BOX_FILE).is_file():
        for image, label, *box in read_boxes(root).itertuples(index=False):
            x, y, w, h = (float(number) / SIDE for number in box)
            boxes.setdefault((image, label), []).append((x, y, w, h))
    return Boxes(boxes, BOX_FILE)


def read_boxes(root: Path) -> pd.DataFrame:
    """The boxes of ``BBox_List_2017.csv`` in ``root``.

    The header is not read: its brackets contain unquoted commas, and it names four columns as one.

    Returns:
        Columns ``image`` (file name), ``label``, and ``x``, ``y`` (left and upper edge), ``w``, ``h`` in pixels of
        the 1024×1024 picture.

    Raises:
        DataError: The file is missing, or a row is damaged, names no finding or leaves the picture.
    """
    records = read_records(Path(root) / BOX_FILE, ("Image Index", "Finding Label"))
    rows = [_box(cells, f"{BOX_FILE}, line {line}") for line, cells in records[1:]]
    return pd.DataFrame(rows, columns=["image", "label", "x", "y", "w", "h"])


def _box(cells: list[str], where: str) -> tuple[str, str, float, float, float, float]:
    try:
        image, label, *edges = cells[:6]
        x, y, w, h = (math.nan if number(edge) is None else float(number(edge) or 0) for edge in edges)
    except ValueError:
        raise DataError(f"{where}: expected image, finding, x, y, w, h. Received: {','.join(cells)!r}.") from None
    listed, found = listed_name(image), parse_findings(label)
    if listed is None:
        raise DataError(f"{where}: {image!r} is no file name.")
    if found.unknown or found.present is None or len(found.present) != 1 or NO_FINDING in found.present:
        raise DataError(f"{where}: {unknown_name('finding', label, FINDINGS)}")
    if not (x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= SIDE and y + h <= SIDE):
        raise DataError(
            f"{where}: the box {', '.join(edges)} is not within {SIDE}×{SIDE} pixels. Expected: four numbers, left and "
            f"upper edge, width and height."
        )
    return listed.rpartition("/")[2], next(iter(found.present)), x, y, w, h
