"""Compressions on the files that come with pydicom, and in several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.data.decoders.dicom.files import data_set, dicom, pydicom, ramp
from tests.data.decoders.dicom.test_shared_files import READ, SHARED, needs_shared
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.dicom import decoder, frames
from xraykit.registry import DECODERS

DECODER = DECODERS.get("dicom")
COLOURS = [
    "SC_rgb_rle.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_jpeg.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "GDCMJ2K_TextGBR.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
]


def of_pydicom(name):
    path = pydicom.data.get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"this pydicom has no file {name}")
    return Path(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_those_of_pydicom(name):
    path = of_pydicom(name)
    np.testing.assert_array_equal(DECODER.decode(path.read_bytes()), pydicom.dcmread(path).pixel_array)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "bits"),
    [("JPEGLSNearLossless_08.dcm", 8), ("JPEGLSNearLossless_16.dcm", 16), ("JPEG2000.dcm", 16), ("image_dfl.dcm", 8)],
)
def test_greys_are_those_of_pydicom(name, bits):
    path = of_pydicom(name)
    made = pydicom.dcmread(path)
    values = pydicom.pixels.apply_voi_lut(pydicom.pixels.apply_modality_lut(made.pixel_array, made), made)
    low = -(2 ** (bits - 1)) if made.PixelRepresentation else 0
    expected = np.rint((values.astype(float) - low) / (2**bits - 1) * 65535)
    pixels = DECODER.decode(path.read_bytes())
    pixels = pixels.astype(np.uint16) * 257 if pixels.dtype == np.uint8 else pixels
    assert np.abs(pixels - expected).max() <= 1


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG-lossy.dcm"])
def test_jpeg_of_12_bits_is_read_without_a_plug_in_under_the_gpl(name, capfd):
    content = of_pydicom(name).read_bytes()
    assert DECODER.header(content).depth == 12
    pixels = DECODER.decode(content)
    assert pixels.shape == (1024, 256)
    # The brightest value is 264 of 4,095, and no window is given, or one that shows it so.
    made = pydicom.dcmread(of_pydicom(name))
    if "WindowWidth" not in made:
        assert pixels.max() == round(264 / 4095 * 65535)
    assert len(np.unique(pixels)) > 50
    assert not capfd.readouterr().err


def test_lossless_colours_are_refused_as_damaged_ones_crash_gdcm():
    with pytest.raises(Damage, match="its colours are compressed in a way that is not read"):
        DECODER.decode(of_pydicom("SC_rgb_jpeg_gdcm.dcm").read_bytes())


def test_16_bit_values_are_looked_up_alike_by_opencv_and_numpy(monkeypatch):
    contents = [dicom(ramp(kind, side=80), BitsStored=12, WindowCenter="0", WindowWidth="900") for kind in ("u2", "i2")]
    alone = [DECODER.decode(content) for content in contents]
    monkeypatch.setattr(decoder, "_LOOKS_UP_16_BITS", False)
    monkeypatch.setattr(decoder, "_STRIP", 800)
    for one, content in zip(alone, contents, strict=True):
        np.testing.assert_array_equal(one, DECODER.decode(content))


@needs_shared
def test_threads_decode_as_one_after_another(monkeypatch):
    contents = [(SHARED / name).read_bytes() for name in READ]
    alone = [DECODER.decode(content) for content in contents]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            for one, other in zip(alone, pool.map(DECODER.decode, contents), strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_missing_plug_in_is_reported_with_what_to_install(monkeypatch):
    pixels = ramp()
    made = data_set(pixels, BitsStored=12)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.compress(pydicom.uid.JPEG2000Lossless, generate_instance_uid=False)
    frame = next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))
    content = dicom(pixels, BitsStored=12, syntax=pydicom.uid.JPEG2000Lossless, compressed=frame)
    monkeypatch.setitem(frames._PLUGINS, pydicom.uid.JPEG2000Lossless, "absent")
    with pytest.raises(Damage, match=r"plug-in for its compression is missing; .*pip install 'xraykit\[dicom\]'"):
        DECODER.decode(content)


def test_without_pydicom_a_message_says_what_to_install(monkeypatch):
    content = dicom(ramp())
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(Damage, match=r"it is a DICOM file; install what reads it with: pip install 'xraykit\[dicom\]'"):
        DECODER.header(content)


@pytest.mark.parametrize(("rows", "columns"), [(9000, 9000), (16, 16)])
def test_a_stream_of_another_size_than_the_header_is_refused_before_it_is_decoded(rows, columns, monkeypatch):
    made = data_set(ramp())
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.compress(pydicom.uid.JPEG2000Lossless, generate_instance_uid=False)
    frame = next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))
    syntax = pydicom.uid.JPEG2000Lossless
    content = dicom(ramp(), syntax=syntax, compressed=frame, Rows=rows, Columns=columns)
    monkeypatch.setattr(frames, "_by_pydicom", lambda *_: pytest.fail("decoded"))
    with pytest.raises(Damage, match=f"64×64 with 1 samples, and its header declares {columns}×{rows}"):
        DECODER.decode(content)
