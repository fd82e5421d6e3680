"""A picture for a reader who chooses the window."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from xraykit.data import examination_of, original_picture, viewable_picture
from xraykit.errors import BrokenImageError
from xraykit.registry import Examination

SHARED = Path(__file__).resolve().parents[4] / "shared" / "dicom"
DICOM = [*sorted(SHARED.glob("chest/*")), *sorted(SHARED.glob("technical/*"))]


@pytest.mark.parametrize(
    "pixels",
    [
        np.random.default_rng(0).integers(0, 256, (40, 30)).astype(np.uint8),
        np.random.default_rng(1).integers(0, 4096, (40, 30)).astype(np.uint16),
        np.random.default_rng(2).integers(0, 2**16, (40, 30)).astype(np.uint16),
        np.random.default_rng(3).integers(0, 200, (40, 30)).astype(np.uint16),
        np.random.default_rng(4).integers(0, 256, (40, 30, 3)).astype(np.uint8),
    ],
    ids=["8 bits", "12 of 16 bits", "16 bits", "8 of 16 bits", "colour"],
)
def test_the_greys_are_those_of_the_network(tmp_path, pixels):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels)
    seen = viewable_picture(path)
    np.testing.assert_array_equal(seen.greys[seen.positions], original_picture(path))
    assert len(seen.values) == len(seen.greys) > seen.positions.max()
    if pixels.ndim == 2:
        np.testing.assert_array_equal(seen.values[seen.positions], pixels)


def test_a_depth_that_is_known_of_the_data_set_decides(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.array([[0, 1000, 5000]], np.uint16))
    seen = viewable_picture(path, bit_depth=12)
    assert len(seen.values) == 4096
    np.testing.assert_array_equal(seen.greys[seen.positions], original_picture(path, bit_depth=12))


def test_what_is_no_picture_or_too_large_is_refused(tmp_path):
    with pytest.raises(BrokenImageError, match="no such file"):
        viewable_picture(tmp_path / "nowhere.png")
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((100, 100), np.uint8))
    with pytest.raises(BrokenImageError, match=r"at most 0\.001 are read"):
        viewable_picture(tmp_path / "a.png", 0.001)


STORED = np.arange(-100, 156).reshape(16, 16).astype(np.int16)


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"WindowCenter": 20, "WindowWidth": 50},
        {"WindowCenter": [20, 60], "WindowWidth": [50, 10], "RescaleSlope": 2, "RescaleIntercept": -10},
        {"WindowCenter": 20, "WindowWidth": 50, "PhotometricInterpretation": "MONOCHROME1"},
        {"PixelPaddingValue": -100, "WindowCenter": 20, "WindowWidth": 50},
    ],
    ids=["plain", "window", "two windows, rescaled", "inverted", "padding"],
)
@pytest.mark.parametrize("values", [STORED, (STORED + 100).astype(np.uint16), (STORED + 100).astype(np.uint8)])
def test_a_dicom_file_has_its_values_and_windows(tmp_path, values, elements):
    pytest.importorskip("pydicom")
    from tests.data.decoders.dicom.files import dicom

    path = tmp_path / "a.dcm"
    padding = {"PixelPaddingValue": int(values.min())} if "PixelPaddingValue" in elements else {}
    path.write_bytes(dicom(values, **(elements | padding)))
    seen = viewable_picture(path)
    np.testing.assert_array_equal(seen.greys[seen.positions], original_picture(path))
    meant = values * float(elements.get("RescaleSlope", 1)) + elements.get("RescaleIntercept", 0)
    if padding:
        meant[0, 0] = np.nan
    np.testing.assert_array_equal(seen.values[seen.positions], meant)
    assert seen.inverted == (elements.get("PhotometricInterpretation") == "MONOCHROME1")
    centers, widths = (np.atleast_1d(elements.get(f"Window{kind}", [])) for kind in ("Center", "Width"))
    assert seen.windows == tuple(zip(centers, widths, strict=True))


def test_a_lookup_table_decides_about_the_greys_and_is_no_window(tmp_path):
    pytest.importorskip("pydicom")
    from tests.data.decoders.dicom.files import dicom, lookup_table

    path = tmp_path / "a.dcm"
    table = lookup_table(np.arange(256) ** 2, bits=16)
    path.write_bytes(
        dicom(np.arange(256, dtype=np.uint16).reshape(16, 16), VOILUTSequence=table, WindowCenter=1, WindowWidth=2)
    )
    seen = viewable_picture(path)
    assert seen.windows == ()
    np.testing.assert_array_equal(seen.greys[seen.positions], original_picture(path))


def test_whose_dicom_file_it_is_and_when_it_was_taken(tmp_path):
    pytest.importorskip("pydicom")
    from tests.data.decoders.dicom.files import PATIENT_ID, dicom

    path, pixels = tmp_path / "a.dcm", np.zeros((8, 8), np.uint16)
    path.write_bytes(dicom(pixels, StudyTime="0915"))
    assert examination_of(str(path)) == Examination(PATIENT_ID, "20200101091500")
    path.write_bytes(dicom(pixels, AcquisitionDate="20200102", AcquisitionTime="101112.5"))
    assert examination_of(str(path)) == Examination(PATIENT_ID, "20200102101112")
    path.write_bytes(dicom(pixels, StudyDate=None))
    assert examination_of(str(path)) == Examination(PATIENT_ID)
    path.write_bytes(dicom(pixels, PatientID=""))
    assert examination_of(str(path)) is None


@pytest.mark.skipif(not DICOM, reason=f"there are no DICOM files in {SHARED}")
@pytest.mark.parametrize("path", DICOM, ids=lambda path: path.name)
def test_the_greys_of_real_dicom_files_are_those_of_the_network(path):
    try:
        expected = original_picture(path)
    except BrokenImageError:
        with pytest.raises(BrokenImageError):
            viewable_picture(path)
        return
    seen = viewable_picture(path)
    np.testing.assert_array_equal(seen.greys[seen.positions], expected)


@pytest.mark.skipif(not DICOM, reason=f"there are no DICOM files in {SHARED}")
def test_the_patient_of_a_real_dicom_file_is_known_to_find_priors():
    found = [examination for path in DICOM if (examination := examination_of(str(path)))]
    assert found
    assert all(len(each.taken) in (0, 14) for each in found)


def test_files_that_name_no_patient_have_no_examination(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8), np.uint8))
    assert examination_of(str(tmp_path / "a.png")) is None
    assert examination_of(str(tmp_path / "nowhere.dcm")) is None
