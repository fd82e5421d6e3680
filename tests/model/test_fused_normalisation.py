"""The fused normalisation against a reference in float64: result, statistics and gradients, in every precision."""

import keras
import numpy as np
import pytest

tensorflow = pytest.importorskip("tensorflow")

from xraykit.model.tensorflow import fused  # noqa: E402

# A result is rounded once to its type, which keeps so many bits; sums are float32 in every precision.
ROUNDING = {"float32": 2e-5, "mixed_bfloat16": 2**-7, "mixed_float16": 2**-10}
SHAPES = [(1, 7, 5, 33), (3, 3, 1, 1), (2, 13, 11, 17), (16, 7, 7, 64)]
EPSILON, MOMENTUM = 1.001e-5, 0.9


def _reference(x, gamma, beta, slopes):
    """Result, mean, variance; gradients of features, scale and offset. The formulas of Ioffe and Szegedy (2015)."""
    axes, count = (0, 1, 2), x[..., 0].size
    mean, variance = x.mean(axes), x.var(axes)
    scale = 1 / np.sqrt(variance + EPSILON)
    normal = (x - mean) * scale
    of_gamma, of_beta = (slopes * normal).sum(axes), slopes.sum(axes)
    of_x = gamma * scale * (slopes - of_beta / count - normal * of_gamma / count)
    return normal * gamma + beta, mean, variance, of_x, of_gamma, of_beta


def _layer(policy, channels, random):
    layer = keras.layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, dtype=policy)
    layer.build((None, None, None, channels))
    layer.gamma.assign(random.normal(1, 0.3, channels))
    layer.beta.assign(random.normal(0, 1, channels))
    return layer


def _by_operation(layer, x, slopes):
    watched = [x, layer.gamma.value, layer.beta.value]
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        y = fused.normalise(layer, x)
    return [y, layer.moving_mean.value, layer.moving_variance.value, *tape.gradient(y, watched, slopes)]


def _exactly(tensor):
    return np.asarray(tensorflow.cast(tensor, "float64"))


def _error(found, expected):
    """The largest difference, as a share of the largest value."""
    return np.abs(_exactly(found) - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("mean", [0, 1000])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("policy", ROUNDING)
def test_result_statistics_and_gradients_are_exact_up_to_the_precision(policy, shape, mean, graph):
    random = np.random.default_rng(0)
    layer = _layer(policy, shape[-1], random)
    x = tensorflow.cast(random.normal(mean, 3, shape), layer.compute_dtype)
    slopes = tensorflow.cast(random.normal(0, 1, shape), layer.compute_dtype)
    run = tensorflow.function(_by_operation, autograph=False) if graph else _by_operation
    y, moving_mean, moving_variance, *gradients = run(layer, x, slopes)
    expected = _reference(*(_exactly(each) for each in (x, layer.gamma.value, layer.beta.value, slopes)))
    rounding = ROUNDING[policy]
    # float32 has seven digits, of which a mean of a thousand leaves four.
    far = 1e-3 if mean else 2e-6
    assert y.dtype == layer.compute_dtype == gradients[0].dtype
    assert _error(y, expected[0]) < rounding + (far if mean else 0)
    assert _error(moving_mean, (1 - MOMENTUM) * expected[1]) < 1e-5
    assert _error(moving_variance, MOMENTUM + (1 - MOMENTUM) * expected[2]) < 1e-4
    assert _error(gradients[0], expected[3]) < rounding
    assert _error(gradients[1], expected[4]) < max(far, 1e-5)
    assert _error(gradients[2], expected[5]) < 1e-5


@pytest.mark.parametrize("policy", ROUNDING)
def test_one_value_in_each_channel_has_no_variance_and_no_gradient(policy):
    random = np.random.default_rng(0)
    layer = _layer(policy, 3, random)
    x = tensorflow.cast(random.normal(0, 3, (1, 1, 1, 3)), layer.compute_dtype)
    y, _, moving_variance, of_x, of_gamma, _ = _by_operation(layer, x, tensorflow.ones_like(x))
    assert _error(y, _exactly(layer.beta.value)) < ROUNDING[policy]
    assert np.allclose(moving_variance, MOMENTUM)
    assert not np.any(_exactly(of_x))
    assert not np.any(_exactly(of_gamma))


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_half_precision_is_not_copied_where_the_device_takes_it(kind):
    assert fused.takes(tensorflow.as_dtype(kind))
    layer = _layer(f"mixed_{kind}", 4, np.random.default_rng(0))
    takes = [tensorflow.TensorSpec((None, 4, 4, 4), kind)]
    graph = tensorflow.function(lambda x: fused.normalise(layer, x), takes, autograph=False).get_concrete_function()
    casts = [each for each in graph.graph.get_operations() if each.type == "Cast"]
    assert [each.name for each in casts if each.inputs[0].dtype == kind] == []


def test_where_a_kernel_is_missing_the_features_are_cast(monkeypatch):
    def missing(**settings):
        raise tensorflow.errors.NotFoundError(None, None, "No registered 'FusedBatchNormV3' OpKernel")

    random = np.random.default_rng(0)
    layer = _layer("mixed_bfloat16", 4, random)
    x = tensorflow.cast(random.normal(0, 3, (2, 3, 3, 4)), "bfloat16")
    expected = _by_operation(layer, x, tensorflow.ones_like(x))[0]
    operation = fused._fused_normalisation
    monkeypatch.setattr(
        fused, "_fused_normalisation", lambda x, *others: missing() if x.dtype == "bfloat16" else operation(x, *others)
    )
    fused.takes.cache_clear()
    try:
        assert not fused.takes(tensorflow.bfloat16)
        found = _by_operation(layer, x, tensorflow.ones_like(x))[0]
    finally:
        fused.takes.cache_clear()
    assert found.dtype == "bfloat16"
    assert np.allclose(_exactly(found), _exactly(expected), atol=0.02)
