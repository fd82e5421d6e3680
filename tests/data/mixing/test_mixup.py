"""Mixed pairs and smoothed labels: what is mixed with what, in which shares, and what stays unknown."""

import numpy as np
import pytest
from scipy import stats

from tests.data.mixing.test_sampling import Cache
from xraykit.data.batches import Batches
from xraykit.data.mixing.mixup import Mixup, mixed_pictures, mixed_targets
from xraykit.data.mixing.smoothing import smoothed


def _batches(targets, size=4, mixup=0.4, seed=5):
    return Batches(Cache(), [str(row) for row in range(len(targets))], targets, size, seed, mixup=mixup)


def _epoch(batches, number):
    batches.start_epoch(number)
    parts = [batches[at] for at in range(len(batches))]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def test_shares_are_from_beta_and_each_draw_is_a_partner_once():
    order = np.random.default_rng(0).permutation(4000)
    pairs = Mixup.of_epoch(order, 0.4, np.random.default_rng(1))
    assert stats.kstest(pairs.share, stats.beta(0.4, 0.4).cdf).pvalue > 1e-3
    assert sorted(pairs.partner) == sorted(order)
    assert (pairs.partner == order).mean() < 0.01


def test_pictures_and_labels_are_mixed_in_the_same_shares():
    count = 101
    targets = np.stack([np.arange(count) / 100, np.arange(count) > 50], axis=1).astype(np.float32)
    pixels, labels = _epoch(_batches(targets), 0)
    assert pixels.dtype == np.uint8
    assert labels.dtype == np.float32
    # Of radiograph i, each pixel is i and the first label i / 100: both are mixed alike.
    assert np.allclose(pixels[:, 0, 0, 0], 100 * labels[:, 0], atol=0.501)
    assert len(np.unique(labels[:, 1])) > 20
    assert labels.min() >= 0
    assert labels.max() <= 1
    assert labels.mean(axis=0) == pytest.approx(targets.mean(axis=0), abs=0.06)


def test_a_label_is_unknown_where_that_of_either_is():
    own, partner = np.array([[1, np.nan, 0]], np.float32), np.array([[0, 1, np.nan]], np.float32)
    result = mixed_targets(own, partner, np.array([0.25], np.float32))
    assert result[0, 0] == 0.25
    assert np.isnan(result[0, 1:]).all()


def test_what_two_radiographs_have_in_common_stays_exactly():
    random = np.random.default_rng(2)
    same = random.choice([0.0, 1.0, 0.3], (50, 4)).astype(np.float32)
    share = random.random(50).astype(np.float32)
    assert np.array_equal(mixed_targets(same, same.copy(), share), same)
    pictures = random.integers(0, 256, (50, 8, 8), np.uint8)
    assert np.array_equal(mixed_pictures(pictures, pictures.copy(), share), pictures)


def test_pictures_are_mixed_as_the_formula_says():
    random = np.random.default_rng(4)
    own, partner = random.integers(0, 256, (2, 30, 16, 16), np.uint8)
    share = random.beta(0.3, 0.3, 30).astype(np.float32)
    expected = share[:, None, None] * own.astype(float) + (1 - share[:, None, None].astype(float)) * partner
    assert np.abs(mixed_pictures(own, partner, share) - expected).max() <= 0.501


def test_pairs_depend_on_seed_and_epoch_alone_not_on_the_size_of_batches():
    targets = np.random.default_rng(3).random((30, 2)).astype(np.float32)
    whole = _batches(targets)
    epochs = [_epoch(whole, number) for number in range(3)]
    for size in (1, 7, 64):
        for mine, theirs in zip(_epoch(_batches(targets, size), 2), epochs[2], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert not np.array_equal(epochs[0][1], epochs[1][1])
    assert not np.array_equal(_epoch(_batches(targets, seed=6), 0)[1], epochs[0][1])


def test_without_mixup_and_in_order_nothing_is_mixed():
    targets = np.eye(6, 3, dtype=np.float32)
    for batches in (_batches(targets, mixup=0.0), _batches(targets, mixup=0.0, seed=None)):
        pixels, labels = _epoch(batches, 0)
        assert np.array_equal(labels, targets[pixels[:, 0, 0, 0]])
    pixels, _ = _epoch(_batches(targets, seed=None), 0)
    assert pixels[:, 0, 0, 0].tolist() == list(range(6)), "an order that is kept is not mixed"
    plain, other = _batches(targets, mixup=0.0), _batches(targets)
    assert np.array_equal(plain._epoch.order, other._epoch.order)


def test_smoothing_moves_known_targets_towards_one_half():
    targets = np.array([[1, 0, 0.7, np.nan, 0.5]], np.float32)
    expected = np.array([[0.9, 0.1, 0.1 + 0.8 * 0.7, np.nan, 0.5]], np.float32)
    np.testing.assert_allclose(smoothed(targets, 0.1), expected, rtol=1e-6)
    assert smoothed(targets, 0.1).dtype == np.float32
    assert smoothed(targets, 0.0) is targets
