"""NIH's boxes around findings."""

import pytest

from tests.conftest import NIH, needs_nih
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.boxes import BOX_FILE, read_boxes
from xraykit.errors import DataError

HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,"


def write(folder, *lines):
    (folder / BOX_FILE).write_text("\n".join([HEADER, *lines]) + "\n")
    return folder


def test_a_box_is_read_whatever_its_line_ends_with(tmp_path):
    boxes = read_boxes(write(tmp_path, "1.png,Infiltrate,1.5,2,3,4", "", "2.png,Mass,0,0,1024,1024,,,"))
    assert boxes.to_numpy().tolist() == [["1.png", "Infiltration", 1.5, 2, 3, 4], ["2.png", "Mass", 0, 0, 1024, 1024]]
    assert list(boxes.columns) == ["image", "label", "x", "y", "w", "h"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1.png,Mass,1,2,3", "expected image"),
        ("1.png,Mass,1,2,3,wide", "not within.*four numbers"),
        ("1.png,Mas,1,2,3,4", "Did you mean 'Mass'"),
        ("../1.png,Mass,1,2,3,4", "no file name"),
        ("1.png,Mass,1000,2,30,4", "not within"),
        ("1.png,Mass,1,2,0,4", "not within"),
        ("1.png,Mass,-1,2,3,4", "not within"),
        ("1.png,Mass,nan,2,3,4", "not within"),
    ],
)
def test_a_damaged_row_is_reported_by_its_line(tmp_path, line, reason):
    with pytest.raises(DataError, match=rf"line 3.*{reason}"):
        read_boxes(write(tmp_path, "1.png,Mass,1,2,3,4", line))


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(DataError, match=BOX_FILE):
        read_boxes(tmp_path)


@needs_nih
def test_the_real_boxes():
    boxes = read_boxes(NIH)
    assert (len(boxes), boxes["image"].nunique()) == (984, 880)
    assert boxes["label"].value_counts()["Infiltration"] == 123
    assert set(boxes["label"]) < set(FINDINGS)
    assert boxes.loc[0].tolist() == [
        *("00013118_008.png", "Atelectasis", 225.084745762712, 547.019216763771, 86.7796610169491, 79.1864406779661)
    ]
