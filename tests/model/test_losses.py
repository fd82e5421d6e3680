"""The weighted loss against an independent float64 loop."""

import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xraykit.errors import DataError
from xraykit.model.losses import WeightedBinaryCrossentropy, class_weights, get_weighted_loss

pytestmark = pytest.mark.slow


def _loop(y_true, y_pred, pos_weights, neg_weights, epsilon=1e-7):
    """The formula of the course that made it known, label by label and case by case, in float64."""
    loss = 0.0
    for label in range(y_true.shape[1]):
        terms = []
        for case in range(y_true.shape[0]):
            y, p = float(y_true[case, label]), float(y_pred[case, label])
            if np.isnan(y):
                continue
            positive = float(pos_weights[label]) * y * np.log(p + epsilon)
            negative = float(neg_weights[label]) * (1 - y) * np.log(1 - p + epsilon)
            terms.append(positive + negative)
        loss += -np.mean(terms) if terms else 0.0
    return loss


def _sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, np.float64)))


_CASES = st.tuples(st.integers(1, 9), st.integers(1, 14), st.integers(0, 2**31))


@given(_CASES)
@settings(max_examples=60, deadline=None)
def test_the_known_formula_is_kept(case):
    cases, labels, seed = case
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, (cases, labels)).astype(np.float32)
    p = random.uniform(0.001, 0.999, (cases, labels)).astype(np.float32)
    w_pos, w_neg = random.uniform(0, 1, (2, labels))
    value = float(get_weighted_loss(w_pos, w_neg)(y, p))
    assert value == pytest.approx(_loop(y, p, w_pos, w_neg), rel=2e-5, abs=1e-6)


def test_epsilon_is_the_third_argument_with_the_known_default():
    y, p = np.array([[1.0]], np.float32), np.array([[0.0]], np.float32)
    assert float(get_weighted_loss([1.0], [1.0])(y, p)) == pytest.approx(-np.log(1e-7), rel=1e-5)
    assert float(get_weighted_loss([1.0], [1.0], 0.5)(y, p)) == pytest.approx(-np.log(0.5), rel=1e-5)


@given(_CASES)
@settings(max_examples=60, deadline=None)
def test_the_twin_on_logits_has_the_same_value_with_unknown_labels_masked(case):
    cases, labels, seed = case
    random = np.random.default_rng(seed)
    y = random.choice([0.0, 1.0, np.nan], (cases, labels), p=[0.5, 0.3, 0.2]).astype(np.float32)
    z = random.normal(0, 4, (cases, labels)).astype(np.float32)
    w_pos, w_neg = random.uniform(0, 1, (2, labels))
    value = float(WeightedBinaryCrossentropy(w_pos, w_neg)(y, z))
    assert value == pytest.approx(_loop(y, _sigmoid(z), w_pos, w_neg, epsilon=0), rel=2e-5, abs=1e-6)


def _slope(loss, y, z):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        logits = tf.Variable(z)
        value = loss(y, logits)
    return tape.gradient(value, logits).numpy()


def _expected_slope(y, z, w_pos, w_neg):
    """The derivative of the formula by hand: of each label the mean over its known entries."""
    known = ~np.isnan(y)
    p, t = _sigmoid(z), np.where(known, y, 0)
    slopes = np.asarray(w_neg) * (1 - t) * p - np.asarray(w_pos) * t * (1 - p)
    return np.where(known, slopes / np.maximum(known.sum(axis=0), 1), 0)


@given(_CASES)
@settings(max_examples=40, deadline=None)
def test_a_soft_target_pulls_with_its_share_of_both_classes(case):
    cases, labels, seed = case
    random = np.random.default_rng(seed)
    y = np.where(random.random((cases, labels)) < 0.2, np.nan, random.random((cases, labels))).astype(np.float32)
    z = random.normal(0, 3, (cases, labels)).astype(np.float32)
    w_pos, w_neg = random.uniform(0, 1, (2, labels))
    loss = WeightedBinaryCrossentropy(w_pos, w_neg)
    assert float(loss(y, z)) == pytest.approx(_loop(y, _sigmoid(z), w_pos, w_neg, epsilon=0), rel=2e-5, abs=1e-6)
    assert np.allclose(_slope(loss, y, z), _expected_slope(y, z, w_pos, w_neg), atol=1e-6)


_ON_JAX = """
import sys, jax, numpy as np
from xraykit.model.losses import WeightedBinaryCrossentropy
y, z = np.load(sys.argv[1])
slope = jax.grad(lambda logits: WeightedBinaryCrossentropy([0.9, 0.6], [0.1, 0.4])(y, logits))(z)
np.save(sys.argv[2], np.asarray(slope))
"""


@pytest.mark.process
@pytest.mark.skipif(not find_spec("jax"), reason="the extra `jax` is not installed")
def test_a_soft_target_pulls_alike_on_jax(tmp_path):
    random = np.random.default_rng(5)
    y = np.array([[0.7, 0.0], [np.nan, 0.3], [1.0, 0.55]], np.float32)
    z = random.normal(0, 3, y.shape).astype(np.float32)
    np.save(tmp_path / "in.npy", np.stack([y, z]))
    subprocess.run(
        [sys.executable, "-c", _ON_JAX, str(tmp_path / "in.npy"), str(tmp_path / "out.npy")],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    slope = np.load(tmp_path / "out.npy")
    assert np.allclose(slope, _expected_slope(y, z, [0.9, 0.6], [0.1, 0.4]), atol=1e-6)


@pytest.mark.parametrize("logit", [50.0, -50.0])
@pytest.mark.parametrize("label", [0.0, 1.0, np.nan])
def test_it_is_finite_with_a_slope_at_extreme_logits(logit, label):
    loss = WeightedBinaryCrossentropy([0.9], [0.1])
    y = np.array([[label]], np.float32)
    z = np.array([[logit]], np.float32)
    value, slope = float(loss(y, z)), _slope(loss, y, z)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    wrong = (logit > 0) != bool(label) and not np.isnan(label)
    assert value == pytest.approx(50 * (0.9 if label else 0.1) if wrong else 0.0, abs=1e-6)
    assert (abs(slope) > 0.05).all() == wrong


def test_a_batch_without_any_known_label_costs_nothing():
    y = np.full((4, 3), np.nan, np.float32)
    assert float(WeightedBinaryCrossentropy([1, 1, 1], [1, 1, 1])(y, np.ones((4, 3), np.float32))) == 0.0


def test_it_can_be_saved_and_loaded_with_a_model(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(loss=WeightedBinaryCrossentropy([0.9, 0.8], [0.1, 0.2]))
    model.save(tmp_path / "m.keras")
    loss = keras.saving.load_model(tmp_path / "m.keras").loss
    assert isinstance(loss, WeightedBinaryCrossentropy)
    assert (loss.pos_weights, loss.neg_weights) == ([0.9, 0.8], [0.1, 0.2])


def test_weights_are_the_share_of_the_other_class_among_known_labels():
    targets = np.array([[1, np.nan], [0, np.nan], [0, 1], [0, 0]], np.float32)
    positive, negative = class_weights(targets)
    assert positive.tolist() == [0.75, 0.5]
    assert negative.tolist() == [0.25, 0.5]


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.sampled_from([0, 0.25, 0.75, 1])
    )
)
def test_positives_and_negatives_count_the_same_in_total(targets):
    positive, negative = class_weights(targets)
    assert np.allclose(positive * targets.sum(0), negative * (1 - targets).sum(0), atol=1e-5)


def test_a_label_that_is_never_known_weighs_nothing():
    positive, negative = class_weights(np.array([[np.nan], [np.nan]]))
    assert (positive[0], negative[0]) == (0.0, 0.0)


def test_an_empty_training_part_is_told():
    with pytest.raises(DataError, match="empty"):
        class_weights(np.zeros((0, 3)))
