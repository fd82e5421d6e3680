"""From stored values to greys: against pydicom's functions on random pictures, and the cases where these fail."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.decoders.dicom.files import data_set, dicom, lookup_table, pydicom, ramp
from tests.data.files import png
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.pictures import open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.registry import DECODERS
from xraykit.testing import check_decoder

DECODER = DECODERS.get("dicom")
FULL = {"BitsStored": 12}


def decoded(pixels, **elements):
    shown = DECODER.decode(dicom(pixels, **elements))
    return shown.astype(np.uint16) * 257 if shown.dtype == np.uint8 else shown


def scaled(values, low, high):
    return np.rint((np.asarray(values, float) - low) / (high - low) * 65535).astype(int)


def pydicom_greys(pixels, elements):
    """By pydicom's functions, scaled to 0–65,535 by the range that pydicom documents for their results."""
    made = data_set(pixels, **elements)
    slope, intercept = float(made.get("RescaleSlope", 1)), float(made.get("RescaleIntercept", 0))
    low = -(2 ** (made.BitsStored - 1)) if made.PixelRepresentation else 0
    ends = [end * slope + intercept for end in (low, low + 2**made.BitsStored - 1)]
    values = pydicom.pixels.apply_windowing(pydicom.pixels.apply_modality_lut(pixels, made), made)
    if made.PhotometricInterpretation == "MONOCHROME1":
        values = sum(ends) - values
    return scaled(values, *ends)


@st.composite
def pictures(draw):
    """A picture and the elements that say how it is shown."""
    bits, signed = draw(st.integers(8, 16)), draw(st.booleans())
    low = -(2 ** (bits - 1)) if signed else 0
    seed = draw(st.integers(0, 2**32 - 1))
    size = (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    pixels = np.random.default_rng(seed).integers(low, low + 2**bits, size).astype("i2" if signed else "u2")
    elements = {"BitsStored": bits, "PhotometricInterpretation": draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"]))}
    if draw(st.booleans()):
        elements["RescaleSlope"] = f"{draw(st.floats(0.01, 20)):.6f}"
        elements["RescaleIntercept"] = f"{draw(st.floats(-5000, 5000)):.3f}"
    if draw(st.booleans()):
        widths = draw(st.lists(st.integers(2, 2**bits), min_size=1, max_size=3))
        elements["WindowWidth"] = widths
        elements["WindowCenter"] = draw(
            st.lists(st.integers(low, low + 2**bits), min_size=len(widths), max_size=len(widths))
        )
        elements["VOILUTFunction"] = draw(st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]))
    return pixels, elements


@settings(deadline=None)
@given(pictures())
def test_windows_rescaling_and_inversion_are_those_of_pydicom(made):
    pixels, elements = made
    assert np.abs(decoded(pixels, **elements) - pydicom_greys(pixels, elements)).max() <= 1


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([10, 12, 14, 16]), st.integers(0, 300), st.integers(2, 600))
def test_lookup_tables_are_those_of_pydicom(seed, bits, first, count):
    rng = np.random.default_rng(seed)
    entries = np.append(rng.integers(0, 2**bits, count - 1), 2**bits - 1)
    pixels = rng.integers(0, 1024, (5, 7)).astype("u2")
    elements = {"BitsStored": 10, "VOILUTSequence": lookup_table(entries, first, bits), "WindowCenter": "0"}
    elements["WindowWidth"] = "1"
    made = data_set(pixels, **elements)
    expected = scaled(pydicom.pixels.apply_voi_lut(pixels, made), 0, 2**bits - 1)
    assert np.abs(decoded(pixels, **elements) - expected).max() <= 1


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(-2048, 0), st.integers(2, 5000))
def test_modality_tables_of_signed_values_are_those_of_pydicom(seed, first, count):
    rng = np.random.default_rng(seed)
    entries = np.append(rng.integers(0, 2**16, count - 1), 2**16 - 1)
    pixels = rng.integers(-2048, 2048, (5, 7)).astype("i2")
    elements = {"BitsStored": 12, "ModalityLUTSequence": lookup_table(entries, first)}
    made = data_set(pixels, **elements)
    expected = scaled(pydicom.pixels.apply_modality_lut(pixels, made), 0, 2**16 - 1)
    assert np.abs(decoded(pixels, **elements) - expected).max() <= 1


def test_without_window_the_whole_stored_range_is_shown():
    np.testing.assert_array_equal(decoded(np.array([[0, 2048, 4095]], "u2"), **FULL), [[0, 32776, 65535]])
    np.testing.assert_array_equal(decoded(np.array([[-2048, 0, 2047]], "i2"), **FULL), [[0, 32776, 65535]])
    np.testing.assert_array_equal(decoded(np.array([[0, 255]], "u1")), [[0, 65535]])


@pytest.mark.parametrize(
    "elements",
    [
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": "2048", "WindowWidth": "0"},
        {"WindowCenter": "2048"},
        {"RescaleSlope": "0", "RescaleIntercept": "5"},
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"VOILUTSequence": []},
        {"VOILUTSequence": [pydicom.Dataset()], "ModalityLUTSequence": [pydicom.Dataset()]},
    ],
)
def test_empty_elements_count_as_absent(elements):
    pixels = ramp()
    np.testing.assert_array_equal(decoded(pixels, **FULL, **elements), decoded(pixels, **FULL))


def test_a_negative_slope_exchanges_black_and_white():
    pixels, turned = ramp(), {"RescaleSlope": "-1", "RescaleIntercept": "4095"}
    plain = decoded(pixels, **FULL).astype(int)
    np.testing.assert_array_equal(decoded(pixels, **FULL, **turned), 65535 - plain)
    window = {"WindowCenter": "1000", "WindowWidth": "500"}
    shown = decoded(pixels, **FULL, **turned, **window).ravel()
    assert shown[pixels.ravel() == 4095][0] == 0
    assert shown[pixels.ravel() == 0][0] == 65535


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", None, False),
    ],
)
def test_air_is_dark_whatever_the_header_calls_it(photometric, shape, inverted):
    elements = {"PhotometricInterpretation": photometric, **({"PresentationLUTShape": shape} if shape else {})}
    brightest = decoded(ramp(), **FULL, **elements).ravel()[4095]
    assert brightest == (0 if inverted else 65535)


def test_padding_is_dark_though_it_is_white_when_inverted():
    pixels = np.array([[0, 5, 10, 11, 4095]], "u2")
    inverted = {**FULL, "PhotometricInterpretation": "MONOCHROME1"}
    assert decoded(pixels, **inverted)[0, 0] == 65535
    shown = decoded(pixels, **inverted, PixelPaddingValue=10, PixelPaddingRangeLimit=0)
    np.testing.assert_array_equal(shown[0, :3], 0)
    assert shown[0, 3] > 60000
    signed = decoded(np.array([[-2000, 0]], "i2"), **inverted, PixelPaddingValue=-2000)
    np.testing.assert_array_equal(signed, [[0, 32759]])


def test_a_table_that_uses_fewer_bits_than_it_declares_is_not_shown_black():
    table = lookup_table(np.arange(4096), bits=16)
    np.testing.assert_array_equal(decoded(ramp(), **FULL, VOILUTSequence=table), decoded(ramp(), **FULL))


def test_a_table_of_8_bits_has_more_than_256_entries():
    # pydicom 3.0 takes the places in such a table modulo 256.
    table = lookup_table(np.arange(4096) // 16, bits=8)
    expected = np.rint((ramp() // 16) * 257).astype(int)
    np.testing.assert_array_equal(decoded(ramp(), **FULL, VOILUTSequence=table), expected)


def test_a_table_that_is_too_short_is_reported():
    table = lookup_table(np.arange(100))
    table[0].LUTDescriptor = [4096, 0, 16]
    with pytest.raises(Damage, match="has 100 entries, and declares 4096"):
        decoded(ramp(), VOILUTSequence=table)


def test_overlays_in_unused_bits_are_ignored():
    pixels = ramp()
    marked = pixels | np.uint16(0x8000)
    np.testing.assert_array_equal(decoded(marked, **FULL), decoded(pixels, **FULL))
    signed = ramp("i2")
    raw = (signed.view("u2") & 0xFFF).view("i2")
    np.testing.assert_array_equal(decoded(raw, **FULL), decoded(signed, **FULL))
    np.testing.assert_array_equal(decoded(pixels << 4, **FULL, HighBit=15), decoded(pixels, **FULL))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_encodings_give_the_same_picture(syntax):
    np.testing.assert_array_equal(decoded(ramp(), **FULL, syntax=syntax), decoded(ramp(), **FULL))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_files_without_preamble_are_recognised(syntax):
    content = dicom(ramp(), **FULL, syntax=syntax, preamble=False)
    assert content[128:132] != b"DICM"
    assert DECODER.recognises(content[:256])
    np.testing.assert_array_equal(DECODER.decode(content), decoded(ramp(), **FULL))


def test_deflated_files_are_read_within_limits():
    content = dicom(ramp(), **FULL, syntax="1.2.840.10008.1.2.1.99")
    np.testing.assert_array_equal(DECODER.decode(content), decoded(ramp(), **FULL))
    with pytest.raises(Damage, match="cut short"):
        DECODER.decode(content[:-100])
    with pytest.raises(Damage, match="inflates to more than"):
        DECODER.decode(dicom(ramp(), PixelData=bytes(2**25), syntax="1.2.840.10008.1.2.1.99"))


def test_what_follows_the_pixels_is_ignored_and_missing_pixels_are_not():
    pixels = ramp(side=9)[:, :9].astype("u1")
    np.testing.assert_array_equal(decoded(pixels, PixelData=pixels.tobytes() + bytes(33)), decoded(pixels))
    with pytest.raises(Damage, match="80 of 81 bytes"):
        decoded(pixels, PixelData=pixels.tobytes()[:80])


@pytest.mark.parametrize("writer", ["RLELossless", "JPEG2000Lossless", "JPEGLSLossless"])
@pytest.mark.parametrize("kind", ["u1", "u2", "i2"])
def test_lossless_compression_gives_the_same_picture(writer, kind):
    pixels = ramp(kind, bits=8 if kind == "u1" else 12)
    elements = {} if kind == "u1" else FULL
    made = data_set(pixels, **elements)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    if writer == "JPEGLSLossless" and kind == "i2":
        pytest.skip("pydicom does not write signed JPEG-LS by every plug-in")
    made.compress(getattr(pydicom.uid, writer), generate_instance_uid=False)
    frame = next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))
    content = dicom(pixels, **elements, syntax=made.file_meta.TransferSyntaxUID, compressed=frame)
    expected = DECODER.decode(dicom(pixels, **elements))
    np.testing.assert_array_equal(DECODER.decode(content), expected)


def _jpeg_ls(pixels):
    made = data_set(pixels)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.compress(pydicom.uid.JPEGLSLossless, generate_instance_uid=False)
    return next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))


def test_the_size_of_a_jpeg_ls_stream_is_that_of_its_own_header_and_not_of_bytes_in_a_comment():
    small, large = np.zeros((8, 8), np.uint8), np.zeros((300, 300), np.uint8)
    of_small = b"\xff\xf7\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
    comment = b"\xff\xfe" + (2 + len(of_small)).to_bytes(2, "big") + of_small
    syntax = pydicom.uid.JPEGLSLossless
    stream = _jpeg_ls(large)
    with pytest.raises(Damage, match="300×300 with 1 samples, and its header declares 8×8"):
        DECODER.decode(dicom(small, syntax=syntax, compressed=stream[:2] + comment + stream[2:]))
    stream = _jpeg_ls(small)
    content = dicom(small, syntax=syntax, compressed=stream[:2] + comment + stream[2:])
    np.testing.assert_array_equal(DECODER.decode(content), small)
    for damaged in (stream[:2] + b"\xff\xfe\xff\xff" + stream[2:], stream[:2] + b"\0" + stream[2:], b"\xff\xd8"):
        with pytest.raises(Damage, match="JPEG-LS header is missing"):
            DECODER.decode(dicom(small, syntax=syntax, compressed=damaged))


def test_a_file_of_8_bits_is_read_as_a_png_file_of_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 70), np.uint8)
    for shown, elements in ((pixels, {}), (255 - pixels, {"PhotometricInterpretation": "MONOCHROME1"})):
        read = open_radiograph(dicom(pixels, **elements), 32).picture
        np.testing.assert_array_equal(read, open_radiograph(png(shown), 32).picture)


def test_colours_come_as_red_green_and_blue_and_are_read_grey():
    colours = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    content = dicom(colours)
    np.testing.assert_array_equal(DECODER.decode(content), colours)
    assert open_radiograph(content, 8).colourfulness > 0.1


def test_the_decoder_keeps_the_contract_of_decoders():
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    check_decoder("dicom", dicom(pixels), pixels)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_bytes_are_refused_or_read_and_never_fail_otherwise(data):
    content = bytearray(dicom(ramp(side=8), **FULL, WindowCenter="5", WindowWidth="9", VOILUTSequence=[]))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with suppress(BrokenImageError):
        assert open_radiograph(bytes(content), 8).picture.shape == (8, 8)
