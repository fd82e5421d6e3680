"""metrics.json and model.json: typed records, their JSON Schemas, their versions, and the files of earlier versions."""

import json
import shutil

import pytest

from tests.config.json_schema import valid
from tests.json_files import DATA_SCHEMA, METRICS_SCHEMA, MODEL_SCHEMA, RUN_SCHEMA, assert_valid, schemas
from tests.test_earlier_versions import FIXTURES
from tests.worklist.made_up_run import LABELS, made_up_predictions, write_run
from xraykit.bundle import BundleFolder
from xraykit.bundle.contents import read_about
from xraykit.errors import CheckpointError, DataError, ModelError
from xraykit.runs import RunFolder
from xraykit.runs.contents import RunState
from xraykit.runs.finished import FinishedRun


@pytest.fixture
def run(tmp_path):
    images = tuple(f"{number}.png" for number in range(90))
    return write_run(tmp_path / "run", made_up_predictions(images), resamples=0)


def changed(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("path", schemas(), ids=lambda path: path.name)
def test_the_schemas_in_the_repository_are_those_of_the_records(path):
    message = "Write the schemas again: python -m tests.json_files"
    assert json.loads(path.read_text()) == json.loads(json.dumps(schemas()[path])), message


def test_metrics_that_are_written_now_have_a_version_and_fit_their_schema(run):
    assert_valid(run.metrics, METRICS_SCHEMA)


@pytest.mark.parametrize("version", ["run_0_1_0", "run_0_2_0"])
@pytest.mark.parametrize(("file", "schema"), [("metrics.json", METRICS_SCHEMA), ("model/model.json", MODEL_SCHEMA)])
def test_files_of_earlier_versions_fit_the_schemas_too(version, file, schema):
    values, allowed = json.loads((FIXTURES / version / file).read_text()), json.loads(schema.read_text())
    assert "version" not in values
    assert valid(values, allowed, allowed)
    assert not valid({**values, "labels": 3}, allowed, allowed)


@pytest.mark.parametrize("version", ["run_0_1_0", "run_0_2_0"])
@pytest.mark.parametrize(
    ("file", "schema", "wrong"),
    [("run.json", RUN_SCHEMA, {"finished": "yes"}), ("data.json", DATA_SCHEMA, {"parts": {"test": {"images": 3}}})],
)
def test_records_of_earlier_versions_fit_their_schemas_and_a_wrong_value_does_not(version, file, schema, wrong):
    values, allowed = json.loads((FIXTURES / version / file).read_text()), json.loads(schema.read_text())
    assert "version" not in values
    assert valid(values, allowed, allowed)
    assert not valid({**values, **wrong}, allowed, allowed)


def test_a_record_of_a_run_has_a_version_and_the_devices_as_numbers(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_record({"finished": False})
    folder.write_record({"training_devices": {"devices": 4, "processes": 2}})
    assert_valid(folder.record, RUN_SCHEMA)
    assert RunState.model_validate(folder.read_record()).training_devices.devices == 4
    changed(folder.record, version=2)
    with pytest.raises(CheckpointError, match=r"run\.json is of version 2\. .*install that version"):
        folder.read_record()
    allowed = json.loads(RUN_SCHEMA.read_text())
    assert not valid({"training_devices": {"devices": "4", "processes": 2}}, allowed, allowed)


@pytest.mark.parametrize("version", ["run_0_1_0", "run_0_2_0"])
def test_a_run_of_an_earlier_version_is_read_with_its_types(version):
    run = FinishedRun.open(FIXTURES / version)
    assert (run.summary.version, run.summary.part, run.summary.images) == (0, "test", 59)
    assert (run.split.method, run.split.owner, run.split.seed) == ("official", "phantom", 7)
    assert run.labels == ["Cardiomegaly", "Effusion", "Pneumothorax"]
    assert run.summary.labels["Effusion"].trained
    assert run.summary.test_part_uses == 1
    assert run.scored("test").targets.shape == (59, 3)
    assert len(run.history()) == 3
    assert run.decision_rule().labels == tuple(run.labels)
    assert run.data_facts()["parts"].keys() == {"train", "validation", "test"}
    record = read_about(run.bundle)[1]
    assert (record.backbone, record.preprocessing.size, record.split) == ("tiny", 32, run.split)
    assert run.trials() is None


def test_metrics_of_a_later_version_are_refused_with_what_to_do(run):
    changed(run.metrics, version=2)
    with pytest.raises(DataError, match=r"metrics\.json is of version 2.*reads versions up to 1.*install"):
        FinishedRun.open(run.path)


def test_a_bundle_of_a_later_version_is_refused_with_what_to_do(tmp_path):
    bundle = BundleFolder(shutil.copytree(FIXTURES / "run_0_2_0" / "model", tmp_path / "model"))
    changed(bundle.about, version=3)
    with pytest.raises(ModelError, match=r"model\.json is of version 3.*reads versions up to 2.*install"):
        read_about(bundle)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"labels": {"Mass": {"roc_auc": 0.5, "negatives": 3, "threshold": None}}}, "labels.Mass.positives is missing"),
        ({"images": "many"}, 'images: input should be a valid integer. Received: "many"'),
        ({"images": True}, "images: input should be a valid integer. Received: true"),
        ({"split": 3}, "split: "),
        ({"split": {"method": "by hand"}}, "split.method: "),
        ({"version": "new"}, "version: input should be a valid integer"),
        ({"study": {"test_part_met": "twice"}}, "study.test_part_met: input should be a valid integer"),
    ],
)
def test_a_wrong_value_is_reported_with_file_key_and_what_to_do(run, values, message):
    changed(run.metrics, **values)
    with pytest.raises(DataError) as error:
        FinishedRun.open(run.path)
    assert str(error.value).startswith(f"{run.metrics} is not as expected: {message}")
    assert str(error.value).endswith("Restore it from a copy of the run folder, or run the experiment again.")


def test_a_part_without_radiographs_is_reported(run):
    finished = FinishedRun.open(run.path)
    assert list(finished.scored("validation").labels) == list(LABELS)
    with pytest.raises(DataError, match=r"no radiograph of the part .train."):
        finished.scored("train")
