"""The command in a real process: its answers are those of ``predict``, and SIGTERM lets it end in order."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bundle.runs import LABELS, decision_rule_of
from tests.serve.fakes import Answering, form_of
from xraykit.bundle import BundleFolder, copy_bundle, load_model
from xraykit.serve.tokens import VARIABLE
from xraykit.system import sha256_of

pytestmark = [pytest.mark.slow, pytest.mark.process]

TOKEN = "a-token-for-this-test-alone"
DICOM = Path(__file__).resolve().parents[3] / "shared" / "dicom" / "chest"


@pytest.fixture(scope="module")
def bundle(joined, tmp_path_factory):
    """A recalibrated ensemble: the largest case of a bundle."""
    folder = tmp_path_factory.mktemp("served") / "bundle"
    copy_bundle(joined.bundle, folder, decision_rule_of(LABELS, seed=5), {"sample": "made up"})
    return BundleFolder(folder)


class Process(Answering):
    """A server in a process of its own."""

    def start(self, bundle, folder, *arguments, **variables):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address, self.log = f"http://127.0.0.1:{port}", folder / "server.log"
        command = [sys.executable, "-m", "xraykit", "serve", str(bundle.path), "--port", str(port), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **variables})
        for _ in range(1200):
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                if self.ask("/health/ready").status == 200:
                    return self
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def predict(self, body, kind="application/json", **headers):
        return self.ask("/v1/predict", body, kind, Authorization=f"Bearer {TOKEN}", **headers)


@pytest.fixture(scope="module")
def server(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    log = [
        "--log-predictions",
        str(folder / "log.jsonl"),
        "--log-key-file",
        str(folder / "key"),
        *("--max-megapixels", "4", "--request-seconds", "120", "--drain-seconds", "120"),
    ]
    started = Process("", None, None).start(bundle, folder, *log, **{VARIABLE: TOKEN})
    started.predictions = folder / "log.jsonl"
    yield started
    started.process.kill()
    started.process.wait(20)


@pytest.fixture(scope="module")
def predicted(bundle, files, tmp_path_factory):
    """The table of the command ``predict``, by the names of the files."""
    target = tmp_path_factory.mktemp("predicted") / "table.json"
    command = [sys.executable, "-m", "xraykit", "predict", str(bundle.path), *map(str, files), "--to", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return {Path(row["image"]).name: row for row in json.loads(target.read_text())}


def row_of(answer):
    """An answer as a row of ``predict``, without what belongs to all pictures."""
    row = {"flags": ";".join(answer["flags"]), "flag_reasons": answer["flag_reasons"]}
    row["error"] = answer["error"]["message"] if answer["error"] else ""
    for label, found in answer["findings"].items():
        row |= {f"{label}_{name}": found[name] for name in ("probability", "call", "spread")}
    return row


def test_answers_are_those_of_predict(server, files, predicted):
    """The command computes its first batches without TensorFlow's optimised graph: float32 is rounded otherwise."""
    groups = [files[start : start + 5] for start in range(0, len(files), 5)]
    with ThreadPoolExecutor(len(groups)) as clients:
        answers = list(clients.map(lambda group: server.predict(*form_of_files(group)), groups))
    assert [each.status for each in answers] == [200] * len(groups)
    for answer in answers:
        rule = answer.json["decision_rule"]
        for each in answer.json["predictions"]:
            expected, row = predicted[each["image"]], row_of(each)
            for name, value in row.items():
                if name.endswith(("_probability", "_spread")):
                    assert value == (None if expected[name] is None else pytest.approx(expected[name], abs=1e-6)), name
                else:
                    assert value == expected[name], name
            for name in ("uncalibrated", "untrained"):
                assert ";".join(rule[name]) == expected[name]
            assert " ".join(rule["notes"]) == expected["label_notes"]


def form_of_files(files):
    return form_of(*((file.name, file.read_bytes()) for file in files))


def test_answers_are_exactly_those_of_a_loaded_network_that_predicts_as_many(server, bundle, files):
    """Both compute by the optimised graph then, in which a picture's answer does not depend on its batch."""
    classifier = load_model(bundle.path)
    for _ in range(5):
        classifier.predict(files[:2])
    expected = classifier.predict([file.read_bytes() for file in files[:6]])
    plain = expected.astype(object).where(expected.notna(), None).to_dict("records")
    alone = [server.predict(*form_of_files([file])).json["predictions"][0] for file in files[:3]]
    together = server.predict(*form_of_files(files[3:6])).json["predictions"]
    for answer, row in zip([*alone, *together], plain, strict=True):
        assert row_of(answer) == {name: row[name] for name in row_of(answer)}


def test_json_gets_the_same_answer_as_a_form(server, files):
    content = base64.b64encode(files[0].read_bytes()).decode()
    by_json = server.predict({"pictures": [{"name": files[0].name, "content": content}]}).json
    by_form = server.predict(*form_of_files(files[:1])).json
    assert by_json["predictions"] == by_form["predictions"]


def test_the_answer_identifies_the_bundle(server, bundle):
    about = server.ask("/v1/model", Authorization=f"Bearer {TOKEN}").json
    assert about["model"]["bundle"] == json.loads(bundle.manifest.read_text())["sha256"]
    assert about["model"]["members"] == 3
    assert about["decision_rule"]["sha256"] == sha256_of(bundle.decision_rule)
    assert about["decision_rule"]["uncalibrated"] == ["Hernia"]


def test_jpeg_and_dicom_are_answered(server, bundle):
    import cv2

    _, jpeg = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    sent = [("a.jpg", jpeg.tobytes())]
    if DICOM.is_dir():
        sent += [(path.name, path.read_bytes()) for path in sorted(DICOM.iterdir())[:4]]
    answers = server.predict(*form_of(*sent)).json["predictions"]
    expected = load_model(bundle.path).predict([content for _, content in sent])
    assert [each["error"] for each in answers] == [None] * len(sent)
    assert [";".join(each["flags"]) for each in answers] == expected["flags"].tolist()
    found = [each["findings"]["Effusion"]["probability"] for each in answers]
    assert found == pytest.approx(expected["Effusion_probability"].tolist(), abs=1e-6)


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded(server, files):
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    side = 60_000
    header = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(bytes(10_000_000), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    memory = peak_memory(server.process.pid)
    answer = server.predict(*form_of(("bomb.png", bomb)))
    assert (answer.status, answer.code) == (422, "no_readable_picture")
    assert "at most 4 are read" in answer.json["predictions"][0]["error"]["message"]
    assert peak_memory(server.process.pid) - memory < 100 << 20
    mixed = server.predict(*form_of(("bomb.png", bomb), (files[0].name, files[0].read_bytes())))
    assert (mixed.status, mixed.json["predictions"][1]["error"]) == (200, None)


def peak_memory(pid):
    """Bytes, as Linux counts them."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not report the memory of a process")
    return next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def test_the_token_is_in_no_output_and_no_variable_of_the_process(server):
    assert server.ask("/v1/model", Authorization="Bearer wrong-wrong-wrong").status == 401
    assert TOKEN not in server.log.read_text()
    assert TOKEN not in server.predictions.read_text()


def held_bytes(server):
    text = server.ask("/metrics", Authorization=f"Bearer {TOKEN}").body.decode()
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith("xraykit_held_bytes")))


def test_sigterm_answers_what_was_accepted_and_ends_without_an_error(server, files):
    before = len(pd.read_json(server.predictions, lines=True))
    body, kind = form_of_files(files)
    with ThreadPoolExecutor(4) as clients:
        requests = [clients.submit(server.predict, body, kind) for _ in range(4)]
        # A request that has come in whole holds its bytes until it is answered.
        while not (held_bytes(server) >= 4 * len(body) or all(request.done() for request in requests)):
            time.sleep(0.001)
        server.process.send_signal(signal.SIGTERM)
        answers = [request.result(60) for request in requests]
    assert [answer.status for answer in answers] == [200] * 4, (
        [answer.body[:300] for answer in answers],
        server.log.read_text(),
    )
    assert server.process.wait(60) == 0
    assert "Stopping: the requests that were accepted are answered" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()
    assert len(pd.read_json(server.predictions, lines=True)) == before + 4 * len(files)
