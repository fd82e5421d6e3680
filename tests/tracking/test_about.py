"""What MLflow shows of a run besides numbers: name, description, user, commit, data, registered model."""

import getpass
import json

import pytest

from tests.bundle.runs import bundled, classifier, files, joined
from xraykit.config import RegisteredModel, load_experiment
from xraykit.tracking import Dataset, NoTracker, SeveralTrackers, open_trackers

pytestmark = pytest.mark.slow

__all__ = ["bundled", "classifier", "files", "joined"]

DATASET = Dataset("nih", "d" * 64, "labels.csv", {"radiographs.train": 7})


def test_name_description_user_commit_and_data_are_shown(begin, client):
    with begin(run_name="densenet121 20260101", commit="c" * 40) as tracker:
        tracker.describe("No result yet.")
        tracker.log_dataset(DATASET)
        with tracker.child("trial-0000") as child:
            child.log_metrics({"loss": 1.0}, step=1)
        tracker.describe("**ROC AUC 0.812** with https://me:secret@host/x", "report.html")
        tracker.rename("densenet121 0.812 20260101")
    run = client.get_run(tracker.run_id)
    assert run.info.run_name == run.data.tags["mlflow.runName"] == "densenet121 0.812 20260101"
    assert run.data.tags["mlflow.user"] == run.info.user_id == getpass.getuser()
    assert run.data.tags["mlflow.source.git.commit"] == "c" * 40
    assert run.data.tags["mlflow.source.name"].startswith("xraykit ")
    note = run.data.tags["mlflow.note.content"]
    assert note.startswith("**ROC AUC 0.812**")
    assert "secret" not in note
    link = f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/artifacts/report.html"
    assert note.endswith(f"[report.html]({link})")
    assert client.get_run(child.run_id).data.tags["mlflow.user"] == getpass.getuser()


def test_the_data_are_read_back_by_mlflow(begin, client):
    import mlflow.data

    with begin() as tracker:
        tracker.log_dataset(DATASET)
    [used] = client.get_run(tracker.run_id).inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("nih", "d" * 36)
    assert [(tag.key, tag.value) for tag in used.tags] == [("mlflow.data.context", "training")]
    assert json.loads(used.dataset.profile) == {"radiographs.train": 7}
    assert mlflow.data.get_source(used.dataset).uri == "labels.csv"


def test_a_name_of_the_user_stays(begin, client):
    with begin(run_name="mine", named_by_user=True) as tracker:
        tracker.rename("densenet121 0.812 20260101")
    assert client.get_run(tracker.run_id).info.run_name == "mine"


def test_a_network_becomes_a_version_of_a_registered_model(begin, client, bundled):
    wanted = RegisteredModel(name="Chest of the test", alias="candidate")
    ids = []
    for _ in range(2):
        with begin(registered=wanted) as tracker:
            tracker.log_model(bundled.bundle)
        ids.append(tracker.run_id)
    versions = sorted(client.search_model_versions("name = 'Chest of the test'"), key=lambda each: int(each.version))
    assert [version.run_id for version in versions] == ids
    latest = client.get_model_version_by_alias("Chest of the test", "candidate")
    assert (str(latest.version), latest.run_id) == ("2", ids[1])


def test_a_registry_that_refuses_costs_a_warning(begin, client, bundled, caplog):
    # Pydantic has not seen this one.
    wanted = RegisteredModel.model_construct(name="a/b:c", alias="candidate")
    with begin(registered=wanted) as tracker:
        tracker.log_model(bundled.bundle)
        tracker.log_metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert "does not accept the registered model" in caplog.text


# What an experiment, and what a variable of the environment give: name of the experiment and of the run.
CASES = [
    ({}, {}, "tiny", "densenet121 X"),
    ({}, {"MLFLOW_EXPERIMENT_NAME": "study", "MLFLOW_RUN_NAME": "first"}, "study", "first"),
    (
        {"experiment": "own", "run_name": "mine"},
        {"MLFLOW_EXPERIMENT_NAME": "study", "MLFLOW_RUN_NAME": "first"},
        "own",
        "mine",
    ),
    ({"run_name": "mine"}, {"MLFLOW_EXPERIMENT_ID": "the id of numbered"}, "numbered", "mine"),
    ({}, {"MLFLOW_EXPERIMENT_ID": "the id of numbered", "MLFLOW_EXPERIMENT_NAME": "study"}, "study", "densenet121 X"),
]


@pytest.mark.parametrize(("section", "variables", "experiment", "name"), CASES)
def test_the_experiment_file_comes_before_the_variables(
    section, variables, experiment, name, store_root, client, monkeypatch, tmp_path
):
    for key, value in variables.items():
        if value == "the id of numbered":
            found = client.get_experiment_by_name("numbered")
            value = client.create_experiment("numbered") if found is None else found.experiment_id
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store_root / 'mlflow.db'}")
    values = {"name": "tiny", "tracking": section, "output": {"root": str(tmp_path)}}
    with open_trackers(load_experiment(values), tmp_path, run_name="densenet121 X") as tracker:
        pass
    run = client.get_run(tracker.run_id)
    assert client.get_experiment(run.info.experiment_id).name == experiment
    assert run.info.run_name == name


def test_a_run_that_mlflow_has_begun_is_continued_once(store_root, client, monkeypatch, tmp_path):
    begun = client.create_run("0", run_name="of mlflow run").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", begun)
    values = {"tracking": {"uri": f"sqlite:///{store_root / 'mlflow.db'}"}, "output": {"root": str(tmp_path)}}
    ids = []
    for _ in range(2):
        with open_trackers(load_experiment(values), tmp_path, run_name="x") as tracker:
            ids.append(tracker.run_id)
    assert ids[0] == begun
    assert ids[1] != begun


def test_the_trackers_are_those_of_the_list(store_root, tmp_path):
    values = {"tracking": {"uri": f"sqlite:///{store_root / 'mlflow.db'}"}, "output": {"root": str(tmp_path)}}

    def opened(to):
        values["tracking"]["to"] = to
        return open_trackers(load_experiment(values), tmp_path, run_name="x")

    assert isinstance(opened([]), NoTracker)
    with opened(["tensorboard", "mlflow"]) as tracker:
        assert isinstance(tracker, SeveralTrackers)
        # MLflow's, whatever the order of the list.
        assert tracker.run_id is not None
        tracker.log_epoch({"epoch": 1, "loss": 0.5})
    assert list((tmp_path / "tensorboard").glob("events*"))
