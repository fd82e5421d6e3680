"""Differences of metrics of different patients."""

import numpy as np
import pytest

from xraykit.evaluation import evaluate, unpaired_differences
from xraykit.evaluation.statistics.contrasts import difference_interval
from xraykit.evaluation.statistics.shares import share_of


def side(seed, skill):
    random = np.random.default_rng(seed)
    y = (random.random(300) < 0.4).astype(float)
    p = 1 / (1 + np.exp(-skill * y - random.normal(size=300)))
    metrics = evaluate(
        np.c_[y], np.c_[p], np.arange(300), ["Mass"], {"Mass": 0.6}, part="test", split="", resamples=200, seed=0
    )
    return y, p, metrics["labels"]["Mass"]


def test_a_difference_of_shares_has_newcombes_interval():
    (y, p, first), (other, q, second) = side(0, 2.0), side(1, 0.5)
    found = unpaired_differences(first, second)
    shares = [share_of((p >= 0.6) & (y == 1), y == 1, np.arange(300)) for y, p in ((other, q), (y, p))]
    assert found["sensitivity_difference"] == pytest.approx(shares[0].value - shares[1].value)
    assert found["sensitivity_difference_interval"] == pytest.approx(difference_interval(*shares))


def test_a_loss_of_skill_is_found_and_equal_sides_are_not_distinguished():
    _, _, good = side(0, 3.0)
    _, _, bad = side(1, 0.2)
    low, high = unpaired_differences(good, bad)["roc_auc_difference_interval"]
    assert low < high < 0
    _, _, same = side(2, 3.0)
    low, high = unpaired_differences(good, same)["roc_auc_difference_interval"]
    assert low < 0 < high


def test_what_one_side_lacks_has_no_difference_and_what_has_no_interval_none_either():
    found = unpaired_differences(
        {"roc_auc": 0.7, "roc_auc_interval": None}, {"roc_auc": 0.6, "roc_auc_interval": [0, 1]}
    )
    assert found["roc_auc_difference"] == pytest.approx(-0.1)
    assert found["roc_auc_difference_interval"] is None
    assert found["specificity_difference"] is None
