"""Small runs with a bundle, written without a training."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import tests.tiny_backbone  # noqa: F401  (registers the backbone)
from tests.data.files import textured
from xraykit.bundle import BundleFolder, Member, TrainedOn, load_model, write_bundle, write_ensemble
from xraykit.config import load_experiment
from xraykit.config.rules import Rule
from xraykit.data import MetBefore, Radiographs, all_frequencies, load_parts, read_radiograph
from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint
from xraykit.input_check import Screen
from xraykit.model import backend
from xraykit.model.build import build_model
from xraykit.runs.folder import RunFolder

LABELS = ("Cardiomegaly", "Effusion", "Hernia")


def experiment_of(root, **sections):
    values = {
        "name": "bundled",
        "data": {
            "root": str(root / "phantoms"),
            "format": "phantom",
            "image_size": 32,
            "labels": list(LABELS),
            "phantom": {"patients": 16, "images": 24, "size": 48},
        },
        "model": {"backbone": "tiny"},
        "tracking": {"uri": None},
    }
    for name, changes in sections.items():
        values[name] = {**values.get(name, {}), **changes}
    return load_experiment(values)


def network_of(experiment, seed=0):
    """The network of an experiment with random weights whose logits differ from picture to picture."""
    backend.prepare(experiment.training, experiment.seed)
    model = build_model(experiment)
    random = np.random.default_rng(seed)
    head = model.get_layer("logits")
    head.set_weights([random.normal(0, 2, weights.shape) for weights in head.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, offset, mean, variance = layer.get_weights()
            layer.set_weights([scale, offset, mean + 0.05, variance * 0.2])
    return model


def decision_rule_of(labels, seed=0, method="platt"):
    """Calibration and operating points fitted on made-up logits; the last label has no positives, so none of both."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (60, len(labels)))
    targets = (logits + random.normal(0, 1, logits.shape) > 1).astype(float)
    targets[:, -1] = 0
    rules = {label: Rule.parse("youden") for label in labels}
    return DecisionRule.fit(
        targets,
        logits,
        labels,
        method=method,
        rules=rules,
        fitted_on="60 made-up cases",
        patients=np.arange(len(targets)),
        min_patients=1,
    )


def write_run(root, **sections):
    """A run folder with nothing but the experiment and a bundle; its data are drawn into ``root / "phantoms"``."""
    experiment = experiment_of(root, **sections)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    model = network_of(experiment)
    catalog = parts.catalog_of("train").table
    pictures = np.stack([read_radiograph(path, experiment.data.image_size) for path in catalog["path"]])
    folder = RunFolder.begin(experiment.with_values({"output.root": str(root)}))
    write_bundle(folder.bundle, model, experiment, decision_rule_of(parts.labels), Screen.fit(pictures), parts)
    return folder


def write_ensemble_run(root, members=3, **sections):
    """A run folder with an ensemble, and its members' bundles in ``root / "members"``.

    The first member did not train the first label, ``Cardiomegaly``.
    """
    experiment = experiment_of(root, **sections)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    catalog = parts.catalog_of("train").table
    pictures = np.stack([read_radiograph(path, experiment.data.image_size) for path in catalog["path"]])
    screen, listed = Screen.fit(pictures), []
    for number in range(1, members + 1):
        rule = decision_rule_of(parts.labels, seed=number)
        rule = without(rule, LABELS[0]) if number == 1 else rule
        # Ten radiographs each, of which two were met by the next member as well.
        path, met = root / "members" / str(number), range(8 * number, 8 * number + 10)
        record = TrainedOn((MetBefore.of([("train", radiographs_of(met))]),))
        write_bundle(path, network_of(experiment, number), experiment, rule, screen, parts, record)
        listed.append(Member(path, seed=number, fold=number))
    folder = RunFolder.begin(experiment.with_values({"output.root": str(root)}))
    write_ensemble(folder.bundle, listed, experiment, decision_rule_of(parts.labels), screen, parts)
    return folder


def without(rule, label):
    """A decision rule whose network did not train a label."""
    calibrations = {**rule.calibrations, label: Calibration(reason="It has no positives.", reason_code="not_trained")}
    points = {**rule.points, label: OperatingPoint(rule.points[label].rule, None, "It has no positives.")}
    return DecisionRule(calibrations, points, rule.fitted_on, {label: "It has no positives."})


def radiographs_of(numbers):
    """Made-up radiographs of NIH, each of another patient, as a record of a training has them."""
    films = [textured(64, seed=number) for number in numbers]
    names, patients = [f"{number}.png" for number in numbers], [str(number) for number in numbers]
    digests = [f"{number:032x}" for number in numbers]
    return Radiographs(names, patients, ["nih"] * len(names), digests, all_frequencies(films, len(films)))


@pytest.fixture(scope="session")
def bundled(tmp_path_factory):
    """A run folder with a bundle, which no test may change."""
    return write_run(tmp_path_factory.mktemp("bundled"))


@pytest.fixture
def bundle(bundled, tmp_path):
    """A copy of its bundle, to be changed."""
    return BundleFolder(Path(shutil.copytree(bundled.bundle, tmp_path / "handed over")))


@pytest.fixture(scope="session")
def joined(tmp_path_factory):
    """A run folder with the bundle of an ensemble of three, which no test may change."""
    return write_ensemble_run(tmp_path_factory.mktemp("joined"))


@pytest.fixture
def ensemble(joined, tmp_path):
    """A copy of its bundle, to be changed."""
    return BundleFolder(Path(shutil.copytree(joined.bundle, tmp_path / "ensemble")))


@pytest.fixture(scope="session")
def classifier(bundled):
    return load_model(bundled.path)


@pytest.fixture(scope="session")
def files(bundled):
    """The phantoms' files."""
    return sorted((bundled.path.parents[1] / "phantoms" / "images").glob("*.png"))


def change_about(bundle, **changes):
    """Change what model.json says; a mapping changes single keys."""
    about = json.loads(bundle.about.read_text())
    for name, value in changes.items():
        about[name] = {**about[name], **value} if isinstance(value, dict) else value
    bundle.about.write_text(json.dumps(about))
