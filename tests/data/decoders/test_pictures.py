"""One file to one grey picture."""

import os
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih
from tests.data import files
from tests.data.files import chunk, grey, png, textured
from xraykit.data.decoders import pictures as images
from xraykit.data.decoders.pictures import open_radiograph, read_radiograph
from xraykit.errors import BrokenImageError

GRADIENT = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))


def read(folder: Path, content: bytes, size: int = 32, **options: float) -> np.ndarray:
    file = folder / "radiograph.png"
    file.write_bytes(content)
    return read_radiograph(file, size, **options)


def jpeg(pixels: np.ndarray = GRADIENT, *options: int) -> bytes:
    return files.jpeg(pixels, *options)


def oriented(content: bytes, orientation: int) -> bytes:
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0" + struct.pack("<HH", orientation, 0) + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_colour_and_transparency_give_the_same_picture(tmp_path, channels, dtype):
    full = np.iinfo(dtype).max
    samples = np.repeat((GRADIENT.astype(np.uint32) * full // 255).astype(dtype)[..., None], channels, axis=2)
    if channels in (2, 4):
        samples[:, :16, -1] = full // 3
    picture = read(tmp_path, png(samples, extra=chunk(b"sBIT", b"\x10" * channels) if dtype == np.uint16 else b""))
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, GRADIENT)


def test_colour_becomes_luma(tmp_path):
    colours = np.zeros((32, 32, 3), np.uint8)
    colours[...] = (200, 100, 50)
    assert abs(int(read(tmp_path, png(colours))[0, 0]) - (0.299 * 200 + 0.587 * 100 + 0.114 * 50)) <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_samples_in_a_16_bit_container_are_scaled_by_the_bits_that_are_used(tmp_path, bits):
    samples = np.linspace(0, 2**bits - 1, 32).round().astype(np.uint16)
    picture = read(tmp_path, png(np.tile(samples, (32, 1))))
    np.testing.assert_allclose(picture[0], samples / (2**bits - 1) * 255, atol=0.5)


def test_declared_bits_win_over_the_brightest_sample(tmp_path):
    dark = np.full((32, 32), 1023, np.uint16)
    assert read(tmp_path, png(dark))[0, 0] == 255
    assert read(tmp_path, png(dark, extra=chunk(b"sBIT", b"\x0c")))[0, 0] == round(1023 / 4095 * 255)


def test_samples_beyond_the_declared_bits_fill_the_container(tmp_path):
    samples = np.full((32, 32), 0x8008, np.uint16)
    assert read(tmp_path, png(samples, extra=chunk(b"sBIT", b"\x0c")))[0, 0] == 128


def test_a_palette_and_single_bits_are_read(tmp_path):
    palette = chunk(b"PLTE", bytes([0, 0, 0, 90, 90, 90, 255, 255, 255]))
    indices = np.tile(np.array([0, 1, 2, 1], np.uint8), (4, 1))
    np.testing.assert_array_equal(
        read(tmp_path, png(indices, extra=palette, colour_type=3), 4)[0], np.array([0, 90, 255, 90])
    )
    bits = np.full((8, 1), 0b10101010, np.uint8)
    np.testing.assert_array_equal(read(tmp_path, png(bits, depth=1), 8)[0], [255, 0] * 4)


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 2)])
@pytest.mark.parametrize("colour", [False, True])
def test_jpeg_is_read(tmp_path, options, colour):
    pixels = np.repeat(GRADIENT[..., None], 3, axis=2) if colour else GRADIENT
    np.testing.assert_allclose(read(tmp_path, jpeg(pixels, *options)), GRADIENT, atol=4)


def test_the_orientation_of_a_jpeg_is_obeyed(tmp_path):
    upright = read(tmp_path, jpeg())
    turned = read(tmp_path, oriented(jpeg(), 6))
    np.testing.assert_array_equal(turned, np.rot90(upright, -1))


def test_shrinking_averages_areas(tmp_path):
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 200
    np.testing.assert_array_equal(read(tmp_path, png(checks.astype(np.uint8)), 32), np.full((32, 32), 100))


def test_enlarging_interpolates(tmp_path):
    picture = read(tmp_path, png(np.array([[0, 200], [0, 200]], np.uint8)), 8)
    assert (np.diff(picture[0].astype(int)) >= 0).all()
    assert set(picture[0]) - {0, 200}


@pytest.mark.parametrize("shape", [(64, 16), (16, 64), (96, 48), (20, 10)])
def test_each_axis_of_a_picture_that_is_not_square_fills_the_side(tmp_path, shape):
    height, width = shape
    halves = np.zeros(shape, np.uint8)
    halves[height // 2 :, :] = 100
    halves[:, width // 2 :] += 100
    picture = read(tmp_path, png(halves), 32)
    assert picture.shape == (32, 32)
    assert [picture[2, 2], picture[2, -3], picture[-3, 2], picture[-3, -3]] == [0, 100, 100, 200]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>Not found</html>", "not a PNG, JPEG or DICOM"),
        (b"\0" * 128 + b"DICM" + b"\0" * 64, "DICOM"),
        (png(grey())[:-12], "cut short"),
        (png(grey())[:60], "cut short"),
        (png(grey()).replace(b"IDAT", b"IDAU"), "checksum"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "missing"),
        (png(grey(), depth=7), "OpenCV"),
        (jpeg()[:-2], "cut short"),
        (jpeg()[:-40] + bytes(40), "zero"),
        (jpeg()[:4] + b"\0\0" + bytes(20), "damaged"),
    ],
)
def test_a_broken_file_is_reported_by_name_and_reason(tmp_path, content, reason):
    with pytest.raises(BrokenImageError, match=rf"radiograph\.png.*{reason}"):
        read(tmp_path, content)


JPEGS = {
    "baseline": jpeg(textured()),
    "progressive": jpeg(textured(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "restarts": jpeg(textured(), cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
    "colour": jpeg(np.stack([textured(seed=seed) for seed in range(3)], axis=2)),
}


def hole(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + content[middle + len(content) // 10 :]


def zeroed(content: bytes) -> bytes:
    middle, length = len(content) // 2, len(content) // 10
    return content[:middle] + bytes(length) + content[middle + length :]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def half_with_an_end(content: bytes) -> bytes:
    return half(content) + b"\xff\xd9"


@pytest.mark.parametrize("damage", [hole, zeroed, half, half_with_an_end])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_lacks_a_piece_is_refused_and_nothing_is_left_on_the_terminal(tmp_path, capfd, kind, damage):
    assert read(tmp_path, JPEGS[kind]).std() > 10
    with pytest.raises(BrokenImageError, match=r"radiograph\.png cannot be read.*(damaged|cut short|missing)"):
        read(tmp_path, damage(JPEGS[kind]))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", JPEGS)
def test_a_whole_jpeg_with_further_segments_filling_bytes_and_bytes_after_its_end_is_read(tmp_path, kind):
    content, as_is = JPEGS[kind], read(tmp_path, JPEGS[kind])
    thumbnail = jpeg(grey())
    segment = b"\xff\xe5" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    comment = b"\xff\xff\xff\xfe\x00\x06\xff\xd9\xff\xd8"
    changed = content[:2] + segment + comment + content[2:] + b"\r\n\xff\xd8 and so on"
    np.testing.assert_array_equal(read(tmp_path, changed), as_is)


def test_a_progressive_jpeg_without_its_last_scan_is_refused_though_the_decoder_warns_of_nothing(tmp_path):
    content = JPEGS["progressive"]
    last = content.rindex(b"\xff\xda")
    with pytest.raises(BrokenImageError, match="last scans of a progressive JPEG file are missing"):
        read(tmp_path, content[:last] + b"\xff\xd9")


@pytest.mark.parametrize("kind", ["baseline", "restarts", "colour"])
def test_a_few_zero_bytes_among_the_coded_pixels_of_a_jpeg_are_found(tmp_path, kind):
    content = JPEGS[kind]
    first = content.index(b"\xff\xda") + 20
    for start in range(first, len(content) - 20, 97):
        with pytest.raises(BrokenImageError, match="damaged"):
            read(tmp_path, content[:start] + bytes(12) + content[start + 12 :])


@pytest.mark.parametrize("channels", [1, 3])
def test_zeros_that_code_an_empty_picture_are_no_damage(tmp_path, channels):
    """With a code made for them, empty blocks are a bit or two each: hundreds of zero bytes."""
    half_empty = textured(512)
    half_empty[:, :400] = 0
    for pixels in (grey(0, 512), grey(255, 512), half_empty):
        coloured = pixels if channels == 1 else np.repeat(pixels[..., None], channels, axis=2)
        for more in ([], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]):
            content = jpeg(coloured, cv2.IMWRITE_JPEG_OPTIMIZE, 1, *more)
            assert more or pixels is half_empty or bytes(500) in content
            assert abs(int(read(tmp_path, content)[0, 0]) - int(pixels[0, 0])) <= 2


def test_a_lost_restart_marker_is_found_though_the_picture_can_be_decoded(tmp_path):
    content = JPEGS["restarts"]
    places = [at for at in range(content.index(b"\xff\xda"), len(content)) if content[at : at + 2] == b"\xff\xd3"]
    without = content[: places[0]] + content[places[0] + 2 :]
    with pytest.raises(BrokenImageError, match="restart marker is missing"):
        read(tmp_path, without)


@pytest.mark.parametrize("kind", [b"sBIT", b"eXIf", b"tEXt"])
def test_a_png_with_a_damaged_part_that_is_not_its_pixels_is_refused(tmp_path, kind):
    content = bytearray(png(textured().astype(np.uint16), extra=chunk(kind, b"\x0c")))
    content[content.index(kind) + 4] ^= 1
    with pytest.raises(BrokenImageError, match=f"checksum of its {kind.decode()} part"):
        read(tmp_path, bytes(content))


@pytest.mark.parametrize("name", ["radiograph.JPG", "radiograph.PNG", "radiograph", "radiograph.txt"])
@pytest.mark.parametrize("content", [png(GRADIENT), jpeg()])
def test_the_content_decides_how_a_file_is_read_not_its_suffix(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(read_radiograph(tmp_path / name, 32), read(tmp_path, content))


def make_fifo(file: Path) -> None:
    os.mkfifo(file)


def make_socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(file))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (make_fifo, "FIFO"),
        (make_socket, "socket"),
        (lambda file: file.symlink_to("/dev/zero"), "device"),
        (Path.mkdir, "folder"),
    ],
)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, make, kind):
    make(tmp_path / "radiograph.png")
    with pytest.raises(BrokenImageError, match=f"it is a {kind}, not a regular file"):
        read_radiograph(tmp_path / "radiograph.png", 32)


def test_a_file_of_many_gigabytes_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "radiograph.png").open("wb") as stream:
        stream.truncate(10**12)
    with pytest.raises(BrokenImageError, match="1,000,000,000,000 bytes; at most"):
        read_radiograph(tmp_path / "radiograph.png", 32)


def test_of_large_pictures_one_at_a_time_is_decoded(monkeypatch):
    running, most, decode, samples = [0], [0], images._decoded, textured().astype(np.uint16)

    def counted(decoder, content: bytes) -> np.ndarray:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.01)
        running[0] -= 1
        return decode(decoder, content)

    monkeypatch.setattr(images, "_decoded", counted)
    for limit, together in ((samples.nbytes - 1, False), (samples.nbytes, True)):
        monkeypatch.setattr(images, "_LARGE", limit)
        most[0] = 0
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(open_radiograph, [png(samples)] * 16, [32] * 16))
        assert (most[0] > 1) is together


def test_a_missing_file_and_a_folder_are_reported_by_name(tmp_path):
    with pytest.raises(BrokenImageError, match=r"absent\.png.*no such file"):
        read_radiograph(tmp_path / "absent.png", 32)
    with pytest.raises(BrokenImageError, match="cannot be opened"):
        read_radiograph(tmp_path, 32)
    with pytest.raises(BrokenImageError, match="no file name"):
        read_radiograph("a\0b.png", 32)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([png(GRADIENT), jpeg(), jpeg(GRADIENT, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)]), st.data())
def test_no_truncated_file_passes(tmp_path_factory, content, data):
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(BrokenImageError):
        read(tmp_path_factory.getbasetemp(), content[:length])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_bit_of_a_png_passes_unseen(tmp_path_factory, data):
    content = bytearray(png(GRADIENT))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        picture = read(tmp_path_factory.getbasetemp(), bytes(content))
    except BrokenImageError:
        return
    np.testing.assert_array_equal(picture, GRADIENT)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(BrokenImageError, match=r"3600\.0 megapixels.*data\.max_megapixels"):
        read(tmp_path, bomb)
    with pytest.raises(BrokenImageError, match="megapixels"):
        read(tmp_path, png(grey()), max_megapixels=0.001)


@pytest.mark.parametrize("channels", [0, 1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_path_bytes_and_pixels_give_the_same_radiograph(tmp_path, channels, dtype):
    shape = (40, 24, channels) if channels else (40, 24)
    samples = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    file = tmp_path / "radiograph.png"
    file.write_bytes(png(samples))
    from_path = open_radiograph(file, 16)
    for source in (str(file), file.read_bytes(), samples, samples[::-1].copy()[::-1]):
        other = open_radiograph(source, 16)
        np.testing.assert_array_equal(other.picture, from_path.picture)
        assert (other.width, other.height) == (24, 40)
        assert other.colourfulness == from_path.colourfulness
    np.testing.assert_array_equal(read_radiograph(file, 16), from_path.picture)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([0, 1, 3, 4]), st.integers(0, 2**32 - 1))
def test_pixels_of_any_shape_give_what_their_file_gives(height, width, channels, seed):
    samples = np.random.default_rng(seed).integers(0, 256, (height, width, channels or 1), np.uint8)
    pixels = samples if channels else samples[..., 0]
    of_file, of_pixels = open_radiograph(png(samples), 8), open_radiograph(pixels, 8)
    np.testing.assert_array_equal(of_pixels.picture, of_file.picture)
    assert of_pixels.colourfulness == of_file.colourfulness
    assert 0 <= of_pixels.colourfulness <= 1


def test_the_size_is_that_of_the_picture_as_viewers_show_it():
    wide = np.tile(GRADIENT, (1, 2))
    opened = open_radiograph(oriented(jpeg(wide), 6), 32)
    assert (opened.width, opened.height) == (32, 64)


@pytest.mark.parametrize(
    ("colour", "expected"), [((90, 90, 90), 0), ((255, 0, 0), 1), ((200, 100, 100), 0.5), ((0, 0, 0), 0)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colourfulness_is_the_share_of_the_brightness_that_is_colour(colour, expected, dtype):
    pixels = np.full((300, 300, 3), colour, dtype)
    assert open_radiograph(pixels, 8).colourfulness == pytest.approx(expected, abs=1e-6)


def test_coloured_grain_and_a_small_coloured_letter_are_hardly_colour():
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.integers(60, 200, (1024, 1024, 1), np.uint8), 3, axis=2)
    grain = np.clip(grey + rng.normal(0, 10, grey.shape), 0, 255).astype(np.uint8)
    assert open_radiograph(grain, 8).colourfulness < 0.06
    letter = grey.copy()
    letter[20:60, 20:60] = (255, 0, 0)
    assert open_radiograph(letter, 8).colourfulness < 0.01


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (np.zeros((8, 8)), r"\(8, 8\) float64.*uint8 or uint16"),
        (np.zeros((8, 8, 2), np.uint8), r"\(8, 8, 2\) uint8"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"\(2, 8, 8, 3\)"),
        (np.zeros(8, np.uint8), r"\(8,\)"),
        (np.zeros((0, 8), np.uint8), "8×0 pixels"),
        (None, "NoneType.*path"),
        ([[1, 2]], "list.*path"),
        (b"", "The picture.*empty"),
        (b"GIF89a", "not a PNG, JPEG or DICOM"),
    ],
)
def test_what_is_no_picture_is_reported_with_what_is_expected(source, reason):
    with pytest.raises(BrokenImageError, match=reason):
        open_radiograph(source, 8)


def test_too_many_pixels_of_an_array_are_refused():
    with pytest.raises(BrokenImageError, match="megapixels"):
        open_radiograph(np.zeros((64, 64), np.uint8), 8, max_megapixels=0.001)


def test_phantoms_are_read(small_nih):
    _check_reading(small_nih / "images", 64)


@needs_nih
@pytest.mark.parametrize("folder", ["images-64", "images-256", "images-1024"])
def test_real_radiographs_are_read(folder):
    _check_reading(NIH / folder, int(folder.split("-")[1]))


def _check_reading(folder, side):
    for file in sorted(folder.iterdir())[:12]:
        as_is = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(read_radiograph(file, side), as_is)
        small = read_radiograph(file, 32)
        assert small.shape == (32, 32)
        assert small.std() > 10
        assert abs(float(small.mean()) - float(as_is.mean())) < 1


@needs_nih
def test_a_real_radiograph_with_transparency_is_read_as_its_grey(tmp_path):
    for file in sorted((NIH / "images-64").iterdir()):
        samples = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if samples.ndim == 3 and samples.shape[2] == 4:
            np.testing.assert_array_equal(read_radiograph(file, 64), samples[..., 0])
            return
    pytest.fail("none of the 64-pixel files is RGBA")
