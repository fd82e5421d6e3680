"""Which pictures a screen flags, and with which reason."""

import copy
import json
import logging
import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.conftest import NIH, needs_nih
from xraykit.data.decoders.pictures import Radiograph, open_radiograph
from xraykit.errors import DataError
from xraykit.input_check import Screen
from xraykit.input_check.measures import THUMBNAIL, gains, layout, resemblance
from xraykit.input_check.trimming import _gained
from xraykit.phantoms import draw_patient, draw_radiograph, draw_visits

SIDE = 64
FITTED, NEW = 150, 40


def phantoms(first, count):
    visits = [draw_visits(draw_patient(number), 1, 0.1)[0] for number in range(first, first + count)]
    return np.stack([draw_radiograph(one.patient, one.findings, size=SIDE, view=one.view).pixels for one in visits])


@pytest.fixture(scope="module")
def training():
    return phantoms(1, FITTED)


@pytest.fixture(scope="module")
def screen(training):
    return Screen.fit(training)


@pytest.fixture(scope="module")
def new():
    return phantoms(FITTED + 1, NEW)


@pytest.fixture(scope="module")
def real():
    """A screen of real radiographs, and those of other patients, which it has not seen."""
    files = sorted((NIH / "images-64").iterdir())
    patients = sorted({file.name[:8] for file in files})
    held_out = set(patients[::4])
    pictures = [open_radiograph(file, SIDE).picture for file in files if file.name[:8] not in held_out]
    return Screen.fit(np.stack(pictures)), [open_radiograph(file, SIDE) for file in files if file.name[:8] in held_out]


def names(screen, pixels):
    return {flag.name for flag in screen.flags(open_radiograph(pixels, screen.size))}


def share(screen, pictures, name=None):
    """Share of the pictures with that flag, or with any."""
    found = [names(screen, pixels) for pixels in pictures]
    return np.mean([name in flags if name else bool(flags) for flags in found])


def half_chest(pixels):
    """Spine at one edge and one lung in the middle, as far as layout goes like a lateral."""
    return cv2.resize(pixels[:, SIDE // 2 :], (SIDE, SIDE))


CHANGED = {
    "inverted": ("inverted", lambda pixels: 255 - pixels),
    "left": ("rotated", lambda pixels: np.rot90(pixels).copy()),
    "right": ("rotated", lambda pixels: np.rot90(pixels, 3).copy()),
    "upside down": ("rotated", lambda pixels: np.rot90(pixels, 2).copy()),
    "mirrored down": ("rotated", lambda pixels: pixels[::-1].copy()),
    "noise": ("unlike_training", lambda pixels: pixels // 2 + np.random.default_rng(0).integers(0, 128, pixels.shape)),
    "blurred": ("unlike_training", lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4)),
    "tiny": ("too_small", lambda pixels: cv2.resize(pixels, (40, 40))),
    "blue": ("colour", lambda pixels: np.stack([pixels * 0.7, pixels * 0.85, pixels], axis=2)),
    "pale": ("constant", lambda pixels: pixels // 16 + 120),
}


def test_hardly_any_new_phantom_is_flagged(screen, new):
    assert share(screen, new) <= 0.05


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_phantom_is_flagged_by_what_was_changed(screen, new, change):
    expected, alter = CHANGED[change]
    assert share(screen, [alter(pixels).astype(np.uint8) for pixels in new[:20]], expected) >= 0.95


def test_a_picture_with_the_layout_of_a_lateral_is_flagged(screen, new):
    found = [names(screen, half_chest(pixels)) for pixels in new]
    assert all(found)
    assert np.mean(["lateral" in flags for flags in found]) > 0.3


@needs_nih
def test_hardly_any_real_radiograph_of_a_new_patient_is_flagged(real):
    screen, radiographs = real
    assert len(radiographs) > 150
    assert share(screen, [radiograph.picture for radiograph in radiographs]) <= 0.03


@needs_nih
@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_real_radiograph_is_flagged_by_what_was_changed(real, change):
    screen, radiographs = real
    expected, alter = CHANGED[change]
    assert share(screen, [alter(one.picture).astype(np.uint8) for one in radiographs[::6]], expected) >= 0.9


@needs_nih
def test_most_half_chests_of_real_patients_are_flagged(real):
    screen, radiographs = real
    assert share(screen, [half_chest(radiograph.picture) for radiograph in radiographs]) > 0.6


def test_the_reason_says_what_was_measured_and_what_is_expected(screen, new):
    _check_reasons(screen, new[0])


@needs_nih
def test_the_reason_says_the_same_of_a_real_radiograph(real):
    screen, radiographs = real
    _check_reasons(screen, radiographs[0].picture)


def _check_reasons(screen, picture):
    (flag,) = (flag for flag in screen.flags(open_radiograph(255 - picture, SIDE)) if flag.name == "inverted")
    assert "With black and white exchanged" in flag.reason
    assert "a gain of at most" in flag.reason
    for pixels in (np.full((30, 20), 7, np.uint8), 255 - picture, np.rot90(picture).copy(), half_chest(picture)):
        for flag in screen.flags(open_radiograph(pixels, SIDE)):
            assert "expected" in flag.reason or "needs at least" in flag.reason
            assert any(letter.isdigit() for letter in flag.reason)


def test_a_small_source_is_reported_with_its_size(screen, new):
    (flag,) = screen.flags(Radiograph(new[0], width=47, height=300, colourfulness=0.0))
    assert flag.name == "too_small"
    assert "47×300" in flag.reason
    assert "48" in flag.reason
    assert screen.flags(Radiograph(new[0], width=48, height=48, colourfulness=0.0)) == ()


def test_a_constant_picture_has_no_other_flag_of_its_layout(screen):
    for grey in (0, 90, 255):
        assert names(screen, np.full((SIDE, SIDE), grey, np.uint8)) == {"constant"}


def test_a_picture_that_is_no_radiograph_is_flagged(screen):
    rng = np.random.default_rng(0)
    page = np.full((512, 512), 255, np.uint8)
    for row in range(20, 510, 24):
        cv2.putText(page, "no radiograph", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (SIDE, 1))
    for pixels in (page, ramp, rng.integers(0, 256, (SIDE, SIDE), np.uint8), ramp.T.copy()):
        assert names(screen, pixels)


def test_a_few_wrong_pictures_in_training_do_not_make_them_right(training, new):
    pictures = training.copy()
    pictures[::50] = 255 - pictures[::50]
    pictures[25::50] = pictures[25::50, ::-1]
    spoilt = Screen.fit(pictures)
    assert share(spoilt, 255 - new[:20], "inverted") == 1
    assert share(spoilt, new[:20, ::-1].copy(), "rotated") == 1


SPOILT = {
    "inverted": ("inverted", lambda pixels: 255 - pixels),
    "upside down": ("rotated", lambda pixels: pixels[::-1]),
    "turned": ("rotated", lambda pixels: np.rot90(pixels)),
}


@pytest.mark.slow
@pytest.mark.parametrize("portion", [0.05, 0.1])
@pytest.mark.parametrize("change", SPOILT)
def test_a_tenth_of_wrong_pictures_in_training_disables_nothing(training, new, portion, change, caplog):
    expected, alter = SPOILT[change]
    pictures = training.copy()
    rows = np.random.default_rng(3).permutation(FITTED)[: round(portion * FITTED)]
    pictures[rows] = [alter(pictures[row]) for row in rows]
    with caplog.at_level(logging.WARNING, "xraykit"):
        spoilt = Screen.fit(pictures)
    assert 0.6 * len(rows) <= spoilt.left_out <= len(rows)
    assert spoilt.pictures == FITTED - spoilt.left_out
    assert f"{spoilt.left_out} of {FITTED} training pictures seem to be inverted or rotated" in caplog.text
    assert share(spoilt, [alter(pixels).copy() for pixels in new[:20]], expected) >= 0.95
    assert share(spoilt, new) <= 0.05


@pytest.mark.slow
@needs_nih
def test_a_tenth_of_inverted_real_radiographs_in_training_disables_nothing():
    files = sorted((NIH / "images-64").iterdir())
    pictures = np.stack([open_radiograph(file, SIDE).picture for file in files])
    fit, new = pictures[:600].copy(), pictures[600::5]
    rows = np.random.default_rng(0).permutation(600)[:60]
    fit[rows] = 255 - fit[rows]
    spoilt = Screen.fit(fit)
    assert 48 <= spoilt.left_out <= 62
    assert share(spoilt, 255 - new, "inverted") > 0.95
    assert share(spoilt, new) <= 0.1


def test_what_is_gained_by_a_change_is_measured_as_of_single_pictures(new):
    layouts = np.stack([layout(pixels) for pixels in new])
    layouts[::5] = [np.rot90(each.reshape(THUMBNAIL, THUMBNAIL)).ravel() for each in layouts[::5]]
    layouts[1::5] = -layouts[1::5]
    centre = np.median(layouts, axis=0)
    as_is = np.array([resemblance(each, centre) for each in layouts])
    gained = np.array([max(gains(each, centre).values()) for each in layouts])
    assert _gained(layouts, centre)[0] == pytest.approx(as_is, abs=1e-12)
    assert _gained(layouts, centre)[1] == pytest.approx(gained, abs=1e-12)


def test_pictures_that_are_right_are_all_fitted_on(training, screen):
    assert (screen.left_out, screen.pictures) == (0, FITTED)


def test_a_screen_of_an_earlier_version_can_be_read(screen):
    values = screen.as_values()
    del values["left_out"]
    assert Screen.from_values(values).left_out == 0


@settings(max_examples=50)
@given(arrays(np.uint8, (SIDE, SIDE)), st.floats(0, 1), st.integers(1, 9000), st.integers(1, 9000))
def test_any_picture_can_be_looked_at(screen, picture, colourfulness, width, height):
    flags = screen.flags(Radiograph(picture, width, height, colourfulness))
    assert len({flag.name for flag in flags}) == len(flags)
    assert "nan" not in " ".join(flag.reason for flag in flags)
    assert ("colour" in {flag.name for flag in flags}) == (colourfulness > 0.1)


def test_its_values_survive_json_and_flag_the_same(screen, new):
    text = json.dumps(screen.as_values(), allow_nan=False)
    assert len(text) < 6000
    again = Screen.from_values(json.loads(text))
    assert again.as_values() == screen.as_values()
    for pixels in (new[0], 255 - new[0], half_chest(new[0]), np.rot90(new[0]).copy()):
        radiograph = open_radiograph(pixels, SIDE)
        assert again.flags(radiograph) == screen.flags(radiograph)


def test_it_is_the_same_each_time_and_for_a_file_mapped_from_disk(training, screen, tmp_path):
    np.save(tmp_path / "pictures.npy", training)
    mapped = np.load(tmp_path / "pictures.npy", mmap_mode="r")
    assert Screen.fit(mapped).as_values() == screen.as_values()


def test_of_many_pictures_some_are_taken_evenly():
    rng = np.random.default_rng(0)
    many = rng.integers(0, 256, (4001, 16, 16), np.uint8)
    assert Screen.fit(many).pictures == 2000


def test_a_picture_is_looked_at_in_milliseconds(screen, new):
    radiographs = [open_radiograph(pixels, SIDE) for pixels in new]
    began = time.process_time()
    for radiograph in radiographs:
        screen.flags(radiograph)
    assert (time.process_time() - began) / len(radiographs) < 0.02


def test_few_training_pictures_are_reported_in_the_log(caplog, new):
    with caplog.at_level(logging.WARNING, "xraykit"):
        Screen.fit(new[:12])
    assert "12 training pictures are too few" in caplog.text
    caplog.clear()
    Screen.fit(np.concatenate([new, new, new]))
    assert not caplog.text


def test_pictures_that_are_all_alike_can_be_fitted(new):
    same = Screen.fit(np.repeat(new[:1], 30, axis=0))
    assert names(same, new[0]) == set()
    assert names(same, 255 - new[0])
    assert Screen.fit(np.zeros((5, 32, 32), np.uint8)).flags(Radiograph(np.zeros((32, 32), np.uint8), 32, 32, 0.0))


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((1, 32, 32), np.uint8),
        np.zeros((0, 32, 32), np.uint8),
        np.zeros((9, 32, 31), np.uint8),
        np.zeros((9, 32, 32, 1), np.uint8),
        np.zeros((9, 32, 32), np.float32),
    ],
)
def test_wrong_training_pictures_are_reported(pictures):
    with pytest.raises(DataError, match=r"The input check needs .*Received: "):
        Screen.fit(pictures)


def test_a_picture_of_another_size_is_reported(screen):
    with pytest.raises(DataError, match=r"\(64, 64\) uint8.*Received: \(32, 32\)"):
        screen.flags(Radiograph(np.zeros((32, 32), np.uint8), 32, 32, 0.0))


DAMAGE = {
    "no layout": lambda values: values.pop("layout"),
    "no limits": lambda values: values.pop("limits"),
    "no limit of a turn": lambda values: values["limits"]["gains"].pop("turned 90"),
    "a limit that is no number": lambda values: values["limits"].update(contrast="much"),
    "an infinite limit": lambda values: values["limits"].update(contrast=float("inf")),
    "a short mean": lambda values: values["tone"].update(mean="1 2 3"),
    "a mean with letters": lambda values: values["tone"].update(mean="a b c d e f g"),
    "a mean that is a list": lambda values: values["tone"].update(mean=[1, 2]),
    "a mean beyond all numbers": lambda values: values["tone"].update(mean=" ".join(["9" * 400] * 7)),
    "no axes": lambda values: values["layout"].update(axes=[]),
    "an axis without variance": lambda values: values["layout"]["variances"].pop(),
    "a variance of 0": lambda values: values["layout"].update(rest=0),
    "a limit that is NaN": lambda values: values["layout"].update(limit=float("nan")),
    "two middles": lambda values: values["frontal"].update(middles=[1, 2]),
    "a spread of 0": lambda values: values["frontal"].update(spreads=[1, 0, 1]),
    "a size of None": lambda values: values.update(size=None),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_values_are_reported_with_what_to_do(screen, damage):
    values = copy.deepcopy(screen.as_values())
    DAMAGE[damage](values)
    with pytest.raises(DataError, match=r"not the values of an input check.*Expected: size, .*Copy the model's folder"):
        Screen.from_values(values)


@pytest.mark.parametrize("values", [None, 3, "screen", [], {}])
def test_what_is_no_mapping_of_values_is_reported(values):
    with pytest.raises(DataError, match="not the values of an input check"):
        Screen.from_values(values)
