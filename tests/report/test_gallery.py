"""Which radiographs are shown with which findings, and the pictures that are written."""

import cv2
import numpy as np
import pandas as pd

from xraykit.report import Look, choose_looks, draw_gallery

LABELS = ["Mass", "Nodule", "Edema"]


def _predictions(count=40):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"image": [f"{n}.png" for n in range(count)], "patient": "1", "part": "test"})
    for label in LABELS:
        table[label] = (random.uniform(size=count) < 0.1).astype(float)
        table[f"{label}_probability"] = random.uniform(size=count)
    table.loc[: count // 2, "part"] = "validation"
    return table


def test_looks_are_of_test_radiographs_with_a_finding_first():
    table = _predictions()
    looks = choose_looks(table, LABELS, 3, 2, seed=1)
    shown = table.set_index("image").loc[[look.image for look in looks]]
    assert len(looks) == 6
    assert (shown["part"] == "test").all()
    assert (shown[LABELS].sum(axis=1) > 0).all()


def test_each_radiograph_is_shown_with_its_strongest_findings():
    table = _predictions()
    for look in choose_looks(table, LABELS, 30, 2, seed=1):
        row = table.set_index("image").loc[look.image]
        probabilities = sorted((row[f"{label}_probability"] for label in LABELS), reverse=True)
        assert look.probability == row[f"{look.label}_probability"]
        assert look.probability in probabilities[:2]
        assert look.truth == bool(row[look.label])


def test_the_draw_is_seeded_and_an_unknown_truth_stays_unknown():
    table = _predictions()
    assert choose_looks(table, LABELS, 5, 1, seed=3) == choose_looks(table, LABELS, 5, 1, seed=3)
    assert choose_looks(table, LABELS, 5, 1, seed=3) != choose_looks(table, LABELS, 5, 1, seed=4)
    table[LABELS] = np.nan
    assert all(look.truth is None for look in choose_looks(table, LABELS, 5, 1, seed=3))
    assert choose_looks(table, LABELS, 0, 1, seed=3) == []


def test_overlays_and_grid_are_written_whole(tmp_path):
    looks = [Look("a.png", "Mass", 0.9, True), Look("a.png", "Nodule", 0.8, None), Look("b.png", "Mass", 0.7, False)]
    pictures = np.full((3, 32, 32), 100, np.uint8)
    heat = np.zeros((3, 32, 32), np.float32)
    heat[0, 8:16, 8:16] = 1
    boxes = {("a.png", "Mass"): [(0.25, 0.25, 0.25, 0.25)]}
    draw_gallery(looks, pictures, heat, boxes, tmp_path, opacity=0.5, split="by hand")
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["a_Mass.png", "a_Nodule.png", "b_Mass.png", "grid.png"]
    overlay = cv2.imread(str(tmp_path / "a_Mass.png"))
    assert overlay.shape == (32, 32, 3)
    assert not np.allclose(overlay[12, 12], 100)
    assert np.allclose(overlay[30, 30], 100)
    empty = cv2.imread(str(tmp_path / "a_Nodule.png"))
    assert np.allclose(empty, 100)
