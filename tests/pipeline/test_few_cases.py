"""A run with a label that the training part cannot teach, and calibration on held-out patients."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

import xraykit
from tests.training.conftest import TINY
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import DataError
from xraykit.evaluation import macro_roc_auc
from xraykit.pipeline import run_experiment
from xraykit.pipeline.calibration import fit_decision_rule
from xraykit.training import trainer_for

pytestmark = pytest.mark.slow

LABELS = ["Cardiomegaly", "Edema", "Effusion"]


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """Phantoms whose training and validation radiographs show no Effusion, as the official test list alone has it."""
    root = tmp_path_factory.mktemp("few")
    values = {
        "name": "few",
        "plugins": [TINY],
        "data": {
            "format": "phantom",
            "root": str(root / "phantoms"),
            "labels": LABELS,
            "image_size": 32,
            "phantom": {"patients": 90, "images": 120, "size": 32, "prevalence": 0.4},
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 2, "batch_size": 32, "held_out_share": 0.5},
        "evaluation": {"resamples": 0, "min_positive_patients": 3, "cross_fitting": 3},
        "explain": {"per_kind": 1, "scored": 5},
        "tracking": {"uri": None},
        "output": {"root": str(root / "runs")},
    }
    experiment = load_experiment(values)
    load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    listed = set((root / "phantoms" / "train_val_list.txt").read_text().split())
    file = next((root / "phantoms").glob("Data_Entry*.csv"))
    lines = [
        _without_effusion(line) if line.split(",")[0] in listed else line for line in file.read_text().splitlines()
    ]
    file.write_text("\n".join(lines) + "\n")
    return values


def _without_effusion(line):
    image, findings, rest = line.split(",", 2)
    kept = [name for name in findings.split("|") if name != "Effusion"]
    return f"{image},{'|'.join(kept) or 'No Finding'},{rest}"


@pytest.fixture(scope="module")
def folder(values):
    return run_experiment(load_experiment(values)).folder


def test_the_untrained_label_has_no_probability_no_figure_and_no_heat_map_anywhere(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    effusion = metrics["labels"]["Effusion"]
    assert effusion["trained"] is False
    assert effusion["positives"] > 0
    assert effusion["roc_auc"] is effusion["threshold"] is None
    assert metrics["macro"]["not_trained"] == ["Effusion"]
    assert metrics["shortcuts"]["Effusion"]["verdict"] == "not_judged"
    predictions = pd.read_csv(folder / "predictions.csv")
    assert predictions["Effusion_probability"].isna().all()
    assert predictions["Effusion_logit"].notna().all()
    assert predictions["Edema_probability"].notna().all()
    looks = pd.read_csv(folder / "gradcam" / "gallery.csv")
    assert set(looks["label"]) <= {"Cardiomegaly", "Edema"}
    assert "Effusion" not in metrics["localisation"]["methods"]["grad_cam"]["labels"]
    assert "Effusion" not in set(pd.read_csv(folder / "worklist.csv")["label"])
    page = re.sub(r"\s+", " ", (folder / "report.html").read_text())
    assert "Not trained: Effusion." in page


def test_its_bundle_says_so_of_new_radiographs(folder, values):
    classifier = xraykit.load_model(folder, plugins=[TINY])
    image = next((folder.parents[1].parent / "phantoms" / "images").iterdir())
    answer = classifier.predict(image)
    assert answer["Effusion_probability"].isna().all()
    assert (answer["untrained"] == "Effusion").all()
    assert "Not trained, no probability" in answer["label_notes"][0]


def test_epochs_are_compared_by_trained_labels_and_patients_that_are_not_held_out(values):
    experiment = load_experiment(values)
    trainer = trainer_for(experiment)
    data = trainer.load()
    model = trainer.build()
    fit = trainer.fit(model, data, None, lambda row: None)
    held_out = data.held_out(0.5, trainer.experiment.split_seed)
    validation = trainer.predict(model, data, "validation")
    logits = validation[[f"{label}_logit" for label in LABELS]].to_numpy()
    targets = data.parts.catalog_of("validation").targets()
    assert fit.score == pytest.approx(macro_roc_auc(targets[~held_out, :2], logits[~held_out, :2]), abs=1e-6)
    decision_rule = fit_decision_rule(experiment, validation, data)
    assert f"{held_out.sum()} radiographs" in decision_rule.fitted_on
    assert "held out from all choices" in decision_rule.fitted_on
    # Other labels of those who chose the epoch change neither calibration nor thresholds.
    turned = validation.copy()
    turned.loc[~held_out, LABELS] = 1 - turned.loc[~held_out, LABELS]
    assert fit_decision_rule(experiment, turned, data) == decision_rule
    turned.loc[held_out, LABELS] = 1 - turned.loc[held_out, LABELS]
    assert fit_decision_rule(experiment, turned, data) != decision_rule


def test_cross_fitting_is_reported_and_changes_nothing(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["cross_fitting"]["folds"] == 3
    assert metrics["cross_fitting"]["labels"]["Effusion"]["failed_folds"] is None
    assert metrics["validation"]["held_out_share"] == 0.5
    assert "In sample and cross-fitted" in (folder / "report.html").read_text()


def test_a_training_part_that_teaches_nothing_is_refused_before_the_first_epoch(values):
    alone = {**values, "data": {**values["data"], "labels": ["Effusion"]}}
    with pytest.raises(DataError, match=r"No label has both a positive and a negative among the .* training part"):
        trainer_for(load_experiment(alone)).load()


def test_so_few_patients_that_none_can_be_held_out_are_refused(values):
    trainer = trainer_for(load_experiment(values))
    data = trainer.load()
    with pytest.raises(DataError, match=r"too few patients to hold 0\.001"):
        data.held_out(0.001, 7)
    assert not np.any(data.held_out(0.0, 7))


def test_check_warns_before_anything_is_trained(values, tmp_path, capsys):
    from xraykit.run import main

    (tmp_path / "e.yaml").write_text(yaml.safe_dump({**values, "evaluation": {"min_positive_patients": 80}}))
    assert main([str(tmp_path / "e.yaml"), "--check"]) == 0
    printed = capsys.readouterr().out
    assert re.search("# Warning: Effusion has no positive in .* cannot be learnt and will have no probability", printed)
    assert (
        "# Warning: Edema will be neither calibrated nor have a threshold (evaluation.min_positive_patients)" in printed
    )
