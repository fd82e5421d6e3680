"""The heat maps as pictures, and the table of them."""

import cv2
import numpy as np
import pandas as pd
import pytest

from xraykit.data import open_radiograph
from xraykit.errors import DataError
from xraykit.report import Example, draw_gallery

LOOKS = [
    Example("a.png", "Mass", "true_positive", 0.9, 0.5, True),
    Example("a.png", "Nodule", "unknown", 0.8, None, None),
    Example("deep/er/a.png", "Mass", "false_positive", 0.7, 0.5, False),
    Example("b.png", "Mass", "false_positive", 0.6, 0.5, False),
]
BOXES = {("a.png", "Mass"): [(0.5, 0.5, 0.25, 0.25)]}


@pytest.fixture
def gallery(tmp_path):
    pictures = np.full((4, 32, 32), 100, np.uint8)
    heat = np.zeros((4, 32, 32), np.float32)
    heat[0, 4:12, 4:12] = 1
    heat[2] = 1
    draw_gallery(LOOKS, pictures, heat, BOXES, tmp_path, opacity=0.5, split="by hand", method="Grad-CAM")
    return tmp_path


def test_the_table_says_what_each_picture_shows(gallery):
    table = pd.read_csv(gallery / "gallery.csv")
    assert list(table) == [
        *(
            "file",
            "image",
            "label",
            "kind",
            "probability",
            "calibrated",
            "threshold",
            "truth",
            "boxes",
            "map",
            "method",
        ),
    ]
    assert table["image"].tolist() == [look.image for look in LOOKS]
    assert table["kind"].tolist() == [look.kind for look in LOOKS]
    assert table["probability"].tolist() == [0.9, 0.8, 0.7, 0.6]
    assert table["threshold"].fillna(-1).tolist() == [0.5, -1, 0.5, 0.5]
    assert table["truth"].fillna(-1).tolist() == [1, -1, 0, 0]
    assert table["boxes"].tolist() == [1, 0, 0, 0]
    assert table["map"].tolist() == ["ok", "empty", "flat", "empty"]
    assert set(table["method"]) == {"Grad-CAM"}
    written = {path.name for path in gallery.iterdir()}
    assert written == {*table["file"], "gallery.csv", "grid.png"}
    assert len(set(table["file"])) == 4


def test_an_overlay_is_the_heat_over_the_picture_with_its_box(gallery):
    first, second = (cv2.imread(str(gallery / name)) for name in pd.read_csv(gallery / "gallery.csv")["file"][:2])
    assert first.shape == (256, 256, 3)
    assert not np.allclose(first[64, 64], 100)
    assert np.allclose(first[230, 30], 100)
    blue, _, red = first[128, 160].astype(int)
    assert blue > red + 100
    assert np.allclose(first[160, 160], 100)
    assert np.allclose(second, 100)


def test_a_name_that_is_no_file_name_does_no_harm(tmp_path):
    looks = [Example("../../up.png", "<b>/\\ Mass", "true_positive", 0.9, 0.5, True)]
    folder = tmp_path / "a" / "b"
    blank = np.zeros((1, 16, 16))
    draw_gallery(looks, blank.astype(np.uint8), blank, {}, folder, opacity=0.5, split="s", method="m")
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["000__b_Mass_up.png", "grid.png"]
    assert [path.parent for path in tmp_path.rglob("*.png")] == [folder, folder]


def test_what_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "gallery.csv").mkdir()
    blank = np.zeros((0, 16, 16))
    with pytest.raises(DataError, match="cannot be written"):
        draw_gallery([], blank.astype(np.uint8), blank, {}, tmp_path, opacity=0.5, split="s", method="m")


def test_the_box_of_a_picture_that_is_not_square_encloses_what_it_encloses_there(tmp_path):
    """A box in shares of width and height fits the square picture that the network saw."""
    source = np.zeros((100, 300), np.uint8)
    source[20:60, 150:270] = 200
    boxes = {("a.png", "Mass"): [(150 / 300, 20 / 100, 120 / 300, 40 / 100)]}
    picture = open_radiograph(source, 64).picture[None]
    draw_gallery(
        LOOKS[:1], picture, np.zeros((1, 64, 64), np.float32), boxes, tmp_path, opacity=0.5, split="x", method="x"
    )
    drawn = cv2.imread(str(tmp_path / pd.read_csv(tmp_path / "gallery.csv")["file"][0])).astype(int)
    line = np.argwhere(drawn[..., 0] > drawn[..., 2] + 60)
    bright = np.argwhere(drawn.min(axis=2) > 150)
    side = len(drawn)
    assert np.abs(line.min(0) - bright.min(0)).max() <= 0.03 * side
    assert np.abs(line.max(0) - bright.max(0)).max() <= 0.03 * side
    assert np.allclose(line.min(0) / side, [0.2, 0.5], atol=0.02)
