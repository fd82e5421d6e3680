"""The contract tests for authors of plug-ins find what they are for."""

import cv2
import numpy as np
import pytest

from xraykit.errors import BrokenImageError, DataError, ExperimentError, ModelError, RegistryError
from xraykit.evaluation import METRICS, Counts, Metric
from xraykit.registry import (
    DECODERS,
    FORMATS,
    LOSSES,
    STRATEGIES,
    Decoder,
    register_decoder,
    register_format,
    register_loss,
    register_strategy,
)
from xraykit.testing import check_decoder, check_format, check_loss, check_metric, check_strategy

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
PNG = cv2.imencode(".png", PICTURE)[1].tobytes()

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_entry_is_left():
    registries = (DECODERS, FORMATS, LOSSES, STRATEGIES)
    before = [registry.names() for registry in registries]
    yield
    for registry, names in zip(registries, before, strict=True):
        for name in set(registry.names()) - set(names):
            del registry._entries[name]


def test_built_in_formats_keep_the_contract(small_nih):
    catalog = check_format("nih", {"root": str(small_nih), "labels": ["Effusion", "Mass"]})
    assert len(catalog) == 139


def test_a_format_that_changes_its_mind_is_refused(small_nih):
    nih, reads = FORMATS.get("nih"), []

    @register_format("changing")
    def read(data):
        reads.append(data)
        catalog = nih.read(data)
        return catalog.take(np.arange(len(catalog) - len(reads)))

    with pytest.raises(DataError, match="'changing' breaks the contract: it reads another table"):
        check_format("changing", {"root": str(small_nih), "labels": ["Mass"]})


def test_a_format_with_a_fault_is_named_with_its_line(small_nih):
    @register_format("faulty")
    def read(data):
        return {}["no such key"]

    with pytest.raises(RegistryError, match=r"data format 'faulty' .*KeyError.*test_contracts\.py, line \d+"):
        check_format("faulty", {"root": str(small_nih), "labels": ["Mass"]})


def test_built_in_decoders_keep_the_contract():
    check_decoder("png", PNG, PICTURE)


def test_a_decoder_that_takes_every_file_is_refused():
    png = DECODERS.get("png")
    register_decoder(Decoder("greedy", (".greedy",), lambda start: True, png.header, png.decode))
    with pytest.raises(BrokenImageError, match="'greedy' breaks the contract: it recognises a file of another kind"):
        check_decoder("greedy", PNG, PICTURE)


@pytest.mark.parametrize("name", [metric.name for metric in METRICS.values() if metric.of_counts is not None])
def test_built_in_metrics_keep_the_contract(name):
    check_metric(name)


def test_a_metric_that_divides_by_zero_as_if_it_were_one_is_refused(monkeypatch):
    metric = Metric("careless", "Careless", of_counts=lambda counts: counts.tp / np.maximum(counts.tp + counts.fp, 1))
    monkeypatch.setitem(METRICS, "careless", metric)
    with pytest.raises(DataError, match="'careless' breaks the contract: it has a value without any case"):
        check_metric("careless")


def test_a_metric_with_a_fault_is_named(monkeypatch):
    from xraykit.evaluation.metric_table import threshold_metrics

    monkeypatch.setitem(METRICS, "faulty", Metric("faulty", "Faulty", of_counts=lambda counts: counts["tp"]))
    counts = Counts(*np.ones((4, 1)))
    with pytest.raises(RegistryError, match=r"metric 'faulty' of the plug-in tests\.testing\.test_contracts failed"):
        threshold_metrics(counts)


@pytest.mark.parametrize("name", LOSSES.builtins)
def test_built_in_losses_keep_the_contract(name):
    check_loss(name)


def test_a_loss_without_a_finite_gradient_is_refused():
    import keras
    from keras import ops

    @register_loss("saturating")
    def build(pos_weights, neg_weights):
        class Saturating(keras.losses.Loss):
            """Finite, but the root of a difference that is rounded to 0 has an infinite slope."""

            def call(self, y_true, y_pred):
                known = ops.logical_not(ops.isnan(y_true))
                y = ops.where(known, y_true, 0.0)
                wrong = y * ops.sqrt(1 - ops.sigmoid(y_pred)) + (1 - y) * ops.sqrt(ops.sigmoid(y_pred))
                return ops.sum(ops.where(known, wrong, 0.0), axis=-1)

        return Saturating()

    with pytest.raises(ModelError, match=r"has no finite gradient at logits of -?100"):
        check_loss("saturating")


def _squares(weight_of_unknown):
    import keras
    from keras import ops

    class Squares(keras.losses.Loss):
        def call(self, y_true, y_pred):
            y = ops.where(ops.isnan(y_true), weight_of_unknown, y_true)
            return ops.sum((ops.sigmoid(y_pred) - y) ** 2, axis=-1)

    return lambda pos_weights, neg_weights: Squares()


@pytest.mark.parametrize(
    ("unknown", "message"), [(0.0, "depends on the logits of unknown labels"), (np.nan, "must be one finite number")]
)
def test_a_loss_that_counts_unknown_labels_is_refused(unknown, message):
    register_loss("counting")(_squares(unknown))
    with pytest.raises(ModelError, match=message):
        check_loss("counting")


def test_a_loss_that_rounds_soft_targets_is_refused():
    import keras
    from keras import ops

    from xraykit.model.losses import WeightedBinaryCrossentropy

    @register_loss("rounding")
    def build(pos_weights, neg_weights):
        inner = WeightedBinaryCrossentropy(pos_weights, neg_weights)

        class Rounding(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return inner.call(ops.where(ops.isnan(y_true), y_true, ops.round(y_true)), y_pred)

        return Rounding()

    with pytest.raises(ModelError, match="gives the same value for soft targets"):
        check_loss("rounding")


def test_a_loss_with_a_fault_is_named():
    @register_loss("faulty")
    def build(pos_weights, neg_weights):
        raise IndexError("no such weight")

    with pytest.raises(RegistryError, match=r"loss 'faulty' of the plug-in .*test_contracts failed: IndexError"):
        check_loss("faulty")


@pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])
def test_built_in_strategies_keep_the_contract(engine):
    assert len(check_strategy(engine)) == 6


def test_a_strategy_that_ends_early_is_refused():
    from xraykit.search.strategies.strategy import Exhausted, Proposal, Strategy

    @register_strategy("lazy")
    class Lazy(Strategy):
        def propose(self, trials):
            if len(trials) == 4:
                raise Exhausted
            return Proposal()

    with pytest.raises(ExperimentError, match="'lazy' breaks the contract: it ends after 4 of 6 trials"):
        check_strategy("lazy")


@pytest.mark.parametrize("fault", ["raises", "returns"])
def test_a_strategy_with_a_fault_is_named(fault):
    from xraykit.search.strategies.strategy import Strategy

    @register_strategy("faulty")
    class Faulty(Strategy):
        def propose(self, trials):
            return {} if fault == "returns" else [][0]

    with pytest.raises(RegistryError, match=r"search engine 'faulty' .*test_contracts"):
        check_strategy("faulty")
