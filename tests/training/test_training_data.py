"""The data of one training: no picture in two parts, odd ones named."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.data.files import line, nih_root, png, textured
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import DataError, DuplicatePictureError
from xraykit.pipeline import run_experiment
from xraykit.runs.folder import RunFolder
from xraykit.training import trainer_for, validation_scores
from xraykit.training.training_data import load_training_data

pytestmark = pytest.mark.slow

TINY = str(Path(__file__).resolve().parents[1] / "tiny_backbone.py")


@pytest.fixture
def values(tmp_path):
    """Sixty patients; every third one has a mass."""
    lines = [line(f"{n:02d}.png", "No Finding" if n % 3 else "Mass", patient=str(n)) for n in range(60)]
    root = nih_root(tmp_path / "nih", lines)
    for number in range(60):
        (root / "images" / f"{number:02d}.png").write_bytes(png(textured(32, seed=number)))
    return {
        "name": "tiny",
        "plugins": [TINY],
        "data": {"root": str(root), "labels": ["Mass"], "image_size": 32, "split": {"method": "patient"}},
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 0},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }


def with_policy(values, policy):
    return load_experiment({**values, "data": {**values["data"], "duplicates": policy}})


def first_of(parts, part):
    return parts.division[parts.division["part"] == part].iloc[0]["image"]


@pytest.fixture
def copied(values):
    """A training radiograph stands in the test part too, written with another compression."""
    parts = load_training_data(load_experiment(values)).parts
    train, test = first_of(parts, "train"), first_of(parts, "test")
    images = Path(values["data"]["root"]) / "images"
    content = png(textured(32, seed=int(train[:2])))
    (images / test).write_bytes(content[:-12] + png(textured(8))[-12:] + b"bytes after the end make another file")
    return values, train, test


def test_a_picture_in_two_parts_is_refused_before_the_training(copied):
    values, train, test = copied
    with pytest.raises(DuplicatePictureError, match="1 picture in common, under different names") as error:
        load_training_data(load_experiment(values))
    assert f"{train} (train) = {test} (test)" in str(error.value) or f"{test} (test) = {train}" in str(error.value)


@pytest.mark.parametrize("sealed", [True, False])
def test_it_is_left_out_of_the_training_part_if_the_experiment_wishes_so(copied, sealed, caplog):
    values, train, test = copied
    experiment = with_policy(values, "leave_out")
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=sealed)
    data = load_training_data(experiment, parts)
    images = set(data.parts.division["image"])
    assert train not in images
    assert test in images
    assert data.duplicates.left_out == 1
    assert sum(data.parts.sizes.values()) == 59
    assert len(data.batches("train", 100)[0][0]) == data.parts.sizes["train"]


def test_a_run_counts_copies_and_odd_pictures_in_its_data_and_report_and_names_them_in_the_log_alone(
    copied, tmp_path, caplog
):
    values, train, test = copied
    images = Path(values["data"]["root"]) / "images"
    parts = load_training_data(with_policy(values, "allow")).parts
    blank = parts.division[parts.division["part"] == "train"].iloc[1]["image"]
    (images / blank).write_bytes(png(textured(32) * 0 + 90))
    folder = RunFolder(run_experiment(with_policy(values, "allow")).folder)
    pictures = json.loads(folder.data.read_text())["pictures"]
    assert pictures["duplicates"]["across_parts"] == 1
    assert pictures["odd_training_pictures"]["counts"]["constant"] == 1
    # What goes to the tracker: the names of files may hold the patients' numbers.
    assert not {train, test, blank} & set(re.findall(r"\w+\.png", folder.data.read_text()))
    assert f"training pictures seem all one grey: {blank}" in caplog.text
    page = folder.report.read_text()
    assert "the metrics of the test part are too good" in page
    assert "1 all one grey; " in page


def test_a_picture_that_is_lost_while_a_network_trains_ends_the_training_with_its_name(values, monkeypatch):
    experiment = load_experiment(values)
    data = load_training_data(experiment)
    lost = data.parts.catalog_of("train").table["path"].iloc[3]
    with (data.cache.folder / "pictures.npy").open("r+b") as stream:
        stream.seek(-(len(data.cache) - data.cache.rows([lost])[0]) * 32**2, os.SEEK_END)
        stream.write(b"changed")
    Path(lost).write_bytes(b"another content")
    trainer = trainer_for(experiment)
    monkeypatch.setattr(trainer, "load", lambda: data)
    with pytest.raises(DataError, match=rf"The picture of {lost} in the cache .* was changed after it was written"):
        validation_scores(trainer, lambda row: None)
