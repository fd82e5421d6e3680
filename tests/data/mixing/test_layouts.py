"""Two collections of different formats, in the files that their phantoms are written in."""

import numpy as np
import pytest

from xraykit.bundle.licence import licence_note
from xraykit.config import load_experiment
from xraykit.data import describe_parts, load_parts, reading_facts
from xraykit.phantoms import write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, phantoms):
    root = tmp_path_factory.mktemp("mixed") / "chexpert"
    write_phantoms(root, Phantom(patients=30, images=50, size=64, prevalence=0.3, seed=2), layout="chexpert")
    policy = {"uncertain": {"smooth": [0.55, 0.85]}}
    sources = [
        {"format": "nih", "root": str(phantoms)},
        {"format": "chexpert", "root": str(root), "chexpert": policy},
    ]
    data = {"image_size": 32, "split": {"method": "official"}, "sources": sources}
    return load_experiment({"data": data})


@pytest.fixture(scope="module")
def parts(experiment):
    return load_parts(experiment.data, 7, sealed_test=False)


def test_labels_are_the_union_of_both_by_their_synonyms(experiment, parts):
    labels = experiment.data.labels
    assert "Effusion" in labels
    assert "Pleural Effusion" not in labels
    assert {"Infiltration", "Lung Opacity", "Enlarged Cardiomediastinum", "Support Devices"} <= set(labels)
    assert parts.labels == labels
    train = parts.catalog_of("train")
    of_chexpert = (train.table["source"] == "chexpert").to_numpy()
    targets = dict(zip(labels, train.targets().T, strict=True))
    assert np.isnan(targets["Infiltration"][of_chexpert]).all()
    assert np.isnan(targets["Lung Opacity"][~of_chexpert]).all()
    for rows in (of_chexpert, ~of_chexpert):
        assert {0.0, 1.0} <= set(targets["Effusion"][rows].tolist())


def test_uncertain_labels_are_soft_in_the_training_and_unknown_in_metrics(parts):
    train = parts.catalog_of("train")
    soft, targets = train.training_targets(), train.targets()
    between = (soft > 0) & (soft < 1)
    assert between.any()
    assert np.isnan(targets[between]).all()
    assert set(train.table["source"][between.any(axis=1)]) == {"chexpert"}
    assert reading_facts(train)["sources"]["chexpert"]["unclear_labels"]["uncertain"]


def test_each_source_has_its_own_views_lists_and_terms(experiment, parts):
    text = describe_parts(parts)
    assert "# Source nih (nih): " in text
    assert "# chexpert: " in text, "laterals are left out of the second source alone"
    assert str(parts.split).startswith("official lists of nih and chexpert")
    assert parts.division.groupby("patient")["part"].nunique().max() == 1
    note = licence_note(experiment)
    assert all(FORMATS.get(name).licence in note for name in ("nih", "chexpert"))
    assert "nih and chexpert" in note.splitlines()[0]
