"""A picture at its own size, with the greys that a network sees."""

import cv2
import numpy as np
import pytest

from xraykit.data import open_radiograph, original_picture
from xraykit.errors import BrokenImageError


@pytest.mark.parametrize(
    "pixels",
    [
        np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8),
        np.random.default_rng(1).integers(0, 4096, (40, 40)).astype(np.uint16),
        np.random.default_rng(2).integers(0, 2**16, (40, 40)).astype(np.uint16),
        np.random.default_rng(3).integers(0, 256, (40, 40, 3)).astype(np.uint8),
    ],
    ids=["8 bits", "12 of 16 bits", "16 bits", "colour"],
)
def test_greys_are_those_of_the_network(pixels):
    np.testing.assert_array_equal(original_picture(pixels), open_radiograph(pixels, 40).picture)


def test_size_and_aspect_are_those_of_the_file(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.arange(60, dtype=np.uint8).reshape(6, 10))
    np.testing.assert_array_equal(original_picture(tmp_path / "a.png"), np.arange(60).reshape(6, 10))


def test_what_is_no_picture_or_too_large_is_refused(tmp_path):
    with pytest.raises(BrokenImageError, match="no such file"):
        original_picture(tmp_path / "nowhere.png")
    with pytest.raises(BrokenImageError, match=r"at most 0\.001 are read"):
        original_picture(np.zeros((100, 100), np.uint8), 0.001)
