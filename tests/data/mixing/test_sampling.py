"""The training batches of several sources: shares as wished, the same order for the same seed and epoch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.mixing.test_merging import catalog_of, section
from xraykit.data.batches import Batches
from xraykit.data.mixing.merging import merged
from xraykit.data.mixing.sampling import Sampling
from xraykit.errors import DataError
from xraykit.model import class_weights


def training(sizes, weights):
    sources = [
        (f"s{at}", {"labels": ["Mass"], **({} if weight is None else {"weight": weight})})
        for at, weight in enumerate(weights)
    ]
    catalogs = [catalog_of([str(row) for row in range(size)], ["Mass"], np.zeros(size)) for size in sizes]
    return merged(section(*sources), catalogs)


def order(sampling, seed=7, epoch=0):
    return sampling.order(np.random.Generator(np.random.Philox([seed, epoch])))


def test_without_weights_each_radiograph_is_drawn_once():
    assert Sampling.of(training([3, 5], [None, None])) is None


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0.1, 10)), min_size=2, max_size=4),
    st.integers(0, 2**31 - 1),
    st.integers(0, 50),
)
def test_shares_are_as_wished_and_no_radiograph_is_preferred(sources, seed, epoch):
    sizes, weights = zip(*sources, strict=True)
    total = sum(sizes)
    if any(total * weight / sum(weights) < 1 for weight in weights):
        return
    catalog = training(sizes, weights)
    sampling = Sampling.of(catalog)
    rows = order(sampling, seed, epoch)
    assert len(rows) == len(catalog)
    times = np.bincount(rows, minlength=len(catalog))
    for source, (size, weight) in enumerate(sources):
        of_source = times[sampling.source_of == source]
        assert len(of_source) == size
        assert abs(of_source.sum() - total * weight / sum(weights)) < 1
        assert of_source.max() - of_source.min() <= 1
    np.testing.assert_array_equal(rows, order(sampling, seed, epoch))
    assert sampling.times().sum() == pytest.approx(total)


def test_epochs_and_seeds_have_orders_of_their_own():
    sampling = Sampling.of(training([30, 30], [1, 3]))
    assert not np.array_equal(order(sampling, epoch=0), order(sampling, epoch=1))
    assert not np.array_equal(order(sampling, seed=1), order(sampling, seed=2))
    seen = set().union(*(order(sampling, epoch=epoch).tolist() for epoch in range(20)))
    assert len(seen) == 60, "a source that is drawn less often is seen whole in the course of the training"


def test_a_source_that_would_never_be_drawn_is_refused():
    with pytest.raises(
        DataError, match=r"'s1' has the weight 1e-06, but none of its radiographs is drawn in an epoch of"
    ):
        Sampling.of(training([5, 5], [1, 1e-6]))
    catalog = training([5, 5], [1, 1])
    with pytest.raises(DataError, match=r"'s1' has the weight 1, but no radiograph in the training part"):
        Sampling.of(catalog.take(np.arange(5)))


class Cache:
    """Pictures whose pixels are their number."""

    def rows(self, paths):
        return np.arange(len(paths))

    def pictures(self, rows):
        return np.asarray(rows, np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)


def test_batches_follow_the_sampling_and_do_not_depend_on_what_was_read_before():
    catalog = training([20, 4], [1, 1])
    paths, targets = catalog.table["path"].tolist(), catalog.targets()

    def epoch(batches, number):
        batches.start_epoch(number)
        return np.concatenate([batches[at][0][:, 0, 0, 0] for at in range(len(batches))])

    whole = Batches(Cache(), paths, targets, 5, 7, Sampling.of(catalog))
    first, second = epoch(whole, 0), epoch(whole, 1)
    assert (first >= 20).sum() == (second >= 20).sum() == 12
    resumed = Batches(Cache(), paths, targets, 5, 7, Sampling.of(catalog))
    np.testing.assert_array_equal(epoch(resumed, 1), second)


def test_class_weights_are_those_of_what_is_drawn():
    """Of a source that is drawn three times as often, the positives count three times."""
    targets = np.array([[1], [0], [0], [0], [1], [np.nan]], np.float32)
    times = np.array([3, 3, 1, 1, 1, 1])
    copies = np.repeat(targets, times, axis=0)
    np.testing.assert_allclose(class_weights(targets, times), class_weights(copies))
    np.testing.assert_allclose(class_weights(targets, np.ones(6)), class_weights(targets))
    unknown = np.full((2, 1), np.nan)
    np.testing.assert_allclose(class_weights(unknown, np.ones(2)), class_weights(unknown))
