"""From the body of a request to its pictures, whatever a client sends."""

import base64
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.fakes import form_of
from xraykit.serve.refusals import Refused
from xraykit.serve.requests import FORM, JSON, pictures_of

SOME = b"\x89PNG some bytes"
NO_FILE = b'--xyz\r\nContent-Disposition: form-data; name="q"\r\n\r\nx\r\n--xyz--'
TEXT = base64.b64encode(SOME).decode()


def test_json_takes_texts_data_urls_and_objects_with_names():
    wrapped = base64.encodebytes(SOME * 20).decode()
    pictures = [TEXT, f"data:image/png;base64,{TEXT}", {"name": "a.png", "content": TEXT}, wrapped]
    sent = pictures_of(f"{JSON}; charset=utf-8", json.dumps({"pictures": pictures}).encode(), 10)
    assert [each.content for each in sent] == [SOME, SOME, SOME, SOME * 20]
    assert [each.name for each in sent] == ["picture 1", "picture 2", "a.png", "picture 4"]
    assert [each.is_named for each in sent] == [False, False, True, False]


def test_a_form_takes_files_of_any_field_and_drops_their_folders():
    body, kind = form_of(("a.png", SOME), ("C:\\Users\\x\\b.dcm", b""), ("../../c.png", b"\r\n--xy"))
    sent = pictures_of(kind, body, 3)
    assert [(each.name, each.content) for each in sent] == [
        ("a.png", SOME),
        ("b.dcm", b""),
        ("c.png", b"\r\n--xy"),
    ]


def test_text_that_is_no_base64_is_the_error_of_its_picture_alone():
    sent = pictures_of(JSON, json.dumps({"pictures": ["not base64!", TEXT]}).encode(), 2)
    assert [(each.content, each.error) for each in sent] == [(None, "The content is not base64."), (SOME, "")]


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        (JSON, b"{", 400, "not valid JSON"),
        (JSON, b"\xff", 400, "not valid JSON"),
        (JSON, b"[" * 100_000, 400, "not valid JSON"),
        (JSON, b"[]", 422, "at its top"),
        (JSON, b"{}", 422, "at pictures: Field required"),
        (JSON, b'{"pictures": []}', 422, "at pictures"),
        (JSON, b'{"pictures": [1]}', 422, "at pictures.0"),
        (JSON, b'{"pictures": [{"content": "", "patient": "x"}]}', 422, "at pictures.0"),
        (JSON, b'{"pictures": ["", "", ""]}', 413, "may have 2 pictures. Received: 3"),
        (FORM, b"", 400, "names no boundary"),
        (f"{FORM}; boundary=xyz", b"", 400, "cut short"),
        (f"{FORM}; boundary=xyz", b"nonsense", 400, "damaged"),
        (f"{FORM}; boundary=xyz", form_of(("a", SOME))[0][:-20], 400, "cut short"),
        (form_of()[1], form_of(("a", b""), ("b", b""), ("c", b""))[0], 413, "may have 2 pictures"),
        (
            form_of()[1],
            b'--xyz\r\nContent-Disposition: form-data; name="q"\r\n\r\nx\r\n--xyz--',
            422,
            "part 'q' without",
        ),
        (form_of()[1], b"--xyz\r\nX: y\r\n\r\nx\r\n--xyz--", 400, "Content-Disposition"),
        ("image/png", SOME, 415, "Received: image/png"),
        ("", SOME, 415, "Received: none"),
    ],
)
def test_what_is_wrong_with_a_request_is_reported_without_its_content(kind, body, status, message):
    with pytest.raises(Refused, match=r".") as refused:
        pictures_of(kind, body, 2)
    assert refused.value.status == status
    assert message in str(refused.value)
    assert len(str(refused.value)) < 500


@given(st.binary(max_size=300), st.sampled_from([JSON, FORM, f"{FORM}; boundary=xyz", "text/plain", "; boundary="]))
def test_any_bytes_are_pictures_or_refused(body, kind):
    for content in (body, b"--xyz\r\n" + body, b'{"pictures": [' + body + b"]}"):
        assert _status_of(kind, content) in (200, 400, 413, 415, 422)


def _status_of(kind, body):
    try:
        return 200 if all(each.name for each in pictures_of(kind, body, 3)) else 500
    except Refused as refused:
        return refused.status


@given(st.lists(st.tuples(st.text(max_size=30), st.binary(max_size=200)), min_size=1, max_size=5))
def test_whatever_a_client_packs_comes_out_again(files):
    request = httpx.Request("POST", "http://x", files=[("pictures", (f"x{name}", content)) for name, content in files])
    sent = pictures_of(request.headers["content-type"], request.read(), 5)
    assert [each.content for each in sent] == [content for _, content in files]
    as_json = [{"name": name, "content": base64.b64encode(content).decode()} for name, content in files]
    sent = pictures_of(JSON, json.dumps({"pictures": as_json}).encode(), 5)
    assert [each.content for each in sent] == [content for _, content in files]
    assert all(each.name.isprintable() for each in sent)
