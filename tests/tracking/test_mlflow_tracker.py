import logging
import math

import pytest

from xraykit.tracking import MlflowTracker, open_tracker

pytestmark = pytest.mark.slow


def runs_of(client, experiment):
    found = client.get_experiment_by_name(experiment)
    return {run.info.run_name: run for run in client.search_runs([found.experiment_id])}


@pytest.fixture
def no_warnings(caplog):
    caplog.set_level(logging.INFO)
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("xraykit")] == []


@pytest.mark.usefixtures("no_warnings")
def test_a_run_is_recorded_with_all_its_parts(begin, client, tmp_path):
    figure = tmp_path / "roc.png"
    figure.write_bytes(b"picture")
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.keras").write_bytes(b"weights")
    with begin() as tracker:
        tracker.log_parameters({"seed": 1, "training": {"learning_rate": 0.001}})
        tracker.set_tags({"data.fingerprint": "abc"})
        for epoch in range(3):
            tracker.log_metrics({"loss": 1.0 / (epoch + 1), "val/auc": None, "odd@": math.nan}, step=epoch)
        tracker.log_metrics({"test/roc_auc": 0.8})
        tracker.log_file(figure, "figures")
        tracker.log_file(model, "model")
    run = client.get_run(tracker.run_id)
    assert isinstance(tracker, MlflowTracker)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"seed": "1", "training.learning_rate": "0.001"}
    assert run.data.tags["data.fingerprint"] == "abc"
    assert run.data.tags["xraykit.state"] == "complete"
    assert "xraykit.reason" not in run.data.tags
    history = client.get_metric_history(tracker.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert run.data.metrics == {"loss": 1 / 3, "test/roc_auc": 0.8}
    assert [file.path for file in client.list_artifacts(tracker.run_id, "figures")] == ["figures/roc.png"]
    assert [file.path for file in client.list_artifacts(tracker.run_id, "model")] == ["model/model.keras"]


@pytest.mark.usefixtures("no_warnings")
def test_each_trial_is_a_child_with_its_state(begin, client, request):
    ends = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED", "interrupted": "KILLED"}
    with begin() as tracker:
        for state in ends:
            trial = tracker.child(f"trial {state}")
            trial.log_metrics({"auc": 0.5}, step=0)
            trial.finish(state, reason=f"because {state}")
            trial.finish("complete")
    runs = runs_of(client, request.node.name)
    assert len(runs) == 5
    for state, status in ends.items():
        run = runs[f"trial {state}"]
        assert run.data.tags["mlflow.parentRunId"] == tracker.run_id
        assert run.info.status == status
        assert run.data.tags["xraykit.state"] == state
        assert run.data.tags["xraykit.reason"] == f"because {state}"
        assert run.data.metrics == {"auc": 0.5}


def test_an_exception_fails_the_run_and_its_reason_holds_no_password(begin, client):
    tracker = begin()
    with pytest.raises(ValueError, match="cannot read"), tracker:
        raise ValueError("cannot read postgresql://u:hidden99@h/d")
    run = client.get_run(tracker.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["xraykit.reason"] == "ValueError: cannot read postgresql://u:***@h/d"


@pytest.mark.usefixtures("no_warnings")
def test_a_run_is_resumed(begin, client, request):
    first = begin()
    first.log_metrics({"loss": 2.0}, step=0)
    first.finish("interrupted", "power cut")
    with begin(resume_run_id=first.run_id) as second:
        assert client.get_run(first.run_id).info.status == "RUNNING"
        second.log_metrics({"loss": 1.0}, step=1)
    run = client.get_run(first.run_id)
    assert second.run_id == first.run_id
    assert len(runs_of(client, request.node.name)) == 1
    assert run.info.status == "FINISHED"
    assert run.data.tags["xraykit.state"] == "complete"
    assert "xraykit.reason" not in run.data.tags
    assert [metric.step for metric in client.get_metric_history(first.run_id, "loss")] == [0, 1]


def test_a_run_that_no_longer_exists_is_started_again(begin, client, caplog):
    gone = begin()
    gone.finish("failed")
    client.delete_run(gone.run_id)
    with begin(resume_run_id=gone.run_id) as tracker:
        tracker.log_metrics({"loss": 1.0})
    assert tracker.run_id != gone.run_id
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert "a new one is started" in caplog.text


def test_a_run_whose_answer_was_lost_is_not_made_twice(begin, client, request, monkeypatch):
    from mlflow.tracking import MlflowClient

    create_run = MlflowClient.create_run

    def create_and_lose_the_answer(*arguments):
        monkeypatch.undo()
        create_run(*arguments)
        raise ConnectionResetError("the answer is lost")

    monkeypatch.setattr(MlflowClient, "create_run", create_and_lose_the_answer)
    tracker = begin()
    assert tracker.run_id is None
    tracker.finish("complete")
    runs = runs_of(client, request.node.name)
    assert runs["parent"].info.run_id == tracker.run_id
    assert runs["parent"].info.status == "FINISHED"
    assert len(client.search_runs([runs["parent"].info.experiment_id])) == 1


def test_a_changed_parameter_costs_itself_only(begin, client, caplog):
    first = begin()
    first.log_parameters({"epochs": 10, "seed": 1})
    first.finish("interrupted")
    with begin(resume_run_id=first.run_id) as tracker:
        tracker.log_parameters({"epochs": 20, "seed": 1, "batch_size": 8})
        tracker.log_metrics({"loss": 1.0}, step=0)
    run = client.get_run(first.run_id)
    assert run.data.params == {"epochs": "10", "seed": "1", "batch_size": "8"}
    assert run.data.metrics == {"loss": 1.0}
    assert len(caplog.records) == 1
    assert "does not accept epochs of the run 'parent'" in caplog.text


def test_a_file_that_is_gone_costs_a_warning(begin, client, tmp_path, caplog):
    with begin() as tracker:
        tracker.log_file(tmp_path / "nothing.png")
        tracker.log_metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert "nothing.png: it is gone" in caplog.text


def test_a_file_that_the_artifact_store_refuses_costs_a_warning(begin, client, tmp_path, caplog):
    file = tmp_path / "figure.png"
    file.write_bytes(b"")
    with begin() as tracker:
        tracker.log_file(file, "../outside")
        tracker.log_metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert "figure.png" in caplog.text


@pytest.mark.usefixtures("no_warnings")
def test_more_parameters_than_one_call_takes(begin, client):
    with begin() as tracker:
        tracker.log_parameters({f"p{number}": number for number in range(250)})
    assert len(client.get_run(tracker.run_id).data.params) == 250


def test_a_run_deleted_on_the_way_costs_few_warnings(begin, client, caplog):
    tracker = begin()
    client.delete_run(tracker.run_id)
    for epoch in range(10):
        tracker.log_metrics({"loss": 1.0}, step=epoch)
        assert tracker.run_id
    tracker.finish("complete")
    assert 1 <= len(caplog.records) <= 4


def test_a_deleted_experiment_is_brought_back(begin, client, request):
    begin().finish("complete")
    client.delete_experiment(client.get_experiment_by_name(request.node.name).experiment_id)
    with begin(run_name="second"):
        pass
    assert "second" in runs_of(client, request.node.name)


def test_nothing_is_written_to_stdout_or_to_the_working_folder(store_root, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with open_tracker("auto", root=store_root, experiment="quiet", run_name="quiet") as tracker:
        tracker.log_metrics({"loss": 1.0})
        tracker.log_file(store_root / "mlflow.db.lock", "files")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
    assert list(tmp_path.iterdir()) == []
    assert (store_root / "mlflow-artifacts" / tracker.run_id / "artifacts" / "files").is_dir()
