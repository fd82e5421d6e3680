"""The rows of the challenge's two label files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from xraykit.data.formats.rsna.facts import BOX_FILE, CLASS_FILE, FOLDER, HINTS, LABELS, OPACITY, SUFFIX
from xraykit.data.reading.picture_files import below, is_file_name
from xraykit.errors import DataError
from xraykit.registry import Box
from xraykit.system.tables import Table, number, read_table

_EDGES = ("x", "y", "width", "height")


class Opacities(NamedTuple):
    """What ``stage_2_train_labels.csv`` says of each radiograph.

    Attributes:
        lines: Radiograph to the line where it begins.
        boxes: Radiograph to the boxes around its opacities, in pixels of the DICOM file; none where it has none.
    """

    lines: dict[str, int]
    boxes: dict[str, list[Box]]


def image_of(image_id: str) -> str:
    """Path of a radiograph below the root, as the collection has it."""
    return f"{FOLDER}/{image_id}{SUFFIX}"


def opacity_file(root: Path, name: str | None = None) -> Path:
    """``data.labels_file``, or that of the challenge.

    Raises:
        DataError: It does not exist.
    """
    file = root / BOX_FILE if name is None else below(root, name, "data.labels_file")
    if not file.is_file():
        raise DataError(f"There is no label file {file}. Check `data.root` and `data.labels_file`. {HINTS}")
    return file


def read_opacities(file: Path) -> Opacities:
    """Read the boxes: a row for each, or one with blank cells and the target 0; identical rows count once.

    Raises:
        DataError: A row is wrong, or rows of a radiograph contradict each other.
    """
    table = read_table(file, ["patientId", *_EDGES, "Target"], short_rows=False)
    if not len(table):
        raise DataError(f"{file} has a header but no rows. Expected: one for each box. Download it again.")
    mistakes: list[str] = []
    lines: dict[str, int] = {}
    boxes: dict[str, list[Box]] = {}
    targets: dict[str, str] = {}
    for row in table.rows:
        image, target = row.cells["patientId"], row.cells["Target"]
        edges = [row.cells[name] for name in _EDGES]
        box = _box(edges)
        if not is_file_name(image):
            mistakes.append(f"line {row.line}, column patientId: {image!r}")
        elif target not in ("0", "1"):
            mistakes.append(f"line {row.line}, column Target: {target!r}")
        elif (target == "1") != (box is not None) or (target == "0" and any(edges)):
            mistakes.append(f"line {row.line}: the target {target} with the box {', '.join(edges)}")
        elif targets.setdefault(image, target) != target:
            mistakes.append(f"line {row.line}: the target {target}, but {targets[image]} in line {lines[image]}")
        else:
            lines.setdefault(image, row.line)
            known = boxes.setdefault(image, [])
            known += [box] if box is not None and box not in known else []
    table.complain(mistakes, "Expected: the id of a radiograph, Target 1 with x, y, width and height, or 0 without.")
    return Opacities(lines, boxes)


def read_classes(root: Path, found: Opacities, labels: Sequence[str]) -> Mapping[str, str]:
    """The class of each radiograph from ``stage_2_detailed_class_info.csv``, which repeats rows.

    Without that file, the classes are ``Lung Opacity`` and blank, which is enough for that label alone.

    Args:
        root: Absolute folder of the data.
        found: The other file's rows.
        labels: Those that are learnt.

    Raises:
        DataError: The file is needed and does not exist, a row is wrong, or the files contradict each other.
    """
    file = root / CLASS_FILE
    if not file.is_file():
        if any(label != OPACITY for label in labels):
            raise DataError(f"There is no file {file}, which the labels besides {OPACITY} need. {HINTS}")
        return {image: OPACITY if boxes else "" for image, boxes in found.boxes.items()}
    table = read_table(file, ["patientId", "class"], short_rows=False)
    classes = _classes(table)
    _check_agreement(table, classes, found)
    return classes


def _classes(table: Table) -> dict[str, str]:
    known = {label.casefold(): label for label in LABELS}
    classes: dict[str, str] = {}
    mistakes = []
    for row in table.rows:
        image, name = row.cells["patientId"], known.get(row.cells["class"].casefold())
        if name is None:
            mistakes.append(f"line {row.line}, column class: {row.cells['class']!r}")
        elif classes.setdefault(image, name) != name:
            mistakes.append(f"line {row.line}: {image} is {name!r}, but {classes[image]!r} in an earlier line")
    table.complain(mistakes, f"Expected: {', '.join(LABELS)}; one for each radiograph.")
    return classes


def _check_agreement(table: Table, classes: Mapping[str, str], found: Opacities) -> None:
    without = [image for image in found.boxes if image not in classes]
    if without:
        raise DataError(
            f"{table.path} does not name {len(without):,} of {len(found.boxes):,} radiographs of {BOX_FILE}, such as "
            f"{without[0]}. Expected: each. Download both again."
        )
    differ = [image for image, boxes in found.boxes.items() if bool(boxes) != (classes[image] == OPACITY)]
    if differ:
        raise DataError(
            f"{table.path.name} and {BOX_FILE} contradict each other about {len(differ):,} radiographs, such as "
            f"{differ[0]}: {classes[differ[0]]!r}, with {len(found.boxes[differ[0]])} boxes. Expected: boxes where the "
            f"class is {OPACITY!r}. Download both again."
        )


def _box(cells: Sequence[str]) -> Box | None:
    values = [number(cell) for cell in cells]
    if any(value is None for value in values):
        return None
    x, y, width, height = (float(value or 0) for value in values)
    return (x, y, width, height) if min(x, y) >= 0 and min(width, height) > 0 else None
