"""A real server of MLflow and a real request."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.bundle.runs import LABELS
from xraykit.bundle import load_model
from xraykit.tracking.models import save_served

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(params=["bundled", "joined"])
def served_run(request):
    """The run of a single network, and that of an ensemble."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def server(served_run, files, tmp_path):
    """``mlflow models serve`` of the bundle; its address, once it answers."""
    save_served(served_run.bundle, tmp_path / "served")
    address = f"http://127.0.0.1:{_free_port()}"
    command = ["-m", "mlflow", "models", "serve", "-m", str(tmp_path / "served"), "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    # MLflow starts uvicorn by its name, as a shell with the activated environment would find it.
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "XRAYKIT_SERVED_ROOT": str(files[0].parent)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            _wait_for(address, process, tmp_path / "log")
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _wait_for(address, process, log):
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            return urllib.request.urlopen(f"{address}/ping", timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_a_request_gets_the_answers_of_the_loaded_model(server, served_run, files):
    classifier = load_model(served_run.path)
    picture = base64.b64encode(files[0].read_bytes()).decode()
    body = {"dataframe_records": [{"image": picture}, {"image": files[1].name}, {"image": "../../x.png"}]}
    request = urllib.request.Request(
        f"{server}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        rows = json.load(response)["predictions"]
    expected = classifier.predict([files[0].read_bytes(), files[1]])
    assert [row["image"] for row in rows] == ["picture 1", files[1].name, "picture 3"]
    for row, answer in zip(rows, expected.to_dict("records"), strict=False):
        for label in LABELS:
            assert row[f"{label}_probability"] == pytest.approx(answer[f"{label}_probability"], abs=1e-6)
            assert row.get(f"{label}_spread") == pytest.approx(answer.get(f"{label}_spread"), abs=1e-6)
        assert row["Effusion_call"] == answer["Effusion_call"]
        assert row["Hernia_call"] is None
        assert (row["flags"], row["error"]) == (answer["flags"], "")
    assert "outside its folder" in rows[2]["error"]
