"""A run on class folders of real radiographs: NORMAL and one finding, the patients from their names."""

import csv
import json

import pytest

from tests.conftest import NIH, needs_nih
from tests.training.conftest import TINY
from xraykit.config import load_experiment
from xraykit.pipeline import run_experiment

pytestmark = [pytest.mark.slow, needs_nih]


@pytest.fixture
def class_folders(tmp_path):
    """Links to NIH's radiographs of 64 pixels that show nothing, or Infiltration or Effusion alone."""
    with (NIH / "Data_Entry_2017_v2020.csv").open() as stream:
        finding_of = {row[0]: row[1] for row in csv.reader(stream)}
    test = set((NIH / "test_list.txt").read_text().split())
    folder_of = {"No Finding": "NORMAL", "Infiltration": "INFILTRATION", "Effusion": "EFFUSION"}
    for picture in sorted((NIH / "images-64").iterdir()):
        folder = folder_of.get(finding_of[picture.name])
        if folder:
            link = tmp_path / "set" / ("test" if picture.name in test else "train") / folder / picture.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(picture)
    return tmp_path / "set"


def test_real_radiographs_in_class_folders_from_folders_to_the_report(class_folders, tmp_path):
    values = {
        "name": "folders",
        "plugins": [TINY],
        "data": {
            "format": "folder",
            "root": str(class_folders),
            "labels": ["Abnormal"],
            "folder": {"classes": {"Abnormal": ["infiltration", "effusion"]}},
            "columns": ["class"],
            "image_size": 32,
        },
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 50, "subgroups": ["class"]},
        "explain": {"per_kind": 1, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    folder = run_experiment(load_experiment(values)).folder
    metrics = json.loads((folder / "metrics.json").read_text())
    in_test = list((class_folders / "test").rglob("*.png"))
    assert metrics["images"] == len(in_test)
    assert metrics["patients"] == len({path.name.split("_")[0] for path in in_test})
    assert metrics["labels"]["Abnormal"]["negatives"] == len(list((class_folders / "test" / "NORMAL").iterdir()))
    assert "does not name patients" not in (folder / "report.html").read_text()
    assert (folder / "model" / "LICENSE.md").is_file()
