import sqlite3
import subprocess
import sys

import pytest

from xraykit.errors import ExperimentError
from xraykit.tracking import open_tracker

pytestmark = pytest.mark.process

IN_TWO_PROCESSES = """
import os
import sys
from pathlib import Path

import mlflow
from xraykit.tracking import open_tracker

forked = os.fork()
name = "one" if forked else "two"
with open_tracker("auto", root=Path(sys.argv[1]), experiment="shared", run_name=name) as tracker:
    tracker.log_metrics({"loss": 1.0}, step=0)
    tracker.child("trial").finish("pruned")
if forked and os.waitpid(forked, 0)[1]:
    sys.exit("the other process failed")
"""


def test_two_processes_make_a_new_store_at_once(tmp_path):
    root = tmp_path / "runs"
    # From Python 3.12 on, a fork beside MLflow's threads is warned of.
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", IN_TWO_PROCESSES, str(root)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("shared").experiment_id])
    assert sorted(run.info.run_name for run in runs) == ["one", "trial", "trial", "two"]
    assert {run.info.status for run in runs} == {"FINISHED", "KILLED"}
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize(
    "uri",
    [
        "gopher://user:hidden99@host/db",
        "postgresql+nosuchdriver://user:hidden99@host/db",
        "postgresql://user:hidden99@host:port/db",
        "http://user:hidden99@[::1",
    ],
)
def test_a_uri_that_mlflow_cannot_use_is_reported_before_the_training(uri, tmp_path):
    with pytest.raises(ExperimentError, match=r"cannot use the tracking\.uri .*Expected: auto, none") as caught:
        open_tracker(uri, root=tmp_path, experiment="e", run_name="r")
    assert "hidden99" not in str(caught.value)
    assert "user" in str(caught.value)


def test_a_folder_of_files_is_no_store(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    with pytest.raises(ExperimentError, match=r"tracking\.uri"):
        open_tracker(str(tmp_path / "mlruns"), root=tmp_path, experiment="e", run_name="r")


def test_a_damaged_store_costs_a_warning(tmp_path, caplog):
    (tmp_path / "mlflow.db").write_bytes(b"this is no database" * 100)
    with open_tracker("auto", root=tmp_path, experiment="e", run_name="r") as tracker:
        tracker.log_metrics({"loss": 1.0}, step=0)
    assert tracker.run_id is None
    assert "file is not a database" in caplog.text
    assert "4 entries were not delivered" not in caplog.text
    assert "3 entries were not delivered" in caplog.text


def test_a_root_that_cannot_be_written_costs_a_warning(tmp_path, caplog):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with open_tracker("auto", root=tmp_path / "runs", experiment="e", run_name="r") as tracker:
        tracker.log_metrics({"loss": 1.0}, step=0)
    assert "FileExistsError" in caplog.text


def test_a_name_that_mlflow_refuses_costs_a_warning(store_root, caplog):
    with open_tracker("auto", root=store_root, experiment="e" * 501, run_name="r") as tracker:
        for epoch in range(10):
            tracker.log_metrics({"loss": 1.0}, step=epoch)
        tracker.child("trial").finish("complete")
    assert tracker.run_id is None
    assert "does not accept the run 'r'" in caplog.text
    assert len(caplog.records) <= 4


def test_a_store_of_another_version_of_mlflow_is_named_with_what_to_do(tmp_path):
    script = (
        "import logging, sys; from pathlib import Path; from xraykit.tracking import open_tracker\n"
        "logging.basicConfig()\n"
        "with open_tracker('auto', root=Path(sys.argv[1]), experiment='e', run_name='r'): pass"
    )
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("CREATE TABLE experiments (id INTEGER)")
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0123456789ab')")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "another version of MLflow than" in done.stderr
    assert "mlflow db upgrade" in done.stderr
    assert "Training continues" in done.stderr


def test_auto_is_what_mlflow_is_set_to_elsewhere_or_a_file_in_the_output_folder(tmp_path, monkeypatch):
    from xraykit.tracking.store import Store

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert Store("auto", tmp_path, "e").address == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hidden99@host:5000")
    assert Store("auto", tmp_path, "e").address == "http://me:***@host:5000"
    assert Store("sqlite:////x.db", tmp_path, "e").address == "sqlite:////x.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://me:hidden99@host")
    with pytest.raises(ExperimentError, match="cannot use the MLFLOW_TRACKING_URI") as caught:
        Store("auto", tmp_path, "e")
    assert "hidden99" not in str(caught.value)


LATER = """
import sys
from pathlib import Path

from xraykit.tracking import open_tracker

started = []
tracker = open_tracker(
    "auto", root=Path(sys.argv[1]), experiment="e", run_name="r", on_started=started.append, later=True
)
tracker.log_metrics({"loss": 1.0}, step=0)
assert "mlflow" not in sys.modules and not started
tracker.begin()
assert started == ([] if tracker.run_id is None else [tracker.run_id]) != []
tracker.finish("complete")
"""


def test_mlflow_is_imported_when_the_first_step_was_begun(store_root, tmp_path):
    command = [sys.executable, "-c", LATER, str(store_root)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_wrong_address_is_reported_at_once_all_the_same(tmp_path):
    with pytest.raises(ExperimentError, match=r"tracking\.uri"):
        open_tracker("gopher://host/db", root=tmp_path, experiment="e", run_name="r", later=True)


def test_sqlite_with_an_unknown_driver_is_reported_at_once(tmp_path):
    with pytest.raises(ExperimentError, match=r"tracking\.uri"):
        open_tracker("sqlite+nosuchdriver:///a.db", root=tmp_path, experiment="e", run_name="r", later=True)
