"""The files of NIH ChestX-ray14, written as NIH writes them, oddities included.

The label file has two headings with a comma inside, unquoted, so 11 fields; the box file has a heading of nine fields
over rows of six, coordinates in pixels of 1024 × 1024 whatever the size of the picture, and says Infiltrate for
Infiltration; the lists end without a newline.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from xraykit.config import NO_FINDING
from xraykit.phantoms.grid import FIELD_CM
from xraykit.phantoms.patients import Visit
from xraykit.phantoms.radiograph import Box

LABEL_FILE = "Data_Entry_2017_v2020.csv"
BOX_FILE = "BBox_List_2017.csv"
TRAIN_LIST = "train_val_list.txt"
TEST_LIST = "test_list.txt"
BOX_SIDE = 1024

LABEL_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
BOX_HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
BOX_NAMES = {"Infiltration": "Infiltrate"}


@dataclass(frozen=True)
class Record:
    """What the label files say of one radiograph.

    Attributes:
        visit: Whose and when.
        boxes: Finding to boxes, in pixels of the picture.
        size: Side of the picture in pixels.
    """

    visit: Visit
    boxes: dict[str, tuple[Box, ...]]
    size: int


def image_name(visit: Visit) -> str:
    """File name of a radiograph: eight digits of the patient, three of the visit."""
    return f"{visit.patient.number:08d}_{visit.number:03d}.png"


def label_file(records: Iterable[Record]) -> str:
    """The whole label file: one row for each radiograph."""
    return "\n".join([LABEL_HEADER, *map(_label_row, records)]) + "\n"


def _label_row(record: Record) -> str:
    visit, spacing = record.visit, FIELD_CM * 10 / record.size
    about = (image_name(visit), "|".join(visit.findings) or NO_FINDING, visit.number, visit.patient.number, visit.age)
    taken = (visit.patient.sex, visit.view, record.size, record.size, spacing, spacing)
    return ",".join(map(str, about + taken))


def box_file(records: Iterable[Record]) -> str:
    """The whole box file: one row for each box."""
    return "\n".join([BOX_HEADER, *(row for record in records for row in _box_rows(record))]) + "\n"


def _box_rows(record: Record) -> Iterable[str]:
    scale = BOX_SIDE / record.size
    for finding, boxes in record.boxes.items():
        for box in boxes:
            numbers = ",".join(str(scale * number) for number in box)
            yield f"{image_name(record.visit)},{BOX_NAMES.get(finding, finding)},{numbers}"


def list_file(records: Iterable[Record], patients: frozenset[int]) -> str:
    """The file names of the radiographs of these patients."""
    return "\n".join(image_name(record.visit) for record in records if record.visit.patient.number in patients)
