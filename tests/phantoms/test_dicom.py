"""Phantoms as DICOM files: what pydicom reads from them."""

import io
import sys
import warnings

import numpy as np
import pytest

from xraykit.errors import DataError
from xraykit.phantoms import Phantom, draw_patient, draw_radiograph, draw_visits, write_phantoms
from xraykit.phantoms.dicom import encode_dicom, name_of, uid

pydicom = pytest.importorskip("pydicom", reason="DICOM phantoms need pydicom: pip install 'xraykit[dicom]'")

(VISIT,) = draw_visits(draw_patient(5, 7), 1, 0.2)
PIXELS = draw_radiograph(VISIT.patient, VISIT.findings, size=33, view=VISIT.view).pixels


def read(content: bytes):
    return pydicom.dcmread(io.BytesIO(content))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_pixels_are_those_drawn_over_the_whole_range(bits, photometric):
    dataset = read(encode_dicom(PIXELS, VISIT, bits=bits, photometric=photometric))
    assert (dataset.BitsStored, dataset.HighBit) == (bits, bits - 1)
    stored = dataset.pixel_array.astype(float) * 255 / (2**bits - 1)
    shown = 255 - stored if photometric == "MONOCHROME1" else stored
    assert np.array_equal(np.round(shown), PIXELS)


def test_jpeg_baseline_is_near_what_was_drawn():
    dataset = read(encode_dicom(PIXELS, VISIT, bits=8, jpeg=True))
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.JPEGBaseline8Bit
    assert dataset.LossyImageCompression == "01"
    assert np.abs(dataset.pixel_array.astype(float) - PIXELS).mean() < 6
    with pytest.raises(DataError, match="8 bits"):
        encode_dicom(PIXELS, VISIT, bits=12, jpeg=True)


def test_the_header_is_that_of_the_patient_with_made_up_names():
    dataset = read(encode_dicom(PIXELS, VISIT))
    assert dataset.PatientAge == f"{VISIT.age:03d}Y"
    assert (dataset.PatientSex, dataset.ViewPosition) == (VISIT.patient.sex, VISIT.view)
    assert dataset.PatientName == name_of(VISIT.patient)
    assert len(dataset.PatientBirthDate) == len(dataset.StudyDate) == 8
    assert int(dataset.StudyDate[:4]) - int(dataset.PatientBirthDate[:4]) == VISIT.age
    assert float(dataset.PixelSpacing[0]) == pytest.approx(380 / 33, rel=1e-4)
    assert dataset.SOPInstanceUID.is_valid
    assert dataset.StudyInstanceUID.is_valid


def test_files_follow_the_standard():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = read(encode_dicom(PIXELS, VISIT, bits=8))
        assert [str(element) for element in dataset]
    assert len(dataset.PixelData) == 33 * 33 + 1, "an odd number of bytes is padded"


def test_elements_can_be_replaced_and_removed_also_against_the_standard():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = encode_dicom(PIXELS, VISIT, header={"PatientAge": "65", "PatientSex": None, "WindowCenter": "2048"})
    dataset = read(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dataset.PatientAge == "65"
    assert "PatientSex" not in dataset
    assert dataset.WindowCenter == 2048
    with pytest.raises(DataError, match="no element 'PatientsAge'"):
        encode_dicom(PIXELS, VISIT, header={"PatientsAge": "65"})


def test_uids_differ_and_stay_within_64_characters():
    uids = {uid(7, number, "PA") for number in range(500)}
    assert len(uids) == 500
    assert max(map(len, uids)) <= 64


def test_without_pydicom_the_extra_is_named_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match=r"pip install 'xraykit\[dicom\]'"):
        write_phantoms(tmp_path / "set", Phantom(patients=10, images=10, size=32), layout="rsna")
    assert not (tmp_path / "set").exists()
