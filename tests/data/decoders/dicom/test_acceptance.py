"""What is no radiograph is refused with the reason; what the header says of one is read without naming a patient."""

import io

import pytest

from tests.data.decoders.dicom.files import DIGITAL, SECONDARY, dicom, ramp
from xraykit.data.decoders.choice import decoder_of
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom.recognition import is_dicom
from xraykit.data.decoders.pictures import open_radiograph
from xraykit.data.reading.spellings import LATERAL, parse_view
from xraykit.errors import BrokenImageError
from xraykit.registry import DECODERS

DECODER = DECODERS.get("dicom")
STORAGE = "1.2.840.10008.5.1.4.1.1."


def header_of(**elements):
    return DECODER.header(dicom(ramp(side=16), BitsStored=12, **elements))


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"SOPClassUID": STORAGE + "2"}, "no radiograph: its storage class is CT Image Storage"),
        ({"SOPClassUID": STORAGE + "4"}, "storage class is MR Image Storage"),
        ({"SOPClassUID": STORAGE + "6.1"}, "storage class is Ultrasound Image Storage"),
        ({"SOPClassUID": STORAGE + "88.33"}, "storage class is Comprehensive SR Storage"),
        ({"SOPClassUID": STORAGE + "999.9"}, "storage class is unknown to pydicom"),
        ({"SOPClassUID": "1.2.840.10008.1.3.10"}, "it is a DICOMDIR"),
        ({"SOPClassUID": "1.2.3.4", "Modality": "US"}, "no radiograph: its modality is US"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "it is a localiser"),
        ({"NumberOfFrames": 2}, "it has 2 frames"),
        ({"Rows": None}, "without pixels"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR with 1 samples; read are MONOCHROME1"),
        ({"BitsAllocated": 32}, "32 bits allocated, 12 stored"),
        ({"HighBit": 3}, "12 stored and 3 as the highest bit"),
        ({"BitsAllocated": None}, "has no Bits Allocated"),
    ],
)
def test_what_is_no_radiograph_is_refused_with_the_reason(elements, reason):
    with pytest.raises(Damage, match=reason):
        header_of(**elements)


@pytest.mark.parametrize(
    "elements",
    [
        {"SOPClassUID": SECONDARY, "Modality": "CT"},
        {"SOPClassUID": DIGITAL, "Modality": "MR"},
        {"SOPClassUID": "1.2.3.4"},
        {"NumberOfFrames": 1},
        {"NumberOfFrames": ""},
        {"SOPClassUID": STORAGE + "1.2", "BodyPartExamined": "BREAST"},
    ],
)
def test_what_may_be_a_radiograph_is_read(elements):
    assert header_of(**elements).width == 16


def test_the_limit_of_pixels_comes_before_decoding():
    content = dicom(ramp(side=16), BitsStored=12, Rows=60000, Columns=60000)
    with pytest.raises(BrokenImageError, match=r"60000×60000 pixels, 3600\.0 megapixels"):
        open_radiograph(content, 16)


@pytest.mark.parametrize(
    ("elements", "facts"),
    [
        ({"ViewPosition": "PA"}, {"view": "PA"}),
        ({"ViewPosition": "AP LLD"}, {"view": "decubitus"}),
        ({"ViewPosition": "LLO"}, {"view": "oblique"}),
        ({"ViewPosition": "CHEST"}, {}),
        ({"ViewPosition": "", "PatientPosition": "AP"}, {"view": "AP"}),
        ({"PatientPosition": "HFS"}, {}),
        ({"PatientOrientation": ["P", "F"]}, {"view": "lateral"}),
        ({"PatientOrientation": ["L", "F"]}, {}),
        ({"ViewPosition": "PA", "PatientOrientation": ["A", "F"]}, {"view": "PA"}),
        ({"PatientSex": "O"}, {}),
        ({"PatientSex": "F"}, {"sex": "F"}),
        ({"PatientAge": "003W"}, {"age": 0.06}),
        ({"PatientAge": "062"}, {"age": 62.0}),
        ({"PatientAge": "000Y", "PatientBirthDate": ""}, {}),
        ({"PatientAge": "XX", "PatientBirthDate": "19000101"}, {"age": 120.0}),
        ({"PatientBirthDate": "18000101"}, {}),
        ({"PatientBirthDate": "20210101"}, {}),
        ({"PatientBirthDate": "2020010", "PatientAge": ""}, {}),
        ({"PixelSpacing": [0.2, 0.1]}, {"spacing": (0.2, 0.1)}),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.1, 0.1]}, {"spacing": (0.1, 0.1)}),
        ({"BodyPartExamined": "Müller, Hans"}, {}),
        ({"Modality": ""}, {}),
        ({"ImageLaterality": "R"}, {"laterality": "R"}),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_facts_of_the_header(elements, facts):
    content = dicom(ramp(side=16), **{"BitsStored": 12, "PatientBirthDate": "", "Modality": "DX", **elements})
    expected = {**({} if elements.get("Modality") == "" else {"modality": "DX"}), **facts}
    assert DECODER.header(content).facts == expected
    assert DECODER.facts(io.BytesIO(content)) == expected


def test_views_have_the_names_that_label_files_give_them():
    for word in ("PA", "AP", "LATERAL", "LL", "postero-anterior"):
        assert header_of(ViewPosition=word.upper()).facts["view"] == parse_view(word)
    assert LATERAL == "lateral"


@pytest.mark.parametrize(
    "start", [b"", b"\x08\x00", b"GIF89a" + bytes(250), bytes(256), b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", b"{" * 256]
)
def test_other_files_are_not_taken_for_dicom(start):
    assert not is_dicom(start)
    if start:
        with pytest.raises(Damage, match="not a PNG, JPEG or DICOM"):
            decoder_of(start)
