"""The augmentation layer against SciPy's interpolation, and what it never does."""

import os
import subprocess
import sys
from importlib.util import find_spec

import cv2
import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage, stats

from xraykit.model.augmentation import AMOUNTS, RadiographAugmentation, sample
from xraykit.model.augmentation.greys import blurred, with_contrast, with_cutout, with_gamma, with_noise

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


class _OfVersion01(keras.layers.Layer):
    """What the layer drew before it knew gamma, noise, blur, cutout and crop: a copy of that code."""

    def __init__(self, shift, rotation, zoom, contrast, flip, seed):
        super().__init__(dtype="float32")
        self.amounts = shift, rotation, zoom, contrast, flip
        self.generator = keras.random.SeedGenerator(seed)

    def _uniform(self, pixels, largest):
        shape = (pixels.shape[0], 1, 1)
        return keras.random.uniform(shape, -largest, largest, dtype="float32", seed=self.generator)

    def call(self, pixels):
        shift, rotation, zoom, contrast, flip = self.amounts
        height, width = pixels.shape[1:3]
        if shift or rotation or zoom or flip:
            rows = ops.arange(height, dtype="float32")[None, :, None] - (height - 1) / 2
            columns = ops.arange(width, dtype="float32")[None, None, :] - (width - 1) / 2
            angle = self._uniform(pixels, np.radians(rotation))
            scale = 1 / (1 + self._uniform(pixels, zoom))
            mirror = ops.sign(self._uniform(pixels, 1.0)) if flip else 1.0
            from_row = scale * (ops.cos(angle) * rows - ops.sin(angle) * columns)
            from_column = scale * mirror * (ops.sin(angle) * rows + ops.cos(angle) * columns)
            down, right = self._uniform(pixels, shift * height), self._uniform(pixels, shift * width)
            pixels = sample(pixels, from_row + down + (height - 1) / 2, from_column + right + (width - 1) / 2)
        if contrast:
            mean = ops.mean(pixels, axis=(1, 2, 3), keepdims=True)
            factor = 1 + self._uniform(pixels, contrast)[..., None]
            pixels = ops.clip((pixels - mean) * factor + mean, 0.0, 255.0)
        return pixels


@pytest.mark.parametrize(
    "amounts", [(0.05, 5.0, 0.05, 0.1, False), (0.1, 20.0, 0.2, 0.3, True), (0, 0, 0, 0.4, False), (0.1, 0, 0, 0, True)]
)
def test_without_the_newer_kinds_the_pictures_are_those_of_earlier_versions_bit_by_bit(amounts):
    """A run that an earlier version began continues exactly."""
    earlier, layer = _OfVersion01(*amounts, seed=11), RadiographAugmentation(*amounts, seed=11)
    for _ in range(3):
        assert np.array_equal(layer(_pictures(), training=True), earlier(_pictures()))
    assert np.array_equal(layer.generator.state, earlier.generator.state)


def test_a_configuration_of_an_earlier_version_is_read():
    config = RadiographAugmentation(0.1, 10.0, 0.2, 0.3, flip=True).get_config()
    earlier = {key: value for key, value in config.items() if key not in ("gamma", "noise", "blur", "cutout", "crop")}
    assert RadiographAugmentation.from_config(earlier).get_config() == config


def test_gamma_is_a_curve_through_black_and_white_with_a_symmetrical_exponent():
    ramp = np.broadcast_to(np.linspace(0, 255, 52, dtype=np.float32)[:, None, None], (400, 52, 2, 1))
    changed = np.asarray(RadiographAugmentation(gamma=0.5, seed=1)(ramp, training=True))
    assert np.allclose(changed[:, 0], 0, atol=1e-3)
    assert np.allclose(changed[:, -1], 255, atol=1e-3)
    exponents = np.log(changed[:, 20, 0, 0] / 255) / np.log(ramp[0, 20, 0, 0] / 255)
    expected = 255 * (ramp[:, :, 0, 0] / 255) ** exponents[:, None]
    assert np.allclose(changed[..., 0, 0], expected, atol=0.01)
    assert 1 / 1.5 - 1e-3 <= exponents.min() < 0.7
    assert 1.45 < exponents.max() <= 1.5 + 1e-3
    assert abs(np.log(exponents).mean()) < 3 * np.log(1.5) / np.sqrt(3 * 400)


def test_noise_has_the_deviation_drawn_no_bias_and_is_another_for_each_pixel():
    grey = np.full((300, 32, 32, 1), 128, np.float32)
    noise = np.asarray(RadiographAugmentation(noise=10, seed=2)(grey, training=True))[..., 0] - 128
    deviations = noise.std(axis=(1, 2))
    assert deviations.max() <= 10 * 1.1
    assert stats.kstest(deviations / 10, "uniform").pvalue > 1e-3
    assert abs(noise.mean()) < 0.1
    standard = noise / deviations[:, None, None]
    assert stats.kstest(standard[:20].ravel(), "norm").pvalue > 1e-4
    assert abs((standard[:, :, 1:] * standard[:, :, :-1]).mean()) < 0.01
    dark = np.asarray(RadiographAugmentation(noise=64, seed=2)(grey * 0, training=True))
    assert dark.min() == 0


@pytest.mark.parametrize("deviation", [0.0, 0.4, 1.0, 2.5, 5.0])
def test_blur_is_opencv_s(deviation):
    pictures = _pictures(2, 40, 48)
    result = np.asarray(blurred(pictures, np.full((2, 1, 1), deviation, np.float32)))[..., 0]
    for picture, each in zip(pictures[..., 0], result, strict=True):
        expected = cv2.GaussianBlur(picture, (61, 61), deviation) if deviation else picture
        assert np.allclose(each, expected, atol=0.02)


def test_each_picture_is_blurred_by_a_deviation_of_its_own_up_to_the_largest():
    spot = np.zeros((200, 31, 31, 1), np.float32)
    spot[:, 15, 15] = 255
    result = np.asarray(RadiographAugmentation(blur=2, seed=3)(spot, training=True))[..., 0]
    assert np.allclose(result.sum(axis=(1, 2)), 255, rtol=1e-3)
    distance = (np.arange(31) - 15.0) ** 2
    deviations = np.sqrt((result.sum(axis=2) * distance).sum(axis=1) / 255)
    # A Gaussian in whole pixels: near 0 it is narrower than its deviation.
    assert deviations.max() <= 2.01
    assert 0.8 < np.median(deviations) < 1.2


def test_cutout_paints_one_rectangle_in_the_mean_grey():
    pictures = np.repeat(_pictures(1, 50, 50), 400, axis=0)
    changed = np.asarray(RadiographAugmentation(cutout=0.4, seed=4)(pictures, training=True))
    mean = pictures[0].mean()
    painted = np.abs(changed - mean)[..., 0] < 1e-2
    assert np.array_equal(changed[..., 0][~painted], pictures[..., 0][~painted])
    sides = np.array([[mask.any(axis=1).sum(), mask.any(axis=0).sum()] for mask in painted])
    assert np.array_equal(painted.sum(axis=(1, 2)), sides.prod(axis=1)), "a whole rectangle"
    assert sides.max() <= 0.4 * 50 + 1
    assert sides.max() >= 19
    # Sides are uniform from 0 to 0.4 of the picture and independent.
    assert painted.mean() == pytest.approx(0.2 * 0.2, rel=0.15)
    often = painted.mean(axis=0)
    assert often[15:35, 15:35].mean() > 2 * often[0].mean() > 0
    assert np.allclose([often[:25].mean(), often[:, :25].mean()], often.mean(), rtol=0.15)


def test_a_crop_enlarges_a_part_that_lies_within_the_picture():
    rows, columns = np.meshgrid(np.arange(40.0), np.arange(30.0), indexing="ij")
    picture = (5 * rows + 1).astype(np.float32), (7 * columns + 1).astype(np.float32)
    batches = [np.repeat(each[None, ..., None], 300, axis=0) for each in picture]
    down, right = (np.asarray(RadiographAugmentation(crop=0.5, seed=5)(each, training=True)) for each in batches)
    from_row, from_column = (down[..., 0] - 1) / 5, (right[..., 0] - 1) / 7
    assert from_row.min() >= -1e-3
    assert from_row.max() <= 39 + 1e-3
    assert from_column.min() >= -1e-3
    assert from_column.max() <= 29 + 1e-3
    steps = np.diff(from_row[:, :, 0], axis=1)
    assert np.allclose(steps, steps[:, :1], atol=1e-3), "a plain enlargement"
    assert np.allclose(steps[:, :1], np.diff(from_column[:, 0], axis=1), atol=1e-3), "of the same size both ways"
    kept = steps[:, 0]
    assert stats.kstest((1 - kept) / 0.5, "uniform").pvalue > 1e-3
    place = from_row[:, 0, 0] / (39 * (1 - kept))
    assert stats.kstest(place[kept < 0.95], "uniform").pvalue > 1e-3


EVERYTHING = {
    "shift": 0.1,
    "rotation": 10,
    "zoom": 0.1,
    "contrast": 0.2,
    "flip": True,
    "gamma": 0.3,
    "noise": 5,
    "blur": 1.5,
    "cutout": 0.3,
    "crop": 0.2,
}


@pytest.mark.parametrize("kind", AMOUNTS)
def test_each_kind_changes_pictures_in_training_alone_and_within_range(kind):
    layer = RadiographAugmentation(**{kind: EVERYTHING[kind]}, seed=1)
    pictures = _pictures(8)
    assert np.array_equal(layer(pictures), pictures)
    changed = np.asarray(layer(pictures, training=True))
    assert changed.shape == pictures.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 255 + 1e-3
    assert not np.allclose(changed, pictures)
    again = RadiographAugmentation(**{kind: EVERYTHING[kind]}, seed=1)
    assert np.array_equal(again(pictures, training=True), changed)
    assert not np.array_equal(again(pictures, training=True), changed)


def test_xla_compiles_everything_at_once():
    tensorflow = pytest.importorskip("tensorflow")

    def drawn():
        layer = RadiographAugmentation(**EVERYTHING, seed=6)
        compiled = tensorflow.function(lambda pixels: layer(pixels, training=True), jit_compile=True)
        return [compiled(_pictures()).numpy() for _ in range(2)]

    first, second = drawn()
    assert first.shape == (3, 20, 24, 1)
    assert 0 <= first.min() <= first.max() <= 255 + 1e-3
    assert not np.allclose(first, second)
    assert np.array_equal(drawn(), [first, second])


def test_compiled_by_xla_the_same_amounts_give_the_same_pictures():
    """XLA draws other random numbers than TensorFlow, so the amounts are given here."""
    tensorflow = pytest.importorskip("tensorflow")
    amounts = np.array([0.2, 0.6, 1.4], np.float32)[:, None, None, None]
    for change in (
        lambda pixels: with_contrast(pixels, amounts),
        lambda pixels: with_gamma(pixels, amounts),
        lambda pixels: blurred(pixels, amounts[..., 0]),
        lambda pixels: with_noise(pixels, pixels / 100 - 1, amounts),
        lambda pixels: with_cutout(pixels, (amounts / 3, amounts / 4), (amounts / 2, amounts / 2)),
    ):
        compiled = tensorflow.function(change, jit_compile=True)
        assert np.allclose(compiled(_pictures()), change(tensorflow.constant(_pictures())), atol=0.01)


def test_the_precision_of_the_network_does_not_matter():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = RadiographAugmentation(**EVERYTHING, seed=6)
        changed = layer(_pictures(), training=True)
        assert changed.dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.array_equal(changed, RadiographAugmentation(**EVERYTHING, seed=6)(_pictures(), training=True))


_ON_JAX = """
import sys, jax, keras, numpy as np
from xraykit.model.augmentation import RadiographAugmentation
amounts = eval(sys.argv[2])
pixels = np.load(sys.argv[1])
layer, twin = (RadiographAugmentation(**amounts, seed=6) for _ in range(2))
layer.build(pixels.shape)
state = [each.value for each in layer.non_trainable_variables]
compiled = jax.jit(lambda state, pixels: layer.stateless_call([], state, pixels, training=True))
first, state = compiled(state, pixels)
second, state = compiled(state, pixels)
assert first.shape == pixels.shape and not np.allclose(first, second)
assert np.allclose(first, twin(pixels, training=True), atol=0.05)
assert 0 <= np.min(first) and np.max(first) <= 255.001
print("same")
"""


@pytest.mark.process
@pytest.mark.skipif(not find_spec("jax"), reason="the extra `jax` is not installed")
def test_jax_compiles_everything(tmp_path):
    np.save(tmp_path / "in.npy", _pictures())
    command = [sys.executable, "-c", _ON_JAX, str(tmp_path / "in.npy"), repr(EVERYTHING)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "jax"}, check=False
    )
    assert done.stdout.strip() == "same", done.stderr
