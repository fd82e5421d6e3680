"""The server over a real connection: answers, limits, errors as plain JSON, health, metrics and documentation."""

import base64
import http.client
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serve.fakes import form_of
from xraykit.serve.page import page_of
from xraykit.serve.prediction_log import LogKey, PredictionLog
from xraykit.version import VERSION


def pictures(*contents):
    return {"pictures": [base64.b64encode(content).decode() for content in contents]}


def test_an_answer_names_network_decision_rule_flags_and_use(answering):
    server = answering()
    answer = server.predict(pictures(b"x" * 600, b"", b"broken"))
    assert answer.status == 200
    assert answer.json["model"]["id"] == "1" * 64
    assert answer.json["model"]["version"] == "0.2.0"
    assert answer.json["decision_rule"]["sha256"] == "3" * 64
    assert "not a medical device" in answer.json["notice"]
    assert answer.json["request"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    first, flagged, broken = answer.json["predictions"]
    assert first["findings"]["Mass"] == {"probability": 0.6, "call": True, "threshold": 0.5, "spread": None}
    assert (first["flags"], flagged["flags"]) == ([], ["blank", "noise"])
    assert broken["findings"]["Mass"]["probability"] is broken["findings"]["Mass"]["call"] is None
    assert broken["error"] == {"code": "unreadable_picture", "message": "it is broken"}
    assert answer.json["error"] is None
    about = server.ask("/v1/model").json
    assert about == {name: answer.json[name] for name in about}


def test_a_request_whose_pictures_are_all_broken_is_no_success(answering):
    answer = answering().predict({"pictures": ["no base64!", base64.b64encode(b"broken").decode()]})
    assert (answer.status, answer.code) == (422, "no_readable_picture")
    assert [each["error"]["message"] for each in answer.json["predictions"]] == [
        "The content is not base64.",
        "it is broken",
    ]


def test_a_form_is_answered_with_the_names_of_its_files(answering):
    answer = answering().predict(*form_of(("a.png", b"x"), ("b.dcm", b"xx")))
    assert [each["image"] for each in answer.json["predictions"]] == ["a.png", "b.dcm"]


def test_clients_at_once_share_batches_and_get_their_own_answers(answering):
    server = answering(batch=8, batch_seconds=0.1)
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda size: server.predict(pictures(b"x" * size)), range(100, 108)))
    found = [each.json["predictions"][0]["findings"]["Mass"]["probability"] for each in answers]
    assert found == [size / 1000 for size in range(100, 108)]
    assert len(server.network.batches) < 8


@pytest.mark.parametrize("has_length", [True, False])
def test_a_request_with_too_many_bytes_is_refused_before_it_is_read(answering, has_length):
    server = answering(request_bytes=1000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/v1/predict")
    connection.putheader("Content-Type", "application/json")
    if has_length:
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
    else:
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["error"]["code"]) == (413, "request_too_large")
    connection.close()
    assert server.service.budget.held == 0


def test_a_request_that_does_not_arrive_in_time_is_refused(answering):
    server = answering(request_seconds=0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nslow")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_too_slow"
    assert server.service.budget.held == 0


def test_a_network_that_does_not_answer_in_time_is_503(answering):
    server = answering(request_seconds=0.3)
    server.network.gate.clear()
    answer = server.predict(pictures(b"x"))
    assert (answer.status, answer.code) == (503, "overloaded")
    assert "within 0.3 s" in answer.json["error"]["message"]
    assert answer.headers["retry-after"] == "1"


def test_a_full_queue_and_full_memory_are_503(answering):
    server = answering(waiting_pictures=2, pictures=2, batch=1, bytes_at_once=5000)
    server.network.gate.clear()
    with ThreadPoolExecutor(3) as clients:
        first = clients.submit(server.predict, pictures(b"x"))
        _until(lambda: server.service.metrics.batch.collect()[0].samples[-2].value == 1)
        waiting = clients.submit(server.predict, pictures(b"x", b"x"))
        _until(lambda: b"xraykit_waiting_pictures 2.0" in server.service.metrics.text())
        full = server.predict(pictures(b"x"))
        assert (full.status, full.code) == (503, "overloaded")
        assert server.predict(pictures(b"x" * 4000)).status == 503
        server.network.gate.set()
        assert (first.result().status, waiting.result().status) == (200, 200)
    assert server.predict(pictures(b"x" * 2000)).status == 200


def _until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not become true")


def test_too_many_pictures_wrong_types_and_addresses_are_plain_json(answering):
    server = answering(pictures=2)
    for answer, status, code in (
        (server.predict(pictures(b"", b"", b"")), 413, "request_too_large"),
        (server.predict(b"x", "image/png"), 415, "unsupported_type"),
        (server.predict(b"{"), 400, "malformed_request"),
        (server.predict(b'{"picture": []}'), 422, "invalid_request"),
        (server.ask("/v1/predict"), 405, "wrong_method"),
        (server.ask("/nothing"), 404, "not_found"),
    ):
        assert (answer.status, answer.code) == (status, code)
        assert set(answer.json) == {"error"}
        assert answer.headers["content-type"] == "application/json"


def test_a_bug_is_an_error_of_its_request_alone(answering):
    server = answering(batch_seconds=0.001)
    answer = server.predict(pictures(b"crash"))
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "a bug" not in answer.body.decode()
    assert server.predict(pictures(b"x")).status == 200


def test_health_says_when_requests_are_answered(answering):
    server = answering(ready=False)
    assert server.ask("/health/live").json == {"status": "live"}
    starting = server.ask("/health/ready")
    assert (starting.status, starting.json) == (503, {"status": "starting"})
    assert (server.predict(pictures(b"x")).status, server.ask("/v1/model").code) == (503, "starting")
    server.service.begin(server.network)
    assert server.ask("/health/ready").json == {"status": "ready"}
    server.service.is_stopping = True
    stopping = server.ask("/health/ready")
    assert (stopping.status, stopping.json) == (503, {"status": "stopping"})
    assert server.ask("/health/live").status == 200
    assert server.predict(pictures(b"x")).code == "stopping"


def test_what_cannot_be_answered_before_the_end_of_the_drain_is_refused(answering):
    server = answering(drain_seconds=1)
    server.network.gate.clear()
    with ThreadPoolExecutor(1) as clients:
        request = clients.submit(server.predict, pictures(b"x"))
        _until(lambda: server.service.metrics.batch.collect()[0].samples[-2].value == 1)
        server.service.is_stopping = server.server.should_exit = True
        answer = request.result(20)
    assert (answer.status, answer.code) == (503, "stopping")


def test_metrics_count_requests_pictures_flags_and_batches(answering):
    server = answering()
    server.predict(pictures(b"x", b"", b"broken"))
    server.predict(b"{")
    server.ask("/invented/" + "x" * 50)
    answer = server.ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    for line in (
        'xraykit_requests_total{route="/v1/predict",status="200"} 1.0',
        'xraykit_requests_total{route="other",status="404"} 1.0',
        'xraykit_refused_total{code="malformed_request"} 1.0',
        'xraykit_pictures_total{outcome="predicted"} 2.0',
        'xraykit_pictures_total{outcome="unreadable"} 1.0',
        'xraykit_flags_total{flag="blank"} 1.0',
        "xraykit_batch_pictures_sum 3.0",
        "xraykit_network_seconds_count 1.0",
        "xraykit_held_bytes 0.0",
        "xraykit_model_info{"
        + ",".join([f'bundle="{"2" * 64}"', f'decision_rule="{"3" * 64}"', f'id="{"1" * 64}"', f'server="{VERSION}"'])
        + "} 1.0",
    ):
        assert f"\n{line}\n" in text
    assert "invented" not in text


def test_the_documentation_needs_no_other_server_and_no_script(answering):
    server = answering()
    assert server.ask("/").status == 200
    page = server.ask("/docs")
    text = page.body.decode()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"<script|<link|https?://", text)
    for name in ("/v1/predict", "/v1/model", "/health/ready", "multipart/form-data", "PictureAnswer", "413"):
        assert name in text
    assert "not a medical device" in text
    assert '<form method="post" enctype="multipart/form-data" action="v1/predict">' in text
    assert "<form" not in page_of(server.ask("/openapi.json").json, "/v1/predict", has_token=True)


def test_openapi_describes_both_kinds_of_requests_and_all_answers(answering):
    document = answering().ask("/openapi.json").json
    predict = document["paths"]["/v1/predict"]["post"]
    assert set(predict["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert set(predict["responses"]) == {"200", "400", "401", "408", "413", "415", "422", "503"}
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert named <= set(document["components"]["schemas"])


def test_predictions_are_logged_with_hashed_ids_and_without_pixels(answering, tmp_path):
    path, key = tmp_path / "log.jsonl", LogKey.random()
    server = answering(log=PredictionLog(path, key))
    content = b"the pixels of a patient" * 20
    server.predict(*form_of(("Doe_Jane_1970.png", content), ("b.png", b"broken")))
    number = server.predict(pictures(b"")).json["request"]
    text = path.read_text()
    first, second, third = map(json.loads, text.splitlines())
    assert first["name"] == key.hashed("name", b"Doe_Jane_1970.png")
    assert first["file"] == key.hashed("file", content)
    assert (first["probabilities"], first["calls"]) == ({"Mass": 0.46}, {"Mass": False})
    assert (second["error"], second["probabilities"]) == ("unreadable_picture", {"Mass": None})
    assert (third["name"], third["flags"], third["request"]) == (None, ["blank", "noise"], number)
    assert (first["model"], first["decision_rule"]) == ("1" * 64, "3" * 64)
    for secret in ("Doe", "1970", "pixels", base64.b64encode(content).decode()[:20], "127.0.0.1"):
        assert secret not in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_its_line_in_the_log_no_prediction_is_answered(answering):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    server = answering(log=PredictionLog(Path("/dev/full"), LogKey.random()))
    answer = server.predict(pictures(b"x"))
    assert (answer.status, answer.code) == (503, "log_unavailable")
    assert "predictions" not in answer.json


def test_many_clients_in_one_moment_all_get_an_answer(answering):
    server, statuses = answering(), []

    def client():
        statuses.extend(server.predict(pictures(b"x")).status for _ in range(5))

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 80
