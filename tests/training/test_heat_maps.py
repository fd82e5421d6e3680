"""Heat maps of a run: shown by kind, and scored against the boxes that come with the data."""

import numpy as np
import pytest

from tests.training.conftest import TINY
from xraykit.config import load_experiment
from xraykit.evaluation.predictions import prediction_table
from xraykit.explain import GradCam, random_twin, saliency_methods
from xraykit.model.build import build_model
from xraykit.training.heat_maps import ScoringTerms, score_looks
from xraykit.training.training_data import load_boxes, load_material


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantoms")
    return load_experiment(
        {
            "plugins": [TINY],
            "data": {
                "format": "phantom",
                "root": str(folder / "data"),
                "image_size": 32,
                "labels": ["Cardiomegaly", "Effusion"],
                "phantom": {"patients": 30, "images": 40, "size": 64, "prevalence": 0.4},
                "split": {"method": "patient", "train": 0.4, "validation": 0.3, "test": 0.3},
            },
            "model": {"backbone": "tiny", "dense_neurons": 64},
            "output": {"root": str(folder / "runs")},
        }
    )


def _scored(phantoms, material, boxes, pairs=300):
    model = build_model(phantoms)
    twin = GradCam(random_twin(model, 7))
    return score_looks(saliency_methods(model), twin, material, boxes, ScoringTerms(pairs, 20, 7))


def test_maps_of_each_method_and_baseline_are_scored_on_the_boxes_of_the_test_part(phantoms):
    material, boxes = load_material(phantoms, sealed_test=False), load_boxes(phantoms)
    said = _scored(phantoms, material, boxes)
    figures = said["localisation"]
    assert said["localisation_why"] is None
    assert list(figures["methods"]) == ["grad_cam", "integrated_gradients", "centre_prior", "random_weights"]
    test = material.parts.catalog_of("test")
    expected = [(image, label) for image, label in boxes if image in set(test.table["image"]) and label in test.labels]
    assert figures["pairs"] == figures["pairs_in_all"] == len(expected) > 0
    for label in ("Cardiomegaly", "Effusion"):
        of_label = [pair for pair in expected if pair[1] == label]
        assert figures["methods"]["centre_prior"]["labels"][label]["pairs"] == len(of_label)
    # The heart lies in the middle, where a prior looks; fluid gathers at the sides.
    prior = figures["methods"]["centre_prior"]["labels"]
    assert prior["Cardiomegaly"]["iou"] > prior["Effusion"]["iou"]


def test_of_many_pairs_some_are_drawn_and_it_is_said_of_how_many(phantoms):
    material, boxes = load_material(phantoms, sealed_test=False), load_boxes(phantoms)
    figures = _scored(phantoms, material, boxes, pairs=3)["localisation"]
    assert figures["pairs"] == 3 < figures["pairs_in_all"]


def test_without_boxes_it_is_said_why_there_are_no_scores(phantoms):
    material = load_material(phantoms, sealed_test=False)
    said = _scored(phantoms, material, {})
    assert said["localisation"] is None
    assert "test radiographs has a box of a trained label" in said["localisation_why"]


def test_a_table_of_predictions_names_no_path(phantoms):
    catalog = load_material(phantoms, sealed_test=False).parts.catalog_of("test")
    table = prediction_table(catalog, "test", np.zeros((len(catalog), 2)))
    assert "path" not in table
    assert len(table) == len(catalog)
