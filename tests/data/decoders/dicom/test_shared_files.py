"""Every file of ../shared/dicom by name: read as pydicom's own functions do, or refused with the reason."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.decoders.dicom.files import pydicom
from xraykit.data.decoders.pictures import open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.registry import DECODERS

SHARED = Path(__file__).parents[5] / "shared" / "dicom"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the DICOM files of {SHARED}")

BITS8, BITS10, BITS12, BITS15, BITS16 = ((0, 2**bits - 1) for bits in (8, 10, 12, 15, 16))

# Range of pydicom's result after Modality LUT and VOI LUT or window, and whether black and white are exchanged.
READ = {
    "chest/1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm": (BITS8, False),
    "chest/CR-MONO1-10-chest_no_preamble": (BITS10, True),
    "chest/CR-MONO1-10-chest_part10.dcm": (BITS10, True),
    "chest/Fake_MONOHR1.dcm": (BITS8, True),
    "chest/RG1_J2KI.dcm": (BITS15, True),
    "chest/nih_nhsx_google_dx.dcm": (BITS8, False),
    "chest/nih_udacity_test2.dcm": (BITS8, False),
    "chest/nih_udacity_test4.dcm": (BITS8, False),
    "chest/nih_udacity_test5.dcm": (BITS8, False),
    "chest/nih_udacity_test6.dcm": (BITS8, False),
    "technical/GH133.dcm": (BITS12, False),
    "technical/JPEGLosslessP14SV1_1s_1f_u_16_16.dcm": (BITS16, False),
    "technical/OutOfBoundsOverlay.dcm": (BITS12, False),
    "technical/RG3_JPLL": (BITS10, True),
    "technical/RG3_RLE": (BITS10, True),
    "technical/mlut_18.dcm": (BITS16, False),
    "technical/ovly_p01_six_overlays.dcm": (BITS12, False),
    "technical/vlut_04.dcm": (BITS16, False),
}
REFUSED = {"damaged/966_truncated_j2k.dcm": "it is damaged: its pixels cannot be read"}

CHEST = {"body_part": "CHEST"}
MALE_81 = {"sex": "M", "age": 81.0}
JPEG_FILE = {"view": "PA", "sex": "M", "age": 62.0, "spacing": (0.168, 0.168), **CHEST, "modality": "CR"}
FACTS = {
    "chest/1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm": JPEG_FILE,
    "chest/CR-MONO1-10-chest_no_preamble": {"view": "PA", **CHEST, "modality": "CR"},
    "chest/CR-MONO1-10-chest_part10.dcm": {"view": "PA", **CHEST, "modality": "CR"},
    "chest/Fake_MONOHR1.dcm": JPEG_FILE,
    # Its spacing is [0, 0]; its age comes from birth and study.
    "chest/RG1_J2KI.dcm": {"view": "PA", "sex": "F", "age": 64.0, **CHEST, "modality": "CR"},
    "chest/nih_nhsx_google_dx.dcm": {**MALE_81, "modality": "DX"},
    # The position of the patient names the view in these.
    "chest/nih_udacity_test2.dcm": {"view": "AP", "sex": "M", "age": 58.0, **CHEST, "modality": "DX"},
    "chest/nih_udacity_test4.dcm": {"view": "PA", **MALE_81, "body_part": "RIBCAGE", "modality": "DX"},
    "chest/nih_udacity_test5.dcm": {"view": "PA", **MALE_81, **CHEST, "modality": "CT"},
    "chest/nih_udacity_test6.dcm": {**MALE_81, **CHEST, "modality": "DX"},
    "technical/RG3_RLE": {
        **{"view": "AP", "sex": "F", "age": 24.0, "body_part": "EXTREMITY", "modality": "CR", "laterality": "R"}
    },
}


def reference(path: Path) -> np.ndarray:
    """Pixels as pydicom's functions give them; empty lookup tables, on which they fail, are removed first."""
    data_set = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in data_set.file_meta:
        data_set.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        if keyword in data_set and data_set[keyword].value[0].get("LUTData") is None:
            del data_set[keyword]
    for keyword in ("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth"):
        if keyword in data_set and data_set[keyword].value is None:
            del data_set[keyword]
    pixels = pydicom.pixels.apply_modality_lut(data_set.pixel_array, data_set)
    pixels = pydicom.pixels.apply_voi_lut(pixels, data_set).astype(np.float64)
    return pixels


def padding(path: Path) -> np.ndarray:
    data_set = pydicom.dcmread(path, force=True)
    value = data_set.get("PixelPaddingValue")
    if value is None:
        return np.zeros((data_set.Rows, data_set.Columns), bool)
    return (data_set.pixel_array >= value) & (data_set.pixel_array <= data_set.get("PixelPaddingRangeLimit", value))


@needs_shared
def test_every_file_is_named_here():
    found = {path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*") if path.is_file()}
    assert found == {*READ, *REFUSED}


@needs_shared
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READ)
def test_pixels_are_those_of_pydicom(name):
    (low, high), inverted = READ[name]
    content = (SHARED / name).read_bytes()
    pixels = DECODERS.get("dicom").decode(content)
    expected = (reference(SHARED / name) - low) / (high - low)
    expected = np.rint(65535 * (1 - expected if inverted else expected)).astype(int)
    padded = padding(SHARED / name)
    pixels = pixels.astype(np.uint16) * 257 if pixels.dtype == np.uint8 else pixels
    assert np.abs(pixels.astype(int) - expected)[~padded].max() <= 1  # of 65,535: rounding
    assert not pixels[padded].any()


@needs_shared
@pytest.mark.parametrize("name", READ)
def test_header_and_pixels_agree(name):
    content = (SHARED / name).read_bytes()
    decoder = DECODERS.get("dicom")
    assert decoder.recognises(content[:256])
    header = decoder.header(content)
    assert decoder.decode(content).shape == (header.height, header.width)
    with (SHARED / name).open("rb") as file:
        assert decoder.facts(file) == header.facts
    assert header.facts == FACTS.get(name, header.facts)


@needs_shared
@pytest.mark.parametrize("name", REFUSED)
def test_damaged_files_are_refused_with_the_reason(name):
    with pytest.raises(BrokenImageError, match=REFUSED[name]):
        open_radiograph(SHARED / name, 32)


@needs_shared
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", READ)
def test_files_that_are_cut_short_are_refused(name, share):
    content = (SHARED / name).read_bytes()
    with pytest.raises(BrokenImageError, match=r"cut short|damaged|missing"):
        open_radiograph(content[: int(len(content) * share)], 32)
