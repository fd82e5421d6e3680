"""Start weights that were trained on the test part, as where the split of the second training is another one."""

import json

import pytest

from xraykit.bundle import BundleFolder, read_trained_on
from xraykit.config import load_experiment
from xraykit.errors import ContaminationError
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.pipeline import run_experiment
from xraykit.training import trained_on
from xraykit.training.training_data import load_training_data

pytestmark = pytest.mark.slow


@pytest.fixture
def first(tiny_values):
    return run_experiment(load_experiment(tiny_values))


def again(values, run, seed, **data):
    model = {**values["model"], "weights": str(run.bundle.model)}
    return load_experiment({**values, "seed": seed, "model": model, "data": {**values["data"], **data}})


def test_a_fine_tuning_whose_test_patients_the_weights_have_met_is_refused_and_may_be_allowed(
    tiny_values, first, caplog
):
    default = load_experiment(tiny_values).seed
    record = json.loads(BundleFolder(first.folder / "model").about.read_text())["trained_on"]
    parts = load_training_data(load_experiment(tiny_values)).parts
    assert record["complete"]
    assert record["records"][0]["radiographs"] == parts.sizes["train"] + parts.sizes["validation"]
    other = default + 1
    with pytest.raises(ContaminationError, match=r"radiographs of the test part were met.*data\.contamination: allow"):
        load_training_data(again(tiny_values, first, other))
    # The same patients in the same parts are no contamination of the test part.
    load_training_data(again(tiny_values, first, default))
    caplog.clear()
    second = run_experiment(again(tiny_values, first, other, contamination="allow"))
    assert "radiographs of the test part were met in the training of the network" in caplog.text
    inherited = read_trained_on(BundleFolder(second.folder / "model"))
    assert len(inherited.records) == 2
    with pytest.raises(ContaminationError):
        load_training_data(again(tiny_values, second, default + 2))


def test_weights_without_a_record_are_used_with_a_warning(tiny_values, first, tmp_path, caplog):
    alone = tmp_path / "model.keras"
    alone.write_bytes(first.bundle.model.read_bytes())
    values = {**tiny_values, "model": {**tiny_values["model"], "weights": str(alone)}}
    run = run_experiment(load_experiment(values))
    assert "is not recorded" in caplog.text
    assert not json.loads(BundleFolder(run.folder / "model").about.read_text())["trained_on"]["complete"]


def test_a_source_without_patients_is_named_and_hides_those_of_no_other(tiny_values, first, tmp_path):
    write_phantoms(tmp_path / "small", Phantom(patients=20, images=30, size=32, seed=4), layout="chestmnist")
    sources = [
        {"format": "nih", "root": tiny_values["data"]["root"]},
        {"format": "chestmnist", "root": str(tmp_path / "small"), "name": "small"},
    ]
    data = {key: value for key, value in tiny_values["data"].items() if key != "root"}
    values = {**tiny_values, "data": {**data, "sources": sources}}
    with pytest.raises(ContaminationError, match=r"[1-9]\d* of the same patients.*Patients of small are not named"):
        load_training_data(again(values, first, 7))
    experiment = again(values, first, 7, contamination="allow")
    loaded = load_training_data(experiment)
    record = trained_on(experiment, loaded.parts, loaded.cache).records[0]
    division = loaded.parts.division
    used = division[(division["part"] != "test") & division["patient"].str.startswith("nih:")]
    assert record.without_patients == ("small",)
    assert len(record.patients) == used["patient"].nunique()
