"""Balanced sampling: rare findings come more often, as many draws as radiographs, the same for one seed and epoch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.mixing.test_merging import catalog_of, section
from tests.data.mixing.test_sampling import Cache
from xraykit.data.batches import Batches
from xraykit.data.mixing.balancing import drawn_by_share, repeat_factors
from xraykit.data.mixing.merging import merged
from xraykit.data.mixing.sampling import Sampling
from xraykit.model import class_weights


def _generator(seed=7, epoch=0):
    return np.random.Generator(np.random.Philox([seed, epoch]))


def test_a_radiograph_has_the_factor_of_its_rarest_finding():
    targets = np.zeros((100, 3), np.float32)
    targets[:50, 0] = 1  # as often present as absent: not rare
    targets[:8, 1] = 1
    targets[4:6, 2] = 1
    factors = repeat_factors(targets)
    assert factors[60] == factors[20] == 1
    assert factors[0] == pytest.approx(np.sqrt(0.5 / 0.08))
    assert factors[5] == pytest.approx(np.sqrt(0.5 / 0.02))


def test_soft_and_unknown_targets_count_as_what_is_known_of_them():
    targets = np.array([[1, np.nan], [0, 0.5], [0, np.nan], [0, np.nan]], np.float32)
    # The second label is known once, where half of it is present.
    assert repeat_factors(targets).tolist() == [pytest.approx(np.sqrt(2)), 1, 1, 1]
    soft = np.array([[0.5], [0], [0], [0]], np.float32)
    assert repeat_factors(soft)[0] == pytest.approx(1 + 0.5 * (2 - 1))
    assert repeat_factors(np.full((3, 2), np.nan, np.float32)).tolist() == [1, 1, 1]
    assert repeat_factors(np.zeros((3, 1), np.float32)).tolist() == [1, 1, 1]


@settings(max_examples=50)
@given(st.lists(st.floats(1, 20), min_size=1, max_size=80), st.integers(0, 2**31 - 1))
def test_each_row_is_drawn_its_whole_number_of_times_or_once_more(factors, seed):
    expected = len(factors) * np.array(factors) / np.sum(factors)
    rows = drawn_by_share(expected, _generator(seed))
    assert len(rows) == len(factors)
    times = np.bincount(rows, minlength=len(factors))
    assert (times >= np.floor(expected - 1e-9)).all()
    assert (times <= np.ceil(expected + 1e-9)).all()


def test_averages_over_epochs_are_those_expected():
    expected = np.array([0.1, 0.9, 2.3, 0.25, 1.45])
    times = np.mean([np.bincount(drawn_by_share(expected, _generator(1, at)), minlength=5) for at in range(4000)], 0)
    assert times == pytest.approx(expected, abs=0.03)


_RARE = st.lists(st.tuples(st.integers(5, 40), st.integers(0, 5)), min_size=1, max_size=3)


def _training(sizes, weights=None):
    """Sources of some radiographs, the first few of each with a mass."""
    sources = [
        (f"s{at}", {"labels": ["Mass"], **({} if weights is None else {"weight": weights[at]})})
        for at in range(len(sizes))
    ]
    catalogs = []
    for size, positives in sizes:
        mass = np.zeros(size)
        mass[:positives] = 1
        catalogs.append(catalog_of([str(row) for row in range(size)], ["Mass"], mass))
    return merged(section(*sources), catalogs)


@settings(max_examples=40)
@given(_RARE, st.integers(0, 2**31 - 1), st.integers(0, 50), st.booleans())
def test_an_epoch_has_as_many_draws_as_radiographs_more_of_them_rare_and_the_shares_of_sources(
    sizes, seed, epoch, weighted
):
    catalog = _training(sizes, [1.0] * len(sizes) if weighted else None)
    sampling = Sampling.of(catalog, "balanced")
    rows = sampling.order(_generator(seed, epoch))
    assert len(rows) == len(catalog)
    assert set(rows) <= set(range(len(catalog)))
    np.testing.assert_array_equal(rows, Sampling.of(catalog, "balanced").order(_generator(seed, epoch)))
    times = np.bincount(rows, minlength=len(catalog))
    assert sampling.times().sum() == pytest.approx(len(catalog))
    assert np.abs(times - sampling.times()).max() < 1 + 1e-9
    if weighted:
        plain = Sampling.of(catalog)
        of_source = np.bincount(plain.source_of, weights=times)
        np.testing.assert_array_equal(of_source, plain.draws)
    mass = catalog.targets()[:, 0] == 1
    if 0 < mass.mean() < 0.5 and not weighted:
        assert sampling.times()[mass].min() > 1 > sampling.times()[~mass].max()


def test_uniform_sampling_is_as_before():
    assert Sampling.of(_training([(9, 2)]), "uniform") is None
    catalog = _training([(9, 2), (5, 1)], [1.0, 2.0])
    np.testing.assert_array_equal(
        Sampling.of(catalog, "uniform").order(_generator()), Sampling.of(catalog).order(_generator())
    )


def test_class_weights_are_those_of_what_is_drawn():
    catalog = _training([(40, 4)])
    sampling = Sampling.of(catalog, "balanced")
    positive, negative = class_weights(catalog.targets(), sampling.times())
    factor = np.sqrt(0.5 / 0.1)
    share = 4 * factor / (4 * factor + 36)
    assert (positive[0], negative[0]) == (pytest.approx(1 - share), pytest.approx(share))


def test_a_resumed_training_draws_what_an_unbroken_one_draws():
    catalog = _training([(30, 3)])
    arguments = (Cache(), catalog.table["path"].tolist(), catalog.targets(), 7, 5, Sampling.of(catalog, "balanced"))

    def epoch(batches, number):
        batches.start_epoch(number)
        return np.concatenate([batches[at][0][:, 0, 0, 0] for at in range(len(batches))])

    unbroken, resumed = Batches(*arguments), Batches(*arguments)
    orders = [epoch(unbroken, number) for number in range(3)]
    assert not np.array_equal(orders[1], orders[2])
    np.testing.assert_array_equal(epoch(resumed, 2), orders[2])
