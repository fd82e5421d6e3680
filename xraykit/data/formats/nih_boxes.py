"""NIH ChestX-ray14's boxes around findings: 984 boxes on 880 radiographs, drawn by a radiologist."""

import csv
from pathlib import Path

import pandas as pd

from xraykit.data.picture_files import is_file_name
from xraykit.errors import DataError
from xraykit.labels import FINDINGS
from xraykit.registry import unknown_name

BOX_FILE = "BBox_List_2017.csv"
SIDE = 1024
"""Side in pixels of the pictures that the boxes refer to."""

_ALIASES = {"Infiltrate": "Infiltration"}


def read_boxes(root: Path) -> pd.DataFrame:
    """The boxes of ``BBox_List_2017.csv`` in ``root``.

    The header is not read: its brackets hold unquoted commas, and it names four columns as one.

    Returns:
        Columns ``image`` (file name), ``label``, and ``x``, ``y`` (left and upper edge), ``w``, ``h`` in pixels of
        the 1024×1024 picture.

    Raises:
        DataError: The file is missing, or a row is damaged, names no finding or leaves the picture.
    """
    file = Path(root) / BOX_FILE
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            numbered = list(enumerate(csv.reader(lines), 1))[1:]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The boxes cannot be read from {file}: {error}. Expected: NIH's file.") from error
    rows = [_box(cells, f"{BOX_FILE}, line {number}") for number, cells in numbered if any(cells)]
    return pd.DataFrame(rows, columns=["image", "label", "x", "y", "w", "h"])


def _box(cells: list[str], where: str) -> tuple[str, str, float, float, float, float]:
    try:
        image, label, *edges = (cell.strip() for cell in cells[:6])
        x, y, w, h = map(float, edges)
    except ValueError:
        raise DataError(f"{where}: expected image, finding, x, y, w, h. Received: {','.join(cells)!r}.") from None
    label = _ALIASES.get(label, label)
    if not is_file_name(image):
        raise DataError(f"{where}: {image!r} is no file name.")
    if label not in FINDINGS:
        raise DataError(f"{where}: {unknown_name('finding', label, FINDINGS)}")
    if not (min(x, y) >= 0 and min(w, h) > 0 and max(x + w, y + h) <= SIDE):
        raise DataError(f"{where}: the box {x:g}, {y:g}, {w:g}, {h:g} is not within {SIDE}×{SIDE} pixels.")
    return image, label, x, y, w, h
