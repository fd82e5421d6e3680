"""The losses against independent float64 formulas."""

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

from xraykit.config import load_experiment
from xraykit.errors import DataError
from xraykit.model.losses import (
    AsymmetricLoss,
    FocalLoss,
    WeightedBinaryCrossentropy,
    build_loss,
    class_weights,
    get_weighted_loss,
)

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


def _focal_terms(y, z, w_pos, w_neg, gamma):
    p = _sigmoid(z)
    return -w_pos * y * (1 - p) ** gamma * np.log(p) - w_neg * (1 - y) * p**gamma * np.log(1 - p)


def _asymmetric_terms(y, z, gamma_positive, gamma_negative, shift):
    p = _sigmoid(z)
    lowered = np.maximum(p - shift, 0)
    return -y * (1 - p) ** gamma_positive * np.log(p) - (1 - y) * lowered**gamma_negative * np.log(1 - lowered)


def _masked(terms, y):
    """Per label the mean over its known entries, summed: one label after the other, in float64."""
    known = ~np.isnan(y)
    return sum(terms[known[:, label], label].mean() for label in range(y.shape[1]) if known[:, label].any())


_GAMMA = st.sampled_from([0.0, 0.5, 1.0, 2.0, 4.0])


def _soft_case(case):
    cases, labels, seed = case
    random = np.random.default_rng(seed)
    y = np.where(random.random((cases, labels)) < 0.3, np.nan, random.choice([0, 1, 0.3, 0.7], (cases, labels)))
    return y.astype(np.float32), random.normal(0, 4, (cases, labels)).astype(np.float32), random


@given(_CASES, _GAMMA)
@settings(max_examples=60, deadline=None)
def test_focal_is_the_formula_of_its_paper(case, gamma):
    y, z, random = _soft_case(case)
    w_pos, w_neg = random.uniform(0, 1, (2, y.shape[1]))
    expected = _masked(_focal_terms(y.astype(float), z, w_pos, w_neg, gamma), y)
    assert float(FocalLoss(w_pos, w_neg, gamma)(y, z)) == pytest.approx(expected, rel=5e-5, abs=1e-6)


@given(_CASES, _GAMMA, _GAMMA, st.sampled_from([0.0, 0.05, 0.3]))
@settings(max_examples=80, deadline=None)
def test_asymmetric_is_the_formula_of_its_paper(case, gamma_positive, gamma_negative, shift):
    y, z, _ = _soft_case(case)
    expected = _masked(_asymmetric_terms(y.astype(float), z, gamma_positive, gamma_negative, shift), y)
    value = float(AsymmetricLoss(gamma_positive, gamma_negative, shift)(y, z))
    assert value == pytest.approx(expected, rel=5e-5, abs=1e-6)


@given(_CASES)
@settings(max_examples=30, deadline=None)
def test_bce_is_the_loss_without_weights_and_focal_without_focus_is_the_weighted_one(case):
    y, z, random = _soft_case(case)
    w_pos, w_neg = random.uniform(0, 1, (2, y.shape[1]))
    ones = np.ones(y.shape[1])
    assert float(build_loss("bce", w_pos, w_neg)(y, z)) == pytest.approx(
        _masked(_focal_terms(y.astype(float), z, ones, ones, 0), y), rel=5e-5, abs=1e-6
    )
    weighted = float(build_loss("weighted", w_pos, w_neg)(y, z))
    assert float(build_loss("focal", w_pos, w_neg, {"gamma": 0.0})(y, z)) == pytest.approx(weighted, rel=1e-5, abs=1e-7)


_ALL = [
    ("weighted", {}),
    ("bce", {}),
    *(("focal", {"gamma": gamma}) for gamma in (0.0, 0.5, 2.0)),
    *(
        ("asymmetric", {"gamma_positive": gamma, "gamma_negative": gamma, "shift": shift})
        for gamma in (0.0, 0.5, 4.0)
        for shift in (0.0, 1e-6, 0.05, 0.9)
    ),
]


@pytest.mark.parametrize(("name", "of_loss"), _ALL)
def test_every_loss_has_finite_values_and_slopes_at_any_logit_and_none_for_unknown_labels(name, of_loss):
    loss = build_loss(name, np.array([0.9]), np.array([0.1]), of_loss)
    logits = np.array([-1e4, -100, -88, -17, -2.944439, -1e-6, 0, 1, 17, 88, 100, 1e4], np.float32)
    for label in (0.0, 0.3, 1.0, np.nan):
        y, z = np.full((len(logits), 1), label, np.float32), logits[:, None]
        value, slope = float(loss(y, z)), _slope(loss, y, z)
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
        if np.isnan(label):
            assert value == 0
            assert not slope.any()


def test_slopes_of_the_focused_losses_are_those_of_the_formula():
    """By central differences of the float64 formula."""
    random = np.random.default_rng(3)
    y = random.choice([0.0, 1.0, 0.4, np.nan], (7, 3)).astype(np.float32)
    z = random.normal(0, 2, (7, 3)).astype(np.float32)
    w_pos, w_neg = random.uniform(0, 1, (2, 3))
    share = np.maximum((~np.isnan(y)).sum(axis=0), 1)
    for loss, terms in (
        (FocalLoss(w_pos, w_neg, 2.0), lambda at: _focal_terms(y.astype(float), at, w_pos, w_neg, 2.0)),
        (AsymmetricLoss(1.0, 4.0, 0.05), lambda at: _asymmetric_terms(y.astype(float), at, 1.0, 4.0, 0.05)),
    ):
        z64 = z.astype(float)
        expected = np.nan_to_num((terms(z64 + 1e-5) - terms(z64 - 1e-5)) / 2e-5) / share
        assert np.allclose(_slope(loss, y, z), expected, atol=2e-5)


def test_a_mixed_target_costs_what_its_two_labels_cost():
    """What mixup needs: each loss is linear in the target."""
    z = np.array([[0.7, -2.0]], np.float32)
    one, other = np.array([[1, 0]], np.float32), np.array([[0, 0]], np.float32)
    for name, of_loss in _ALL:
        loss = build_loss(name, np.array([0.9, 0.6]), np.array([0.1, 0.4]), of_loss)
        mixed = float(loss(0.3 * one + 0.7 * other, z))
        assert mixed == pytest.approx(0.3 * float(loss(one, z)) + 0.7 * float(loss(other, z)), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("name", "of_loss"), _ALL[:1] + _ALL[1:2] + _ALL[4:5] + _ALL[-2:-1])
def test_every_loss_is_saved_and_loaded_with_a_model(tmp_path, name, of_loss):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    loss = build_loss(name, np.array([0.9, 0.8]), np.array([0.1, 0.2]), of_loss)
    model.compile(loss=loss)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras").loss
    assert again.get_config() == loss.get_config()
    y, z = np.array([[1, 0.3]], np.float32), np.array([[0.4, -1]], np.float32)
    assert float(again(y, z)) == float(loss(y, z))


def test_the_settings_of_an_experiment_reach_its_loss():
    training = load_experiment({"training": {"loss": "asymmetric", "asymmetric": {"gamma_negative": 3.0}}}).training
    loss = build_loss(training.loss, np.ones(2), np.ones(2), training.loss_settings)
    assert (loss.gamma_positive, loss.gamma_negative, loss.shift) == (0.0, 3.0, 0.05)
    assert load_experiment({}).training.loss_settings == {}


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


def test_an_empty_training_part_is_reported():
    with pytest.raises(DataError, match="empty"):
        class_weights(np.zeros((0, 3)))
