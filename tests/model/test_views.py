"""The views of test-time augmentation: fixed, known, and averaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xraykit.model import over_views, views_of

NUMBERS = {"none": 1, "shifts": 5, "shifts_and_zooms": 7, "flips": 2, "shifts_zooms_and_flips": 14}
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype(np.float32)


@pytest.mark.parametrize(("name", "number"), NUMBERS.items())
def test_the_views_are_of_the_same_shape_and_all_different(name, number):
    seen = [view(PICTURES) for view in views_of(name)]
    assert len(seen) == number
    assert np.array_equal(seen[0], PICTURES)
    assert {each.shape for each in seen} == {PICTURES.shape}
    assert len({each.tobytes() for each in seen}) == number


@given(
    st.sampled_from(sorted(NUMBERS)),
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 3), st.just(17), st.just(17), st.just(1))),
)
def test_views_stay_within_the_greys_of_the_picture_and_do_not_depend_on_the_others(name, pictures):
    for view in views_of(name):
        seen = view(pictures)
        for picture, each in zip(pictures, seen, strict=True):
            assert picture.min() - 1e-3 <= each.min() <= each.max() <= picture.max() + 1e-3
            assert np.array_equal(view(picture[None])[0], each)


def test_a_shift_moves_by_whole_pixels_and_continues_the_edge():
    left, right, up, down = views_of("shifts")[1:]
    assert np.array_equal(left(PICTURES)[:, :, :-1], PICTURES[:, :, 1:])
    assert np.array_equal(left(PICTURES)[:, :, -1], PICTURES[:, :, -1])
    assert np.array_equal(right(PICTURES)[:, :, 1:], PICTURES[:, :, :-1])
    assert np.array_equal(up(PICTURES)[:, :-1], PICTURES[:, 1:])
    assert np.array_equal(down(PICTURES)[:, 1:], PICTURES[:, :-1])
    assert np.array_equal(down(PICTURES)[:, 0], PICTURES[:, 0])
    large = np.random.default_rng(1).integers(0, 256, (1, 224, 224, 1))
    assert np.array_equal(right(large)[:, :, 7:], large[:, :, :-7])


def test_a_zoom_is_about_the_middle():
    enlarged, reduced = views_of("shifts_and_zooms")[5:]
    places = np.arange(33.0)
    ramp = np.broadcast_to(places[:, None], (1, 33, 33))[..., None]
    middle = enlarged(ramp)[0, :, 0, 0]
    assert middle == pytest.approx(16 + (places - 16) / 1.05, abs=1e-4)
    assert reduced(ramp)[0, :, 0, 0] == pytest.approx(np.clip(16 + (places - 16) * 1.05, 0, 32), abs=1e-4)
    assert enlarged(np.swapaxes(ramp, 1, 2))[0, 0, :, 0] == pytest.approx(middle)


def test_logits_are_the_mean_over_the_views():
    def network(view):
        return view(PICTURES)[:, 0, :3, 0]

    for name in NUMBERS:
        expected = np.mean([network(view) for view in views_of(name)], axis=0)
        assert over_views(name, network) == pytest.approx(expected, abs=1e-4)
    assert over_views("none", network).dtype == np.float32
