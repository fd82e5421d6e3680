"""Differences and ratios of two shares: against statsmodels, and by exact enumeration of all outcomes."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from xraykit.evaluation.statistics.contrasts import difference_interval, difference_p_value, ratio_interval
from xraykit.evaluation.statistics.shares import Share

COUNTS = st.integers(2, 60).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases)))


class OfWilson(NamedTuple):
    """A share with Wilson's intervals."""

    found: int
    cases: int

    @property
    def value(self):
        return self.found / self.cases

    def interval(self, level=0.95):
        return list(proportion_confint(self.found, self.cases, 1 - level, method="wilson"))


def share(found, cases):
    return Share(found / cases, cases, cases)


@given(COUNTS, COUNTS, st.sampled_from([0.9, 0.95, 0.99]))
def test_from_wilsons_intervals_a_difference_is_newcombes(one, other, level):
    expected = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff", alpha=1 - level)
    assert difference_interval(OfWilson(*one), OfWilson(*other), level) == pytest.approx(expected, abs=1e-9)


@given(COUNTS, COUNTS)
def test_a_difference_reversed_is_its_negative(one, other):
    low, high = difference_interval(share(*one), share(*other))
    assert difference_interval(share(*other), share(*one)) == pytest.approx([-high, -low])


@given(COUNTS, COUNTS)
def test_the_p_value_is_the_level_at_which_the_interval_reaches_0(one, other):
    p = difference_p_value(share(*one), share(*other))
    assert 0 < p <= 1
    for level, leaves_out in ((1 - p * 1.01, True), (1 - p * 0.99, False)):
        if 0 < level < 1 - 2e-12:
            low, high = difference_interval(share(*one), share(*other), level)
            assert (not low <= 0 <= high) is leaves_out


@given(COUNTS, COUNTS)
def test_a_ratio_lies_in_its_interval_and_reversed_is_one_over_it(one, other):
    low, high = ratio_interval(share(*one), share(*other))
    assert 0 <= low <= high
    if other[0]:
        assert low <= share(*one).value / share(*other).value * (1 + 1e-9)
        assert high >= share(*one).value / share(*other).value * (1 - 1e-9)
    else:
        assert math.isinf(high)
    inverted = ratio_interval(share(*other), share(*one))
    assert inverted[0] == pytest.approx(1 / high if high else math.inf)
    assert inverted[1] == pytest.approx(1 / low if low else math.inf)


@pytest.mark.parametrize(("few", "many"), [(3, 8), (5, 20), (10, 40)])
@pytest.mark.parametrize(("one", "other"), [(0.5, 0.3), (0.8, 0.02), (0.95, 0.1), (0.8, 0.8)])
def test_differences_and_ratios_hold_the_truth_in_94_percent_of_all_outcomes(few, many, one, other):
    """Exact: each pair of outcomes with its chance. The ratio is a likelihood ratio, and PPV by Bayes' theorem."""
    held = np.zeros(2)
    for first in range(few + 1):
        for second in range(many + 1):
            chance = binom.pmf(first, few, one) * binom.pmf(second, many, other)
            pair = share(first, few), share(second, many)
            for at, (truth, (low, high)) in enumerate(
                [(one - other, difference_interval(*pair)), (one / other, ratio_interval(*pair))]
            ):
                held[at] += chance * (low - 1e-12 <= truth <= high + 1e-12)
    assert held.min() >= 0.94


def test_one_patient_gives_none():
    alone = Share(1.0, 3.0, 1)
    assert difference_interval(alone, share(1, 2)) is None
    assert ratio_interval(share(1, 2), alone) is None
    assert difference_p_value(alone, share(1, 2)) is None
