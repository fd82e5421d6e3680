"""The sheet of augmentation: what is shown, and that it cannot fail a check."""

import cv2
import numpy as np
import pytest

from tests.check.test_check import _check, root  # noqa: F401
from xraykit.check.augmentation_sheet import DRAWN, changes_pictures, variants
from xraykit.check.experiment import AUGMENTATION_SHEET
from xraykit.config import load_experiment
from xraykit.report import draw_variants

pytestmark = pytest.mark.slow

EVERYTHING = {
    "shift": 0.1,
    "rotation": 10.0,
    "zoom": 0.2,
    "contrast": 0.3,
    "flip": True,
    "gamma": 0.5,
    "noise": 8.0,
    "blur": 2.0,
    "cutout": 0.4,
    "crop": 0.25,
}


def _training(**keys):
    still = dict.fromkeys(("shift", "rotation", "zoom", "contrast"), 0.0)
    augmentation = {**still, **keys.pop("augmentation", {})}
    return load_experiment({"training": {"augmentation": augmentation, **keys}}).training


def _pictures():
    return np.random.default_rng(0).integers(60, 200, (3, 40, 40), np.uint8)


def test_each_kind_that_is_switched_on_has_a_row_at_its_strongest_and_there_are_several_draws():
    rows = dict(variants(_pictures(), _training(augmentation=EVERYTHING, mixup=0.2), 7))
    assert len(rows) == 1 + len(EVERYTHING) + 1 + DRAWN
    assert list(rows)[:3] == ["original", "shift 10% of the side, at its strongest", "rotation 10°, at its strongest"]
    assert all(pictures.shape == (3, 40, 40) and pictures.dtype == np.uint8 for pictures in rows.values())
    changed = [pictures for name, pictures in rows.items() if name != "original"]
    assert len({pictures.tobytes() for pictures in changed}) == len(changed)
    assert not any(np.array_equal(pictures, _pictures()) for pictures in changed)


def test_the_strongest_is_the_strongest():
    pictures = _pictures()

    def strongest(**augmentation):
        return list(variants(pictures, _training(augmentation=augmentation), 7))[1][1]

    assert np.array_equal(strongest(shift=0.25)[:, :30, :30], pictures[:, 10:, 10:])
    assert np.array_equal(strongest(flip=True), pictures[:, :, ::-1])
    gamma = np.rint(255 * (pictures / 255) ** 1.5)
    assert np.abs(strongest(gamma=0.5) - gamma).max() <= 1
    blur = cv2.GaussianBlur(pictures[0].astype(np.float32), (41, 41), 2.0)
    assert np.allclose(strongest(blur=2.0)[0], blur, atol=0.6)
    painted = (strongest(cutout=0.5) != pictures).mean()
    assert painted == pytest.approx(0.25, abs=0.02)
    noise = strongest(noise=10.0).astype(float) - pictures
    assert noise.std() == pytest.approx(10, rel=0.1)


def test_what_is_switched_off_is_not_shown():
    assert not changes_pictures(_training())
    assert changes_pictures(_training(mixup=0.1))
    assert [name for name, _ in variants(_pictures(), _training(augmentation={"gamma": 0.2}), 7)][1:3] == [
        "gamma 1.2, at its strongest",
        "as in training, draw 1",
    ]


@pytest.mark.parametrize("rows", [2, 10, 17])
def test_the_figure_has_a_title_for_each_row(rows):
    figure = draw_variants([(f"row {at}", _pictures()) for at in range(rows)], "Title", part="train", split="official")
    titles = [plot.get_title(loc="left") for plot in figure.axes]
    assert {f"row {at}" for at in range(rows)} == set(titles) - {""}
    shown = [plot for plot in figure.axes if plot.images]
    assert len(shown) == 3 * rows


def test_its_path_is_printed_and_it_shows_training_radiographs_alone(root, capsys, monkeypatch):  # noqa: F811
    import xraykit.check.augmentation_sheet as sheet

    shown = []
    draw = sheet.draw_variants
    monkeypatch.setattr(sheet, "draw_variants", lambda rows, *args, **kw: shown.append(rows) or draw(rows, *args, **kw))
    (root / "images" / "3.png").write_bytes(b"no picture")
    assert _check(root, "data.unreadable=leave_out", "training.augmentation.noise=4") == 0
    path = root.parent / "runs" / "sample" / AUGMENTATION_SHEET
    out = capsys.readouterr().out
    assert f"# Sheet of augmentation, what training makes of some of them: {path}" in out
    assert "# Loss: weighted, with class weights" in out
    assert cv2.imread(str(path)) is not None
    names = [name for name, _ in shown[0]]
    assert names[0] == "original"
    assert not any(".png" in name for name in names)
    assert not list(root.rglob("*check*")), "nothing is written into the data"


def test_without_augmentation_there_is_no_sheet(root, capsys):  # noqa: F811
    still = [f"training.augmentation.{name}=0" for name in ("shift", "rotation", "zoom", "contrast")]
    assert _check(root, *still) == 0
    assert "Sheet of augmentation" not in capsys.readouterr().out
    assert not (root.parent / "runs" / "sample" / AUGMENTATION_SHEET).exists()


def test_a_sheet_that_cannot_be_written_does_not_fail_the_check(root, capsys):  # noqa: F811
    (root.parent / "runs" / "sample" / AUGMENTATION_SHEET).mkdir(parents=True)
    assert _check(root) == 0
    assert "# Sheet of augmentation: not written." in capsys.readouterr().out


def test_sampling_and_settings_without_effect_are_named(root, capsys):  # noqa: F811
    assert _check(root, "training.sampling=balanced", "training.focal.gamma=1") == 0
    out = capsys.readouterr().out
    assert "# Warning: training.focal has no effect with training.loss: weighted." in out
    assert "# Sampling: balanced; positives among the radiographs and among the draws of an epoch: Mass " in out
