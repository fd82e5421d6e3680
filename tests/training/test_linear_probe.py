"""The linear probe: a logistic regression for each label on the features of a frozen backbone."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests import tiny_backbone  # noqa: F401
from tests.conftest import on_phantoms_and_radiographs
from xraykit.config import load_experiment
from xraykit.errors import ExperimentError
from xraykit.evaluation import macro_roc_auc
from xraykit.pipeline import run_experiment
from xraykit.training import trainer_for
from xraykit.training.linear_probe import STRENGTHS, _Probe


@pytest.fixture
def probing(tiny_values, tmp_path):
    """An experiment whose start weights are those of a network that was not trained: features need not be good."""
    import keras

    start = trainer_for(load_experiment({**tiny_values, "seed": 3})).build()
    keras.Model(start.input, start.output, name=start.name).save(tmp_path / "model.keras")
    values = {**tiny_values, "model": {"backbone": "tiny", "weights": str(tmp_path / "model.keras")}}
    return load_experiment({**values, "training": {"trainer": "linear_probe", "batch_size": 32}})


def test_it_needs_trained_weights():
    with pytest.raises(ExperimentError, match="trainer is linear_probe, which starts from trained weights"):
        load_experiment({"training": {"trainer": "linear_probe"}})


def _drawn(count=80, seed=0):
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(count, 4))
    return features, (features[:, 0] + draw.normal(size=count) > 0).astype(float)


def test_unknown_labels_have_no_influence():
    features, targets = _drawn()
    unknown = np.where(np.arange(80) % 3 == 0, np.nan, targets)
    known = ~np.isnan(unknown)
    with_them = _Probe(features, unknown, np.ones(80), 0.6, 0.4).fitted(0.1)
    without = _Probe(features[known], targets[known], np.ones(known.sum()), 0.6, 0.4).fitted(0.1)
    assert np.allclose(with_them[0], without[0], atol=1e-6)
    assert np.isclose(with_them[1], without[1], atol=1e-6)


def test_a_soft_target_counts_as_parts_of_a_positive_and_a_negative():
    features, targets = _drawn()
    certain = _Probe(features, targets, np.ones(80), 1, 1).fitted(0.1)[0]
    equal = _Probe(features, np.full(80, 0.5), np.ones(80), 1, 1).fitted(0.1)[0]
    assert np.abs(equal).max() < 1e-3 < np.abs(certain).max()
    tripled = _Probe(np.repeat(features, 3, axis=0), np.repeat(targets, 3), np.ones(240), 1, 1).fitted(0.1)[0]
    counted = _Probe(features, targets, np.full(80, 3.0), 1, 1).fitted(0.3)[0]
    assert np.allclose(tripled, counted, atol=1e-3)


def test_a_label_of_one_class_gets_zeros():
    features, _ = _drawn()
    for targets in (np.zeros(80), np.full(80, np.nan)):
        coefficients, intercept = _Probe(features, targets, np.ones(80), 0.5, 0.5).fitted(1.0)
        assert not coefficients.any()
        assert intercept == 0


@pytest.mark.slow
def test_the_network_gives_the_logits_of_scikit_learn(probing):
    """Its own pipeline of scaler and regression, with the strength that the validation part prefers."""
    import keras

    trainer = trainer_for(probing)
    data, model = trainer.load(), trainer.build()
    before = [np.asarray(each).copy() for each in model.variables[:-2]]
    rows = []
    fit = trainer.fit(model, data, None, rows.append)
    assert all(map(np.array_equal, before, model.variables[:-2])), "the backbone is not trained"
    assert [row["inverse_penalty"] for row in rows] == list(STRENGTHS)
    pooled = keras.Model(model.input, model.get_layer("pooling").output)

    def part(name):
        catalog = data.parts.catalog_of(name)
        pictures = data.pictures(name, catalog.table["image"].tolist())[..., None].astype(np.float32)
        return np.asarray(pooled(pictures, training=False), float), catalog.targets()

    train, targets = part("train")
    seen, truth = part("validation")
    scaler = StandardScaler().fit(train)
    scores = []
    for strength in STRENGTHS:
        logits = []
        for label in range(targets.shape[1]):
            regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=5000, tol=1e-8)
            regression.fit(scaler.transform(train), targets[:, label])
            logits.append(regression.decision_function(scaler.transform(seen)))
        scores.append((macro_roc_auc(truth, np.stack(logits, axis=1)), np.stack(logits, axis=1)))
    best = int(np.argmax([score for score, _ in scores]))
    assert fit.best_epoch == best + 1
    assert fit.score == pytest.approx(scores[best][0])
    found = trainer.predict(model, data, "validation")
    logits = found.filter(like="_logit").to_numpy(float)
    assert np.allclose(logits, scores[best][1], atol=0.02)


@pytest.mark.slow
@on_phantoms_and_radiographs
def test_a_run_gives_a_bundle_as_any_other_and_the_same_one_again(probing, tmp_path):
    from xraykit import load_model

    run = run_experiment(probing)
    again = run_experiment(probing.with_values({"output.root": str(tmp_path / "again")}))
    classifier, other = load_model(run.folder), load_model(again.folder)
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32)).astype(np.uint8)
    found, expected = (
        each.predict(picture).filter(like="_probability").to_numpy(float) for each in (classifier, other)
    )
    assert found.shape == (1, 3)
    assert np.array_equal(found, expected)
    history = (run.folder / "history.csv").read_text().splitlines()
    assert len(history) == 1 + len(STRENGTHS)
    assert (run.folder / "report.html").is_file()
    assert classifier.model.get_layer("logits").input.shape == (None, 32), "pooling, then one dense layer"
