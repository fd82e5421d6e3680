"""The rows of the files of boxes of VinDr-CXR, as its readers drew them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from xraykit.config import NO_FINDING
from xraykit.data.formats.vindr.facts import FOLDERS, LABELS, OTHER_SPELLINGS, file_of, find_file
from xraykit.data.formats.vindr.votes import check_image_ids, image_of
from xraykit.registry import Box
from xraykit.system.tables import number, read_table

_EDGES = ("x_min", "y_min", "x_max", "y_max")


class Drawn(NamedTuple):
    """A box that a reader drew, in pixels of the DICOM file: ``x_min``, ``y_min``, ``x_max``, ``y_max``."""

    image: str
    label: str
    reader: str
    edges: Box
    where: str


class Annotations(NamedTuple):
    """Attributes: the boxes; and the readers of each image, of those that name any."""

    drawn: list[Drawn]
    readers: Mapping[str, frozenset[str]]


def annotation_files(root: Path) -> dict[str, Path]:
    """Part to its file of boxes, of those that exist."""
    found = {part: find_file(root, file_of("annotations", part)) for part in FOLDERS}
    return {part: file for part, file in found.items() if file is not None}


def read_annotations(root: Path) -> Annotations:
    """The rows of ``annotations_train.csv`` and ``annotations_test.csv``.

    Raises:
        DataError: A row names no finding, or its edges are not four numbers in order.
    """
    drawn: list[Drawn] = []
    readers: dict[str, set[str]] = defaultdict(set)
    for part, file in annotation_files(root).items():
        table = read_table(file, ["image_id", "class_name", *_EDGES])
        check_image_ids(table, table.column("image_id"))
        mistakes = []
        for row in table.rows:
            image, label = image_of(row.cells["image_id"], part), _LABEL_OF.get(row.cells["class_name"].casefold())
            reader, edges = row.cells.get("rad_id", ""), _edges([row.cells[name] for name in _EDGES])
            if reader:
                readers[image].add(reader)
            if label is None:
                mistakes.append(f"line {row.line}, column class_name: {row.cells['class_name']!r}")
            elif label != NO_FINDING and edges is None:
                mistakes.append(f"line {row.line}: the edges {', '.join(row.cells[name] for name in _EDGES)}")
            elif edges is not None and label != NO_FINDING:
                drawn.append(Drawn(image, label, reader, edges, f"{file.name}, line {row.line}"))
        table.complain(mistakes, "Expected: a finding of VinDr-CXR, and x_min, y_min, x_max, y_max in pixels.")
    return Annotations(drawn, {image: frozenset(each) for image, each in readers.items()})


def _edges(cells: Sequence[str]) -> Box | None:
    values = [number(cell) for cell in cells]
    if any(value is None for value in values):
        return None
    x_min, y_min, x_max, y_max = (float(value or 0) for value in values)
    return (x_min, y_min, x_max, y_max) if x_min < x_max and y_min < y_max else None


_LABEL_OF = {name.casefold(): label for label in LABELS for name in (label, *OTHER_SPELLINGS.get(label, ()))}
