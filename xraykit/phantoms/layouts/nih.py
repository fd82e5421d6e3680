"""The files of NIH ChestX-ray14, written as NIH writes them, oddities included.

The label file has two headings with a comma inside, unquoted, so 11 fields; the box file has a heading of nine fields
over rows of six, coordinates in pixels of 1024 × 1024 whatever the size of the picture, and says Infiltrate for
Infiltration; the lists end without a newline.
"""

from collections.abc import Iterable, Sequence

from xraykit.config import NO_FINDING
from xraykit.phantoms.layouts.layout import Drawn, Layout
from xraykit.phantoms.simulator.grid import FIELD_CM

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


def image_name(drawn: Drawn) -> str:
    """File name of a radiograph: eight digits of the patient, three of the visit."""
    return f"{drawn.visit_name}.png"


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The label file, the box file and the two lists of the official split."""
    train = [each for each in drawn if each.part != "test"]
    texts = {
        LABEL_FILE: "\n".join([LABEL_HEADER, *map(_label_row, drawn)]) + "\n",
        BOX_FILE: "\n".join([BOX_HEADER, *(row for each in drawn for row in _box_rows(each))]) + "\n",
        TRAIN_LIST: "\n".join(map(image_name, train)),
        TEST_LIST: "\n".join(image_name(each) for each in drawn if each.part == "test"),
    }
    return {name: text.encode() for name, text in texts.items()}


def _label_row(drawn: Drawn) -> str:
    visit, spacing = drawn.visit, FIELD_CM * 10 / drawn.size
    about = (image_name(drawn), "|".join(visit.findings) or NO_FINDING, visit.number, visit.patient.number, visit.age)
    taken = (visit.patient.sex, visit.view, drawn.size, drawn.size, spacing, spacing)
    return ",".join(map(str, about + taken))


def _box_rows(drawn: Drawn) -> Iterable[str]:
    scale = BOX_SIDE / drawn.size
    for finding, boxes in drawn.boxes.items():
        for box in boxes:
            numbers = ",".join(str(scale * number) for number in box)
            yield f"{image_name(drawn)},{BOX_NAMES.get(finding, finding)},{numbers}"


LAYOUT = Layout("nih", "NIH ChestX-ray14: PNG", image_name, tables, images="images", data={"format": "nih"})
