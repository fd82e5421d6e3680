"""Width and height of picture files from their headers."""

import cv2
import numpy as np
import pydicom
import pytest

from tests.data.files import png
from xraykit.data.reading.picture_sizes import sizes_from_headers
from xraykit.errors import BrokenImageError
from xraykit.phantoms import draw_patient, draw_visits
from xraykit.phantoms.dicom import encode_dicom

WIDE = np.zeros((20, 50), np.uint8)


@pytest.fixture
def files(tmp_path):
    """A picture of 50 columns and 20 rows in each kind of file."""
    visit, *_ = draw_visits(draw_patient(1, 7), 1, 0.5)
    contents = {
        "a.png": png(WIDE),
        "a.jpg": cv2.imencode(".jpg", WIDE)[1].tobytes(),
        "a.dicom": encode_dicom(WIDE, visit, bits=12),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_columns_and_rows_of_each_kind(files):
    paths = [str(path) for path in sorted(files.iterdir())]
    assert sizes_from_headers([*paths, paths[0]]) == dict.fromkeys(paths, (50, 20))


def test_of_dicom_the_pixels_are_not_read(files):
    content = (files / "a.dicom").read_bytes()
    (files / "a.dicom").write_bytes(content[:-500])
    assert sizes_from_headers([str(files / "a.dicom")]) == {str(files / "a.dicom"): (50, 20)}


def test_a_header_without_an_extent_and_a_file_of_another_kind_are_refused(files):
    found = pydicom.dcmread(files / "a.dicom")
    del found.Rows
    found.save_as(files / "b.dicom")
    (files / "b.txt").write_text("x")
    for name in ("b.dicom", "b.txt", "gone.png"):
        with pytest.raises(BrokenImageError, match=f"{name} cannot be read as a radiograph"):
            sizes_from_headers([str(files / name)])
