"""A run in which several processes take part: the workers of a search, and machines that join it."""

import logging

import pytest

from tests.tracking.test_mlflow_tracker import runs_of
from xraykit.tracking import NoTracker, join_run, open_tracker

pytestmark = pytest.mark.slow


def _join(root, request, run_id):
    return join_run("auto", root=root, experiment=request.node.name, run_id=run_id)


def test_a_guests_trials_belong_to_the_run_which_it_does_not_end(begin, client, store_root, request):
    host = begin()
    with _join(store_root, request, host.run_id) as guest:
        assert guest.run_id == host.run_id
        with guest.child("trial-0003") as trial:
            trial.log_metrics({"val_roc_auc": 0.6}, step=1)
    assert client.get_run(host.run_id).info.status == "RUNNING"
    host.finish("complete")
    trial = runs_of(client, request.node.name)["trial-0003"]
    assert trial.data.tags["mlflow.parentRunId"] == host.run_id
    assert (trial.info.status, trial.data.metrics) == ("FINISHED", {"val_roc_auc": 0.6})


def test_a_guest_that_fails_ends_its_trial_and_not_the_run(begin, client, store_root, request):
    host = begin()
    try:
        with _join(store_root, request, host.run_id) as guest, guest.child("trial-0000"):
            raise ValueError("broken")
    except ValueError:
        assert client.get_run(host.run_id).info.status == "RUNNING"
    host.finish("complete")
    assert runs_of(client, request.node.name)["trial-0000"].info.status == "FAILED"


def test_one_of_several_may_leave_and_another_end_the_run(begin, client, request, store_root):
    first = begin()
    second = begin(resume_run_id=first.run_id)
    second.log_metrics({"a": 1.0})
    second.leave()
    assert client.get_run(first.run_id).info.status == "RUNNING"
    first.finish("complete")
    run = client.get_run(first.run_id)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"a": 1.0})


def test_a_killed_workers_trial_is_ended_for_it_and_no_other(begin, client, store_root, request):
    with begin() as host:
        guest = _join(store_root, request, host.run_id)
        for name in ("trial-0000", "trial-0001", "trial-0002"):
            child = guest.child(name)
            if name == "trial-0000":
                child.finish("failed", "of its own")
        guest.leave()
        late = {"trial-0003": ("failed", "killed at once")}
        host.end_orphans({"trial-0000": ("interrupted", "wrong"), "trial-0001": ("interrupted", "killed"), **late})
    runs = runs_of(client, request.node.name)
    said = {name: (run.info.status, run.data.tags.get("xraykit.reason")) for name, run in runs.items()}
    assert said["trial-0000"] == ("FAILED", "of its own")
    assert said["trial-0001"] == ("KILLED", "killed")
    assert said["trial-0002"] == ("RUNNING", None)
    assert said["trial-0003"] == ("FAILED", "killed at once")
    assert runs["trial-0003"].data.tags["mlflow.parentRunId"] == host.run_id


def test_without_a_store_or_a_run_a_guest_tracks_nothing(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="xraykit")
    for uri, run_id in ((None, "abc"), ("auto", None)):
        assert isinstance(join_run(uri, root=tmp_path, experiment="x", run_id=run_id), NoTracker)
    tracker = open_tracker(None, root=tmp_path, experiment="x", run_name="y")
    tracker.leave()
    tracker.end_orphans({"trial-0000": ("failed", None)})
    assert not caplog.messages
    assert not list(tmp_path.iterdir())
