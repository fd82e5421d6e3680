"""The depth of 16-bit pictures is determined once for a data set, and a hot pixel does not decide about greys."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import chunk, png
from xraykit.config import Data
from xraykit.data import bit_depth, depth_fits, load_sealed, open_cache
from xraykit.data.bit_depth import find_bit_depth
from xraykit.data.decoders.pictures import open_radiograph, original_picture, undeclared_bits

SIDE = 64


def picture(bits=12, seed=0, hot=0):
    """A 16-bit picture of so many bits, of whose pixels ``hot`` are at full range."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 2**bits, (SIDE, SIDE)).astype("u2")
    pixels.ravel()[:hot] = 65535
    return pixels


def written(folder, pictures):
    folder.mkdir(exist_ok=True)
    paths = []
    for number, pixels in enumerate(pictures):
        paths.append(str(folder / f"{number:03}.png"))
        (folder / f"{number:03}.png").write_bytes(png(pixels))
    return paths


def test_a_hot_pixel_turns_a_picture_black_without_a_depth_and_not_with_one():
    clean, hot = picture(), picture(hot=1)
    assert open_radiograph(hot, 32).picture.mean() < 10
    np.testing.assert_allclose(
        open_radiograph(hot, 32, bit_depth=12).picture, open_radiograph(clean, 32).picture, atol=64
    )
    assert abs(open_radiograph(hot, 32, bit_depth=12).picture.mean() - 127) < 2
    assert abs(original_picture(hot, bit_depth=12).mean() - 127) < 2


@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 10, 12, 14, 16]), st.integers(0, 8))
def test_hot_pixels_do_not_count_for_the_depth_of_a_picture(seed, bits, hot):
    opened = open_radiograph(picture(bits, seed, hot), 16)
    assert opened.sample_bits == bits
    assert opened.white_bits == (16 if hot else bits)


@pytest.mark.parametrize("depth", [8, 12, 16])
def test_pictures_of_8_bits_and_declared_depths_do_not_depend_on_it(depth):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    declared = png(picture(), extra=chunk(b"sBIT", b"\x0c"))
    for source in (grey, declared):
        without = open_radiograph(source, 16)
        np.testing.assert_array_equal(open_radiograph(source, 16, bit_depth=depth).picture, without.picture)
        assert without.white_bits is None


def test_the_depth_is_that_of_nearly_all_pictures(tmp_path):
    ordinary = [picture(seed=seed, hot=seed % 3) for seed in range(39)]
    assert find_bit_depth(written(tmp_path / "a", ordinary)) == 12
    # One that was scaled to 16 bits does not darken all others.
    assert find_bit_depth(written(tmp_path / "b", [*ordinary, picture(16)])) == 12
    # Dark pictures of the same detector do not lower it.
    assert find_bit_depth(written(tmp_path / "c", [*ordinary[:10], *(picture(8, seed) for seed in range(30))])) == 12


def test_pictures_that_do_not_fit_are_counted(tmp_path, caplog):
    caplog.set_level("INFO", "xraykit")
    paths = written(tmp_path, [*(picture(seed=seed) for seed in range(30)), picture(16), picture(8)])
    assert find_bit_depth(paths) == 12
    assert "16-bit pictures without a declared depth: 12 bits, from 32 pictures" in caplog.text
    assert "2 of 32 sampled 16-bit pictures do not fit the depth of 12 bits" in caplog.text


def test_pictures_of_8_bits_are_not_decoded_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr("xraykit.data.decoders.pictures._opened", lambda *_: pytest.fail("decoded"))
    assert find_bit_depth(written(tmp_path, [np.zeros((4, 4), np.uint8)] * 5)) is None


def test_broken_and_vanished_pictures_are_passed_over(tmp_path):
    paths = written(tmp_path, [picture(), picture(seed=1)])
    (tmp_path / "000.png").write_bytes(png(picture())[:500])
    assert find_bit_depth([*paths, str(tmp_path / "absent.png")]) == 12
    assert find_bit_depth([]) is None


def test_it_is_determined_once_unless_a_file_changes(tmp_path, monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        bit_depth, "undeclared_bits", lambda path, most: looked_at.append(path) or undeclared_bits(path, most)
    )
    paths = written(tmp_path, [picture(), picture(seed=1)])
    assert find_bit_depth(paths) == find_bit_depth(paths) == 12
    assert len(looked_at) == 2
    written(tmp_path, [picture(10), picture(10)])
    os.utime(paths[0], ns=(1, 1))
    assert find_bit_depth(paths) == 10


@pytest.mark.parametrize(("taken", "fitting"), [(8, False), (10, False), (12, True), (14, False), (16, False)])
def test_a_picture_fits_a_depth_that_it_fills(taken, fitting):
    assert depth_fits(taken, 12) == fitting


def data_of(tmp_path, pictures, **more):
    written(tmp_path / "images", pictures)
    rows = [f"{number:03}.png,p{number},{number % 2}" for number in range(len(pictures))]
    (tmp_path / "labels.csv").write_text("\n".join(["image,patient,Mass", *rows]) + "\n", encoding="utf-8")
    return Data(format="table", root=str(tmp_path), labels=("Mass",), split={"method": "patient"}, **more)


def test_the_depth_comes_from_the_training_part_alone_and_belongs_to_the_identity(tmp_path):
    data = data_of(tmp_path, [picture(seed=seed) for seed in range(30)])
    parts = load_sealed(data, seed=0).parts
    assert parts.bit_depth == parts.identity["bit_depth"] == 12
    others = parts.division[parts.division["part"] != "train"]["image"]
    for name in others:
        (tmp_path / "images" / name).write_bytes(png(picture(16)))
    assert load_sealed(data, seed=0).parts.bit_depth == 12


def test_a_setting_replaces_it(tmp_path):
    pictures = [picture(seed=seed) for seed in range(30)]
    assert load_sealed(data_of(tmp_path, pictures, bit_depth=14), seed=0).parts.bit_depth == 14
    assert "bit_depth" not in Data().model_dump()
    with pytest.raises(ValueError, match="less than or equal to 16"):
        Data(bit_depth=17)


def test_data_of_8_bits_have_no_depth_in_their_identity(tmp_path):
    pictures = [np.full((8, 8), seed, np.uint8) for seed in range(30)]
    assert "bit_depth" not in load_sealed(data_of(tmp_path, pictures), seed=0).parts.identity


def test_caches_of_different_depths_are_different_ones(tmp_path):
    paths = written(tmp_path / "images", [picture(hot=1)])
    first = open_cache(paths, 16, tmp_path / "cache")
    second = open_cache(paths, 16, tmp_path / "cache", bit_depth=12)
    assert first.folder != second.folder
    assert first.pictures(np.array([0])).mean() < 10
    assert abs(second.pictures(np.array([0])).mean() - 127) < 3
