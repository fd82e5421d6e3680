"""The augmentation layer against SciPy's interpolation, and what it never does."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from xraykit.model.augmentation import RadiographAugmentation, sample

pytestmark = pytest.mark.slow


def _pictures(count=3, height=20, width=24):
    return np.random.default_rng(0).uniform(0, 255, (count, height, width, 1)).astype(np.float32)


def test_sampling_is_bilinear_with_black_outside():
    pictures = _pictures()
    random = np.random.default_rng(1)
    rows = random.uniform(-4, 24, (3, 20, 24)).astype(np.float32)
    columns = random.uniform(-4, 28, (3, 20, 24)).astype(np.float32)
    drawn = np.asarray(sample(pictures, rows, columns))[..., 0]
    for picture, result, row, column in zip(pictures[..., 0], drawn, rows, columns, strict=True):
        padded = np.pad(picture, 8)
        expected = ndimage.map_coordinates(padded, [row + 8, column + 8], order=1)
        assert np.allclose(result, expected, atol=1e-2)


def test_nothing_changes_without_training():
    layer = RadiographAugmentation(0.1, 10, 0.1, 0.2, flip=True)
    pictures = _pictures()
    assert np.array_equal(layer(pictures), pictures)
    assert np.array_equal(layer(pictures, training=False), pictures)


def test_no_change_asked_for_is_no_change():
    pictures = _pictures()
    assert np.array_equal(RadiographAugmentation()(pictures, training=True), pictures)


def test_a_shift_moves_the_picture_by_at_most_what_is_allowed():
    spot = np.zeros((64, 41, 41, 1), np.float32)
    spot[:, 20, 20] = 200
    moved = np.asarray(RadiographAugmentation(shift=0.1)(spot, training=True))[..., 0]
    centres = np.array([ndimage.center_of_mass(picture) for picture in moved]) - 20
    assert np.abs(centres).max() <= 4.1 + 1e-3
    assert np.abs(centres).max() > 3
    assert abs(centres.mean()) < 1


def test_a_rotation_turns_about_the_centre_by_at_most_what_is_allowed():
    spot = np.zeros((64, 41, 41, 1), np.float32)
    spot[:, 20, 35] = 200
    turned = np.asarray(RadiographAugmentation(rotation=20)(spot, training=True))[..., 0]
    centres = np.array([ndimage.center_of_mass(picture) for picture in turned]) - 20
    angles = np.degrees(np.arctan2(centres[:, 0], centres[:, 1]))
    assert np.abs(angles).max() <= 20.5
    assert angles.min() < -10
    assert angles.max() > 10
    assert np.hypot(*centres.T) == pytest.approx(15, abs=0.3)


def test_a_zoom_keeps_the_centre_and_scales_by_at_most_what_is_allowed():
    spot = np.zeros((64, 41, 41, 1), np.float32)
    spot[:, 20, 30] = 200
    zoomed = np.asarray(RadiographAugmentation(zoom=0.2)(spot, training=True))[..., 0]
    distances = np.array([ndimage.center_of_mass(picture)[1] for picture in zoomed]) - 20
    assert 8 - 0.3 <= distances.min() < 9
    assert 11 < distances.max() <= 12 + 0.3


def test_contrast_keeps_the_mean_and_the_range():
    pictures = np.random.default_rng(0).uniform(100, 150, (32, 20, 20, 1)).astype(np.float32)
    changed = np.asarray(RadiographAugmentation(contrast=0.2)(pictures, training=True))
    assert changed.mean(axis=(1, 2, 3)) == pytest.approx(pictures.mean(axis=(1, 2, 3)), rel=1e-4)
    ratios = changed.std(axis=(1, 2, 3)) / pictures.std(axis=(1, 2, 3))
    assert 0.8 - 1e-3 <= ratios.min() < 0.9
    assert 1.1 < ratios.max() <= 1.2 + 1e-3
    extreme = np.asarray(RadiographAugmentation(contrast=0.9)(_pictures(), training=True))
    assert 0 <= extreme.min() <= extreme.max() <= 255


def test_each_picture_and_each_call_is_drawn_anew_from_the_seed():
    keras.utils.set_random_seed(3)
    layer = RadiographAugmentation(shift=0.1)
    same = np.repeat(_pictures(1), 4, axis=0)
    first, second = np.asarray(layer(same, training=True)), np.asarray(layer(same, training=True))
    assert len({picture.tobytes() for picture in (*first, *second)}) == 8
    keras.utils.set_random_seed(3)
    assert np.array_equal(RadiographAugmentation(shift=0.1)(same, training=True), first)


def test_xla_can_compile_it():
    tensorflow = pytest.importorskip("tensorflow")
    layer = RadiographAugmentation(0.1, 10, 0.1, 0.2, flip=True)
    assert layer.supports_jit
    compiled = tensorflow.function(lambda pixels: layer(pixels, training=True), jit_compile=True)
    changed = compiled(_pictures()).numpy()
    assert changed.shape == (3, 20, 24, 1)
    assert 0 <= changed.min() <= changed.max() <= 255
    assert not np.allclose(changed, _pictures())


def test_it_is_built_again_from_its_configuration():
    layer = RadiographAugmentation(0.1, 10.0, 0.2, 0.3, flip=True, name="x")
    again = RadiographAugmentation.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
