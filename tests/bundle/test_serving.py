"""A bundle that arrived from elsewhere in a real server of MLflow, without the store of its sender."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.bundle.runs import LABELS, decision_rule_of
from xraykit.bundle import copy_bundle, load_model

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(params=["a network", "a recalibrated ensemble"])
def arrived(request, tmp_path):
    """A bundle in a folder that nobody can write to, far from its run."""
    folder = tmp_path / "arrived"
    if request.param == "a network":
        shutil.copytree(request.getfixturevalue("bundled").bundle, folder)
    else:
        source = request.getfixturevalue("joined").bundle
        copy_bundle(source, folder, decision_rule_of(LABELS, seed=5), {"sample": "made up"})
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


@pytest.fixture
def server(arrived, files, tmp_path):
    """``mlflow models serve`` of the bundle, with an empty store; its address, once it answers."""
    address = f"http://127.0.0.1:{_free_port()}"
    command = ["-m", "mlflow", "models", "serve", "-m", str(arrived), "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    # MLflow starts uvicorn by its name, as a shell with the activated environment would find it.
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    here = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'empty.db'}", "XRAYKIT_SERVED_ROOT": str(files[0].parent)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": path, **here},
            cwd=tmp_path,
            start_new_session=True,
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


def test_a_bundle_without_a_store_gets_the_answers_of_the_loaded_model(server, arrived, files):
    classifier = load_model(arrived)
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
    example = (arrived / "serving_input_example.json").read_bytes()
    request = urllib.request.Request(f"{server}/invocations", example, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        assert [row["error"] for row in json.load(response)["predictions"]] == [""]
    # MLflow left nothing in it, so that its checksums still hold.
    load_model(arrived)
