"""The seam of decoders: a plug-in of one record reads one more kind of file, and is named where it fails."""

import numpy as np
import pytest

from tests.data.files import png
from xraykit.data.cache.opening import open_cache
from xraykit.data.decoders.choice import ends_whole, known_kinds, picture_suffixes
from xraykit.data.decoders.damage import Damage
from xraykit.data.decoders.pictures import open_radiograph
from xraykit.data.reading.picture_files import is_picture
from xraykit.errors import BrokenImageError
from xraykit.registry import DECODERS, Decoder, Header, register_decoder

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8)


def _header(content):
    """The plain PGM of these tests: ``P5 8 8 255`` and the samples."""
    _, width, height, _ = content.split(b"\n", 1)[0].split()
    if len(content.split(b"\n", 1)[1]) != int(width) * int(height):
        raise Damage("it is cut short")
    return Header(int(width), int(height), 8, facts={"view": "PA"})


def _decode(content):
    header = _header(content)
    return np.frombuffer(content.split(b"\n", 1)[1], np.uint8).reshape(header.height, header.width)


def pgm(pixels):
    return b"P5 %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


@pytest.fixture
def register(monkeypatch):
    """Registers a decoder of PGM files for one test."""
    monkeypatch.setattr(DECODERS, "_entries", dict(DECODERS._entries))

    def registered(decode=_decode, version=1):
        return register_decoder(
            Decoder("pgm", (".pgm",), lambda start: start.startswith(b"P5 "), _header, decode, version=version)
        )

    return registered


def test_built_in_kinds_are_png_jpeg_and_dicom():
    assert picture_suffixes() == (".png", ".jpg", ".jpeg", ".dcm", ".dicom")
    assert known_kinds() == "PNG, JPEG or DICOM"


def test_a_plug_in_reads_one_more_kind_of_file(register, tmp_path):
    file = tmp_path / "a.pgm"
    file.write_bytes(pgm(GREY))
    assert not is_picture("a.pgm")
    with pytest.raises(BrokenImageError, match="not a PNG, JPEG or DICOM file"):
        open_radiograph(file, 8)
    register()
    assert is_picture("a.pgm")
    assert ends_whole(str(file))
    assert known_kinds() == "PNG, JPEG, DICOM or PGM"
    np.testing.assert_array_equal(open_radiograph(file, 8).picture, open_radiograph(png(GREY), 8).picture)


def test_damage_that_a_plug_in_reports_is_reported_with_the_file(register, tmp_path):
    register()
    (tmp_path / "a.pgm").write_bytes(pgm(GREY)[:-1])
    with pytest.raises(BrokenImageError, match=r"a\.pgm cannot be read as a radiograph: it is cut short"):
        open_radiograph(tmp_path / "a.pgm", 8)


@pytest.mark.parametrize(
    ("decode", "reason"),
    [
        (
            lambda content: 1 / 0,
            r"plug-in tests\.data\.decoders\.test_choice failed: Zero.*test_choice\.py, line",
        ),
        (lambda content: np.zeros((8, 8)), r"returned pixels \(8, 8\) float64. Expected: \(H, W\)"),
    ],
)
def test_an_error_inside_a_plug_in_names_the_plug_in_and_the_file(register, decode, reason):
    register(decode)
    with pytest.raises(BrokenImageError, match=f"The picture cannot be read.*'pgm'.*{reason}"):
        open_radiograph(pgm(GREY), 8)


def test_the_size_is_checked_before_a_plug_in_decodes(register):
    register(lambda content: pytest.fail("decoded"))
    with pytest.raises(BrokenImageError, match="at most 1e-05 are read"):
        open_radiograph(pgm(GREY), 8, 0.00001)


def test_a_new_version_of_a_decoder_decodes_again(register, tmp_path):
    (tmp_path / "a.pgm").write_bytes(pgm(GREY))
    caches = []
    for version in (1, 1, 2):
        DECODERS._entries.pop("pgm", None)
        register(version=version)
        caches.append(open_cache([str(tmp_path / "a.pgm")], 16, tmp_path / "cache").folder)
    assert caches[0] == caches[1] != caches[2]
