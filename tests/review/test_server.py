"""What the server answers, and to whom."""

import json
import struct

import numpy as np
import pandas as pd
import pytest

from tests.review.small import LABELS, small_session
from xraykit.data import original_picture
from xraykit.review.pictures import packed

pytest.importorskip("fastapi")
testclient = pytest.importorskip("fastapi.testclient")
TOKEN, PORT = "secret-token", 8765
HERE = f"http://127.0.0.1:{PORT}"


def client_of(session, *, token=TOKEN, host=HERE):
    from xraykit.review.security import Guard
    from xraykit.review.server import build_app

    headers = {"X-Reader": "anna"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return testclient.TestClient(
        Guard(build_app(session), TOKEN, PORT), base_url=host, headers=headers, follow_redirects=False
    )


@pytest.fixture
def session(tmp_path):
    return small_session(tmp_path)


@pytest.fixture
def client(session):
    return client_of(session)


@pytest.fixture
def blind(tmp_path):
    return client_of(small_session(tmp_path, blind=True))


def read_all(client, number, reading="absent"):
    for label in LABELS:
        assert client.post("/api/readings", json={"case": number, "label": label, "reading": reading}).is_success


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/api/overview", "/api/pictures/0", "/api/agreement", "/no"])
def test_without_the_token_nothing_is_answered(session, path):
    for client in (client_of(session, token=""), client_of(session, token="another")):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.text.startswith("This page needs its token.")


def test_the_token_in_the_address_becomes_a_cookie_once(session):
    client = client_of(session, token="")
    answer = client.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert f"xraykit_review_{PORT}={TOKEN}" in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert client.get("/").status_code == 200
    # The token in any other address is no key.
    assert client_of(session, token="").get(f"/api/overview?token={TOKEN}").status_code == 401


@pytest.mark.parametrize("host", ["http://evil.example", "http://127.0.0.1", f"http://127.0.0.1.evil.example:{PORT}"])
def test_another_name_of_this_machine_is_refused_as_after_dns_rebinding(session, host):
    answer = client_of(session, host=host).get("/")
    assert answer.status_code == 421
    assert HERE in answer.text


def test_requests_of_other_sites_are_refused(client):
    reading = {"case": 0, "label": "Mass", "reading": "present"}
    assert client.post("/api/readings", json=reading, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/readings", json=reading, headers={"Origin": "null"}).status_code == 403
    assert client.post("/api/readings", json=reading, headers={"Origin": HERE}).status_code == 200


def test_a_form_and_a_long_request_are_refused(client):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/api/readings", content="case=0", headers=form).status_code == 415
    assert client.post("/api/readings", json={"comment": "x" * 2**16}).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/page/../server.py", "/page/..%2fserver.py", "/page/%2e%2e/%2e%2e/setup.cfg", "/page/server.py", "/docs"],
)
def test_no_other_file_is_given(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no" in answer.text


def test_every_answer_forbids_what_the_page_does_not_need(client):
    for path in ("/", "/page/main.js", "/api/overview", "/no"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/cases/99", 404), ("/api/cases/-1", 404), ("/api/pictures/99", 404), ("/api/cases/0/heat/9", 404),
     ("/api/cases/..", 404), ("/api/cases/x", 422)],
)  # fmt: skip
def test_what_is_not_there_is_reported_in_plain_words(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert len(answer.text) < 300


def test_no_patient_and_no_path_reaches_the_page(session, client, tmp_path):
    texts = [client.get("/api/overview").text, client.get("/api/agreement").text]
    texts += [client.get(f"/api/cases/{number}").text for number in range(len(session.cases))]
    assert not [text for text in texts if "secret-" in text or str(tmp_path) in text]


def test_the_overview_has_all_that_the_list_filters_by(session, client):
    found = client.get("/api/overview").json()
    assert [label["name"] for label in found["labels"]] == list(LABELS)
    assert [label["threshold"] for label in found["labels"]] == [0.5, 0.2, None]
    assert [label["calibrated"] for label in found["labels"]] == [True, True, False]
    row, case = found["cases"][3], session.cases.cases[3]
    np.testing.assert_allclose(row["probabilities"], case.probabilities, rtol=1e-5)
    assert row["calls"] == [case.probabilities[0] >= 0.5, case.probabilities[1] >= 0.2, None]
    assert row["given"] == case.given.tolist()
    chance = np.where(case.given == 1, case.probabilities, 1 - case.probabilities)
    np.testing.assert_allclose(row["surprise"], -np.log2(chance), rtol=1e-5)
    assert found["cases"][0]["given"] == [None] * 3
    assert found["flags"] == {"checked": 12, "of": 12, "found": {"2": ["inverted"]}}


def test_a_case_has_its_facts_boxes_flags_and_the_patients_other_radiographs(client):
    case = client.get("/api/cases/5").json()
    assert (case["view"], case["sex"], case["age"]) == ("PA", "F", 51)
    assert [(other["picture"], other["earlier"]) for other in case["others"]] == [(1, True), (9, False)]
    assert client.get("/api/cases/1").json()["boxes"] == {"Mass": [[0.1, 0.2, 0.3, 0.4]]}
    assert client.get("/api/cases/2").json()["flags"] == {"inverted": "It is."}


def test_a_picture_comes_at_its_own_size_with_all_its_values(session, client):
    content = client.get("/api/pictures/3").content
    (length,) = struct.unpack("<I", content[:4])
    facts = json.loads(content[4 : 4 + length])
    assert (facts["width"], facts["height"], facts["count"], facts["sample_bytes"]) == (40, 40, 256, 1)
    greys = np.frombuffer(content, np.uint8, 256, 4 + length + 4 * 256)
    positions = np.frombuffer(content, np.uint8, 1600, 4 + length + 5 * 256).reshape(40, 40)
    np.testing.assert_array_equal(greys[positions], original_picture(session.cases.pictures[3].path))


def test_a_picture_that_is_gone_is_reported_without_its_path(session, client, tmp_path):
    (tmp_path / "pictures" / "003_0.png").unlink()
    answer = client.get("/api/pictures/3")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("The file cannot be read")
    assert str(tmp_path) not in answer.text


def test_a_heat_map_is_computed_when_it_is_asked_for_and_once(session, client):
    assert session.heat_maps.computed == 0
    for _ in range(2):
        for column in (0, 1):
            heat = np.frombuffer(client.get(f"/api/cases/4/heat/{column}").content, np.uint8).reshape(16, 16)
            assert np.argwhere(heat == 255).tolist() == [[column, column]]
    assert session.heat_maps.computed == 2
    refused = client.get("/api/cases/4/heat/2")
    assert (refused.status_code, "no positives" in refused.text) == (400, True)


def test_a_reading_is_saved_at_once_and_shown_again(session, client):
    reading = {"case": 3, "label": "Mass", "reading": "present", "comment": "left"}
    assert client.post("/api/readings", json=reading).json()["reading"] == "present"
    table = pd.read_csv(session.readings.folder / "reviewed.csv")
    assert table[["image", "label", "corrected", "remark"]].to_numpy().tolist() == [["003_0.png", "Mass", 1, "left"]]
    assert client.get("/api/overview").json()["readings"]["3"]["Mass"]["comment"] == "left"
    other = client.get("/api/overview", headers={"X-Reader": "Bj%C3%B6rn"}).json()
    assert (other["reader"], other["readings"]) == ("björn", {})


@pytest.mark.parametrize(
    "reading",
    [{"case": 3, "label": "Nothing", "reading": "present"}, {"case": 99, "label": "Mass", "reading": "present"},
     {"case": 3, "label": "Mass", "reading": "maybe"}, {"case": "3", "label": "Mass", "reading": "present"},
     {"case": 3, "label": "Mass", "reading": "present", "path": "/etc/passwd"}],
)  # fmt: skip
def test_an_invalid_reading_is_refused_and_nothing_is_written(session, client, reading):
    assert client.post("/api/readings", json=reading).status_code in (404, 422)
    assert not (session.readings.folder / "reviewed.csv").exists()


def test_a_readers_name_that_is_a_path_is_refused(client):
    answer = client.get("/api/overview", headers={"X-Reader": "..%2F..%2Fetc"})
    assert answer.status_code == 400
    assert "reader's name" in answer.json()["error"]


def test_in_blind_mode_nothing_of_the_model_is_reported_before_the_reading(blind):
    overview = blind.get("/api/overview").json()
    for row in overview["cases"]:
        assert set(row) == {"name", "error", "open"}
    assert [label["threshold"] for label in overview["labels"]] == [None] * 3
    assert overview["flags"]["found"] == {}
    case = blind.get("/api/cases/1").json()
    assert "boxes" not in case
    assert "flags" not in case
    assert blind.get("/api/cases/1/heat/0").status_code == 400


def test_the_model_is_shown_after_all_findings_are_read(blind):
    blind.post("/api/readings", json={"case": 1, "label": "Mass", "reading": "present"})
    refused = blind.post("/api/reveal", json={"case": 1})
    assert refused.status_code == 400
    assert "Missing: Effusion, Hernia" in refused.json()["error"]
    read_all(blind, 1)
    assert blind.post("/api/reveal", json={"case": 1}).json()["open"]
    rows = blind.get("/api/overview").json()["cases"]
    assert [number for number, row in enumerate(rows) if row["open"]] == [1]
    assert "boxes" in blind.get("/api/cases/1").json()
    assert blind.get("/api/cases/1/heat/0").status_code == 200
    # Another reader has not read it.
    others = blind.get("/api/overview", headers={"X-Reader": "ben"}).json()["cases"]
    assert not any(row["open"] for row in others)


def test_a_fault_of_the_server_is_reported_without_its_details(session, monkeypatch, caplog):
    def broken(*given):
        raise RuntimeError("/home/secret")

    monkeypatch.setattr(session, "agreement", broken)
    client = client_of(session)
    quiet = testclient.TestClient(client.app, base_url=HERE, headers=client.headers, raise_server_exceptions=False)
    answer = quiet.get("/api/agreement")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "fault of xraykit" in caplog.text


def test_a_packed_picture_is_aligned_for_the_page(session):
    content = packed(session.cases.pictures[0].path, 64, None)
    (length,) = struct.unpack("<I", content[:4])
    assert length % 4 == 0
    assert len(content) == 4 + length + 5 * 256 + 1600
