"""Phantoms in CheXpert's layout are read, and their soft targets reach the training alone."""

from pathlib import Path

import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.data.formats.chexpert.folders import recognise
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.testing import check_format
from xraykit.training.training_data import load_training_data

TINY = str(Path(__file__).resolve().parents[3] / "tiny_backbone.py")
SMOOTH = {"uncertain": {"smooth": [0.55, 0.85]}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "chexpert"
    write_phantoms(root, Phantom(patients=40, images=60, size=32), layout="chexpert")
    return root


def test_the_layout_is_recognised_and_read_whole(root):
    catalog = check_format("chexpert", {"root": str(root), "views": "all"})
    assert (catalog.missing_images, catalog.not_understood) == (0, {})
    assert recognise(root).missing == ()
    assert catalog.test_list == "test_labels.csv"
    assert set(catalog.table["view"].dropna()) == {"PA", "AP", "lateral"}
    assert catalog.unclear_labels.uncertain


def _experiment(root, tmp_path, chexpert):
    labels = ["Lung Opacity", "Edema", "Pleural Effusion"]
    return load_experiment(
        {
            "plugins": [TINY],
            "data": {"format": "chexpert", "root": str(root), "image_size": 32, "labels": labels, "chexpert": chexpert},
            "model": {"backbone": "tiny"},
            "training": {"epochs": 1, "batch_size": 16},
            "output": {"root": str(tmp_path)},
        }
    )


def test_soft_targets_are_trained_on_and_never_measured(root, tmp_path):
    experiment = _experiment(root, tmp_path, SMOOTH)
    parts = load_parts(experiment.data, 1, sealed_test=False)
    data = load_training_data(experiment, parts)
    trained = np.concatenate([targets for _, targets in data.batches("train", 8)])
    soft = (trained > 0) & (trained < 1)
    assert soft.sum() > 5
    assert ((trained[soft] >= 0.55) & (trained[soft] <= 0.85)).all()
    assert np.isnan(parts.catalog_of("train").targets()[soft]).all()
    for part in ("validation", "test"):
        measured = np.concatenate([targets for _, targets in data.batches(part, 8)])
        assert set(np.unique(measured[~np.isnan(measured)])) <= {0.0, 1.0}


@pytest.mark.slow
def test_a_policy_changes_the_training_and_its_class_weights_alone(root, tmp_path, monkeypatch):
    from xraykit.training import template, trainer_for

    built = []
    build_loss = template.build_loss
    monkeypatch.setattr(template, "build_loss", lambda *args: built.append(build_loss(*args)) or built[-1])
    losses, weights, validation = {}, {}, {}
    for name, policy in {"ignore": "ignore", "ones": "ones", "smooth": SMOOTH["uncertain"]}.items():
        trainer = trainer_for(_experiment(root, tmp_path, {"uncertain": policy}))
        data, model = trainer.load(), trainer.build()
        trainer.fit(model, data, None, lambda row, name=name: losses.setdefault(name, row["loss"]))
        weights[name] = built[-1].neg_weights[0]
        validation[name] = data.parts.catalog_of("validation").targets()
    assert len({round(loss, 6) for loss in losses.values()}) == 3
    assert weights["ignore"] < weights["ones"], "the share of positives"
    assert weights["smooth"] < weights["ones"]
    np.testing.assert_array_equal(validation["ones"], validation["ignore"])
