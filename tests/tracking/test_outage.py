"""The outage rule, against real servers."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from urllib.error import URLError

import pytest

from xraykit.tracking import open_tracker

pytestmark = pytest.mark.process

PASSWORD = "hidden99"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# Each line on stdin starts the server anew, so that MLflow's server is imported once.
SERVER = """
import os
import sys

from mlflow import server

store, artifacts, port = sys.argv[1:]
os.environ[server.BACKEND_STORE_URI_ENV_VAR] = store
os.environ[server.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
os.environ[server.ARTIFACTS_DESTINATION_ENV_VAR] = artifacts
os.environ[server.SERVE_ARTIFACTS_ENV_VAR] = "true"
for _ in sys.stdin:
    process = os.fork()
    if not process:
        os.dup2(2, 1)
        server.app.run(host="127.0.0.1", port=int(port))
    print(process, flush=True)
    os.waitpid(process, 0)
"""


class Server:
    """MLflow's server in a process of its own, which can be killed and started again."""

    def __init__(self, folder, port):
        self.log = folder / "server.log"
        self.port = port
        self.uri = f"http://user:{PASSWORD}@127.0.0.1:{port}"
        store = f"sqlite:///{folder / 'server.db'}"
        with self.log.open("w") as log:
            self.launcher = subprocess.Popen(
                [sys.executable, "-c", SERVER, store, str(folder / "artifacts"), str(port)],
                cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        self.process = None

    def start(self):
        self.launcher.stdin.write("start\n")
        self.launcher.stdin.flush()
        self.process = int(self.launcher.stdout.readline() or pytest.fail(self.log.read_text()))
        deadline = time.monotonic() + 60
        while not self.predict_opened():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def predict_opened(self):
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return opener.open(f"http://127.0.0.1:{self.port}/health", timeout=5).status == 200
        except (URLError, OSError):
            return False

    def kill(self):
        if self.process is not None:
            os.kill(self.process, signal.SIGKILL)
            self.process = None

    def close(self):
        os.killpg(self.launcher.pid, signal.SIGKILL)
        self.launcher.communicate(timeout=30)


@pytest.fixture(autouse=True)
def local_only(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(store_root, tmp_path):
    shutil.copy(store_root / "mlflow.db", tmp_path / "server.db")
    server = Server(tmp_path, free_port())
    yield server
    server.close()


def told(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def begin(uri, tmp_path):
    return open_tracker(uri, root=tmp_path / "runs", experiment="outage", run_name="parent")


def test_a_server_that_comes_late_is_killed_and_comes_back_gets_everything(server, tmp_path, caplog, capfd):
    from mlflow.tracking import MlflowClient

    caplog.set_level(logging.DEBUG)
    figure = tmp_path / "roc.png"
    figure.write_bytes(b"picture")

    tracker = begin(server.uri, tmp_path)
    assert tracker.run_id is None
    tracker.log_parameters({"tracking": {"uri": server.uri}})
    tracker.log_metrics({"loss": 9.0}, step=0)
    assert len(told(caplog)) == 1

    server.start()
    tracker._delivery.drain()
    assert tracker.run_id is not None

    server.kill()
    for epoch in range(1, 30):
        tracker.log_metrics({"loss": 9.0 - epoch, "auc": 0.5}, step=epoch)
        with tracker.child(f"trial {epoch}") as trial:
            trial.log_metrics({"auc": 0.5}, step=0)
        tracker._delivery.wait()
    tracker.log_file(figure, "figures")
    assert len(told(caplog)) == 2

    server.start()
    tracker.finish("complete")
    client = MlflowClient(server.uri)
    run = client.get_run(tracker.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"tracking.uri": f"http://user:***@127.0.0.1:{server.port}"}
    history = client.get_metric_history(tracker.run_id, "loss")
    assert sorted((metric.step, metric.value) for metric in history) == [(epoch, 9.0 - epoch) for epoch in range(30)]
    assert [file.path for file in client.list_artifacts(tracker.run_id, "figures")] == ["figures/roc.png"]
    children = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{tracker.run_id}'")
    assert sorted(child.info.run_name for child in children) == sorted(f"trial {epoch}" for epoch in range(1, 30))
    assert {child.info.status for child in children} == {"FINISHED"}

    captured = capfd.readouterr()
    assert len(told(caplog)) == 2
    assert captured.out == ""
    assert PASSWORD not in caplog.text + captured.err


def test_a_server_that_stays_away_costs_two_warnings(tmp_path, caplog, capfd):
    uri = f"http://user:{PASSWORD}@127.0.0.1:{free_port()}/?token={PASSWORD}"
    tracker = begin(uri, tmp_path)
    for epoch in range(20):
        tracker.log_metrics({"loss": 1.0, "auc": 0.5}, step=epoch)
    with pytest.raises(ValueError, match="broken"), tracker:
        raise ValueError(f"broken {PASSWORD}")
    outage, end = told(caplog)
    assert "does not answer" in outage
    assert "Training continues" in outage
    assert end.startswith("42 entries were not delivered to the tracking store http://user:***@127.0.0.1")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert PASSWORD not in caplog.text + captured.err
    assert not (tmp_path / "runs").exists()


def test_a_server_that_hangs_is_asked_at_the_start_and_at_the_end_only(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def accept():
            while True:
                try:
                    asked.append(silent.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        tracker = begin(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
        for epoch in range(50):
            tracker.log_metrics({"loss": 1.0}, step=epoch)
            tracker.child("trial").finish("pruned")
        assert len(asked) == 1
        tracker.finish("complete")
        assert len(asked) == 2
        silent.shutdown(socket.SHUT_RDWR)
    for connection, _ in asked:
        connection.close()
    assert len(told(caplog)) == 2
