"""Heat maps of a run: shown by kind, and scored against the boxes that come with the data."""

import numpy as np
import pytest

from tests.training.conftest import TINY
from xraykit.config import load_experiment
from xraykit.data import load_boxes, load_parts
from xraykit.evaluation.predictions import prediction_table
from xraykit.explain import GradCam, random_twin, saliency_methods
from xraykit.model.build import build_model
from xraykit.pipeline.explanation import score_heat_maps
from xraykit.registry import Boxes
from xraykit.training import load_training_data

pytestmark = pytest.mark.slow


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


@pytest.fixture(scope="module")
def data(phantoms):
    return load_training_data(phantoms, load_parts(phantoms.data, phantoms.split_seed, sealed_test=False))


def _scored(phantoms, data, boxes, pairs=300):
    model = build_model(phantoms)
    random_weights = GradCam(random_twin(model, 7))
    experiment = phantoms.with_values({"explain.scored": pairs, "evaluation.resamples": 20})
    return score_heat_maps(experiment, saliency_methods(model), random_weights, data, boxes)


def test_maps_of_each_method_and_baseline_are_scored_on_the_boxes_of_the_test_part(phantoms, data):
    boxes = load_boxes(phantoms.data)
    result = _scored(phantoms, data, boxes)
    metrics = result["localisation"]
    assert result["localisation_why"] is None
    assert list(metrics["methods"]) == ["grad_cam", "integrated_gradients", "centre_prior", "random_weights"]
    test = data.parts.catalog_of("test")
    expected = [
        (image, label) for image, label in boxes.of if image in set(test.table["image"]) and label in test.labels
    ]
    assert metrics["pairs"] == metrics["pairs_in_all"] == len(expected) > 0
    for label in ("Cardiomegaly", "Effusion"):
        of_label = [pair for pair in expected if pair[1] == label]
        assert metrics["methods"]["centre_prior"]["labels"][label]["pairs"] == len(of_label)
    # The heart lies in the middle, where a prior looks; fluid gathers at the sides.
    prior = metrics["methods"]["centre_prior"]["labels"]
    assert prior["Cardiomegaly"]["iou"] > prior["Effusion"]["iou"]


def test_of_many_pairs_a_sample_is_scored_and_their_number_is_reported(phantoms, data):
    metrics = _scored(phantoms, data, load_boxes(phantoms.data), pairs=3)["localisation"]
    assert metrics["pairs"] == 3 < metrics["pairs_in_all"]


def test_without_boxes_the_reason_for_missing_scores_is_reported(phantoms, data):
    result = _scored(phantoms, data, Boxes())
    assert result["localisation"] is None
    assert "test radiographs has a box of a trained label" in result["localisation_why"]


def test_a_table_of_predictions_names_no_path(data):
    catalog = data.parts.catalog_of("test")
    table = prediction_table(catalog, "test", np.zeros((len(catalog), 2)))
    assert "path" not in table
    assert len(table) == len(catalog)
