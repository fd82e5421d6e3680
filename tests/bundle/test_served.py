"""What MLflow calls: pictures in every form that a request may have, and no file of the server that nobody meant."""

import base64
import json
import os
import threading
import time

import cv2
import numpy as np
import pandas as pd
import pytest

from xraykit.bundle import served as served_module
from xraykit.bundle.served import ServedClassifier
from xraykit.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(classifier, files):
    return ServedClassifier(classifier, files[0].parent)


def test_every_form_of_a_picture_gets_the_answer_of_the_classifier(served, classifier, files):
    content = files[0].read_bytes()
    pixels = cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)
    text = base64.b64encode(content).decode()
    forms = [
        content,
        bytearray(content),
        text,
        base64.encodebytes(content).decode(),
        f"data:image/png;base64,{text}",
        files[0].name,
        str(files[0]),
        pixels,
        pixels.tolist(),
        pixels.astype(np.int64),
    ]
    expected = classifier.predict(files[0])
    answers = served.predict(pd.DataFrame({"image": forms}))
    assert answers["image"].tolist() == [
        *(f"picture {number}" for number in range(1, 6)),
        files[0].name,
        str(files[0]),
        *(f"picture {number}" for number in range(8, 11)),
    ]
    assert answers["error"].tolist() == [""] * len(forms)
    assert answers["Effusion_probability"].to_numpy() == pytest.approx(expected["Effusion_probability"][0], abs=1e-6)


def test_a_table_a_list_or_a_single_one(served, files):
    content, pixels = files[0].read_bytes(), np.zeros((40, 40), np.uint8)
    tables = [
        pd.DataFrame({"image": [content, content]}),
        pd.DataFrame({0: [content, content]}),
        {"image": [content, content]},
        [content, content],
        pd.Series([content, content]),
        np.array([content, content], dtype=object),
        np.stack([pixels, pixels]),
    ]
    assert [len(served.predict(table)) for table in tables] == [2] * len(tables)
    singles = [content, files[0].name, pixels, {"image": content}]
    assert [len(served.predict(single)) for single in singles] == [1] * len(singles)
    for wrong in (pd.DataFrame({"a": [1], "b": [2]}), 3, None):
        with pytest.raises(DataError, match="Expected a table with a column 'image'"):
            served.predict(wrong)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no base64!", "base64"),
        ("abcd", "not a PNG, JPEG or DICOM"),
        ("", "empty"),
        (None, "NoneType"),
        (7, "int"),
        ([], "whole numbers"),
        ([[1, 2], [3]], "whole numbers"),
        ([[0.5, 1.0]], "whole numbers"),
        ([[-1, 3]], "whole numbers"),
        ([[70000, 3]], "whole numbers"),
        (np.zeros((2, 2)), "whole numbers"),
        ("nothing.png", "No such file"),
        ("nul\0.png", "no file name"),
        ("../labels.csv.png", "outside its folder"),
        ("/etc/passwd.png", "outside its folder"),
    ],
)
def test_a_picture_that_is_none_is_reported_in_its_row(served, files, value, reason):
    answers = served.predict([value, files[0].name])
    assert reason in answers["error"][0]
    assert answers["Effusion_probability"][0] is None
    assert answers["error"][1] == ""
    assert str(files[0].parent) not in json.dumps(answers.to_dict("records"), allow_nan=False)


def test_a_request_of_too_many_pictures_or_bytes_is_refused_before_any_is_decoded(served, files, monkeypatch):
    monkeypatch.setattr("xraykit.bundle.served.open_source", _never)
    with pytest.raises(DataError, match=r"may contain 256 pictures. Received: 257"):
        served.predict([files[0].name] * 257)
    monkeypatch.setattr("xraykit.bundle.request.MOST_BYTES", 10_000)
    for much in (b"x" * 10_001, "x" * 10_001, np.zeros((101, 100), np.uint8), [[0] * 101] * 100):
        with pytest.raises(DataError, match=r"may have 10,000 bytes as they are sent. Received: 10,\d\d\d\."):
            served.predict([much])


def _never(*arguments):
    raise AssertionError


def test_a_picture_in_a_request_has_fewer_megapixels_than_a_file(served, classifier):
    large = cv2.imencode(".png", np.zeros((6000, 6000), np.uint8))[1].tobytes()
    assert classifier.predict(large)["error"][0] == ""
    assert "at most 32 are read" in served.predict([large])["error"][0]


def test_many_requests_at_once_decode_two_pictures_at_a_time(served, files, monkeypatch):
    running, most, lock = [0], [0], threading.Lock()
    opened = served_module.open_source

    def watched(*arguments):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return opened(*arguments)

    monkeypatch.setattr(served_module, "open_source", watched)
    threads = [threading.Thread(target=served.predict, args=([files[0].name],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most[0] == 2


def test_an_array_is_read_as_by_the_classifier(served):
    assert len(served.predict(np.zeros((40, 50, 3), np.uint8))) == 1
    assert len(served.predict(np.zeros((2, 40, 50, 3), np.uint8))) == 2


def test_without_a_folder_no_file_of_the_server_is_read(classifier, files):
    answers = ServedClassifier(classifier, None).predict([str(files[0]), files[0].read_bytes()])
    assert "XRAYKIT_SERVED_ROOT" in answers["error"][0]
    assert answers["error"][1] == ""


def test_a_file_in_the_folder_that_is_no_picture_is_not_shown(classifier, tmp_path):
    (tmp_path / "secret.png").write_text("very secret")
    (tmp_path / "secret.csv").write_text("very secret")
    answers = ServedClassifier(classifier, tmp_path).predict(["secret.png", "secret.csv"])
    assert "not a PNG, JPEG or DICOM" in answers["error"][0]
    assert "base64" in answers["error"][1]


def test_a_pipe_a_device_and_a_huge_file_in_the_folder_are_refused_at_once(classifier, files, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(10**12)
    answers = ServedClassifier(classifier, tmp_path).predict(["pipe.png", "folder.png", "huge.png", "/dev/zero.png"])
    assert [reason.split(": ", 1)[-1][:24] for reason in answers["error"][:3]] == [
        "it is a FIFO, not a regu",
        "it is a folder, not a re",
        "1,000,000,000,000 bytes;",
    ]
    assert "outside its folder" in answers["error"][3]
