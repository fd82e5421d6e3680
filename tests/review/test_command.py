"""The command: its mistakes, its cases, and how Ctrl-C ends it."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pandas as pd
import pytest

from tests.review.made_up_run import write_run
from xraykit.review.__main__ import main

pytest.importorskip("fastapi")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A run on few phantoms."""
    return write_run(tmp_path_factory.mktemp("few"), {"patients": 12, "images": 24})


def test_a_missing_package_is_reported_with_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([str(tmp_path)]) == 2
    assert "pip install 'xraykit[serve]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "--port must be within 0 and 65535"),
        (["--limit", "5"], "--limit is the size of the random sample of --blind"),
        (["--limit", "0", "--blind"], "1 or more"),
        (["nowhere/"], "nowhere/ does not exist"),
        (["--reader", "../anna"], "A reader's name has"),
        (["--to", "reviewed.csv"], "--to must name a folder"),
        ([], "is not the folder of a finished run"),
    ],
)
def test_mistakes_are_reported_in_one_sentence(tmp_path, capsys, arguments, said):
    assert main([str(tmp_path), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


@pytest.mark.process
@pytest.mark.slow
def test_help_and_mistakes_come_before_anything_heavy_is_imported(tmp_path):
    script = (
        "import sys\nfrom xraykit.review.__main__ import main\n"
        f"assert main([{str(tmp_path / 'no')!r}, '--port', '99999']) == 2\n"
        "print({'keras', 'pandas', 'fastapi', 'uvicorn', 'cv2', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def started(small_run, tmp_path):
    """A function that starts the command and returns its process and address; it is ended with the test."""
    processes = []

    def start(*arguments):
        command = [sys.executable, "-u", "-m", "xraykit.review", str(small_run.path), "--to", str(tmp_path / "review")]
        # A shell without job control makes its background commands ignore Ctrl-C; a terminal does not.
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        processes.append(process)
        lines = iter(process.stdout.readline, "")
        for line in lines:
            if line.startswith("Open "):
                return process, line.split()[1]
        raise AssertionError(process.stderr.read())

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.process
@pytest.mark.slow
def test_ctrl_c_ends_it_cleanly_and_the_readings_stay(started, tmp_path):
    process, address = started("--reader", "anna", "--blind", "--limit", "5")
    root, token = address.split("/?token=")
    headers = {"Authorization": f"Bearer {token}", "X-Reader": "anna", "Content-Type": "application/json"}
    body = b'{"case": 0, "label": "Effusion", "reading": "present", "comment": "seen"}'
    urllib.request.urlopen(urllib.request.Request(f"{root}/api/readings", body, headers)).read()
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert "stopped by SIGINT" in error
    assert time.monotonic() - begun < 20
    # The address was printed once, and the token is in no log.
    assert token not in out + error
    table = pd.read_csv(tmp_path / "review" / "reviewed.csv")
    assert table[["label", "corrected", "remark"]].to_numpy().tolist() == [["Effusion", 1, "seen"]]


@pytest.mark.process
@pytest.mark.slow
def test_the_readings_are_what_the_worklist_reads(small_run, started, tmp_path):
    from xraykit.worklist.__main__ import main as worklist

    process, address = started()
    root, token = address.split("/?token=")
    headers = {"Authorization": f"Bearer {token}", "X-Reader": "anna", "Content-Type": "application/json"}
    for case in range(3):
        body = f'{{"case": {case}, "label": "Cardiomegaly", "reading": "present"}}'.encode()
        urllib.request.urlopen(urllib.request.Request(f"{root}/api/readings", body, headers)).read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    reviewed = tmp_path / "review" / "reviewed.csv"
    assert worklist([str(small_run.path), "--corrected", str(reviewed), "--to", str(tmp_path / "metrics")]) == 0
    assert (tmp_path / "metrics" / "metrics.json").is_file()


def session_of(run, source, folder, **settings):
    from xraykit.review.building import ReviewSettings, session_of_files, session_of_run
    from xraykit.runs import FinishedRun

    opened = FinishedRun.open(run.path)
    if source is None:
        return session_of_run(opened, ReviewSettings(folder, **settings))
    return session_of_files(opened, str(source), ReviewSettings(folder, **settings))


def test_the_cases_of_a_run_are_those_that_its_metrics_are_of(small_run, tmp_path):
    session = session_of(small_run, None, tmp_path)
    table = pd.read_csv(small_run.predictions)
    assert {case.image for case in session.cases.cases} == set(table["image"][table["part"] == "test"])
    assert session.cases.hidden_names is False
    sample = session_of(small_run, None, tmp_path, blind=True, limit=4)
    assert len(sample.cases) == 4
    assert {case.image for case in sample.cases.cases} < {case.image for case in session.cases.cases}


def test_a_folder_is_predicted_first_and_a_broken_file_stays_in_the_list(small_run, tmp_path):
    pictures = tmp_path / "pictures"
    (pictures / "below").mkdir(parents=True)
    found = sorted((small_run.path.parent.parent / "phantoms" / "images").glob("*.png"))[:3]
    for path, name in zip(found, ("a.png", "b.png", "below/c.png"), strict=True):
        (pictures / name).write_bytes(path.read_bytes())
    (pictures / "d.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    session = session_of(small_run, pictures, tmp_path / "review")
    overview = session.overview("anna")
    assert [case.image for case in session.cases.cases] == ["a.png", "b.png", "below/c.png", "d.png"]
    assert [row["name"] for row in overview["cases"]] == ["a.png", "b.png", "c.png", "d.png"]
    assert [bool(row["error"]) for row in overview["cases"]] == [False, False, False, True]
    assert str(tmp_path) not in str(overview)
    assert all(None not in row["probabilities"] for row in overview["cases"][:3])
    assert overview["cases"][3]["probabilities"] == [None] * 3
    assert list(session.cases.others(session.cases.cases[0])) == []
    assert len(session.heat_map("anna", 2, 0)) == 32 * 32


def test_a_table_gives_labels_patients_and_the_order_of_visits(small_run, tmp_path):
    found = sorted((small_run.path.parent.parent / "phantoms" / "images").glob("*.png"))[:4]
    for path, name in zip(found, "abcd", strict=True):
        (tmp_path / f"{name}.png").write_bytes(path.read_bytes())
    table = tmp_path / "local.csv"
    table.write_text(
        "image,Patient ID,date,age,sex,Effusion,cardiomegaly\n"
        "a.png,X1,2026-02-01,60,F,1,0\nb.png,X1,2026-01-01,60,F,0,\nc.png,X2,,,,,\nd.png,X1,2026-03-01,60,F,1,1\n"
    )
    session = session_of(small_run, table, tmp_path / "review")
    cases = session.cases
    assert list(cases.others(cases.cases[0])) == [(1, True), (3, False)]
    assert [list(map(str, case.given)) for case in cases.cases] == [
        ["0.0", "1.0", "nan"],
        ["nan", "0.0", "nan"],
        ["nan", "nan", "nan"],
        ["1.0", "1.0", "nan"],
    ]
    assert session.case("anna", 0)["age"] == 60
    assert "X1" not in str([session.case("anna", number) for number in range(4)])
    table.write_text("image,date,Effusion\na.png,01.02.2026,yes\n")
    from xraykit.errors import DataError

    with pytest.raises(DataError, match=r"line 2, column Effusion: 'yes'.*line 2, column date: '01\.02\.2026'"):
        session_of(small_run, table, tmp_path / "review")


def test_a_table_cannot_name_files_outside_of_its_folder(small_run, tmp_path):
    from xraykit.errors import DataError

    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "local.csv"
    table.write_text("image\n../secret.png\n")
    (tmp_path / "secret.png").write_bytes(b"x")
    with pytest.raises(DataError, match="outside its folder"):
        session_of(small_run, table, tmp_path / "review")


def test_dicom_files_have_their_windows_and_priors_and_name_nobody(small_run, tmp_path):
    pytest.importorskip("pydicom")
    import numpy as np

    from tests.data.decoders.dicom.files import NAME, PATIENT_ID, UID, dicom
    from tests.report.made_up_run import made_up_picture

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, date in enumerate(("20260301", "20260101", "20260201")):
        pixels = (made_up_picture(number, 40).astype(np.uint16) * 10).astype(np.uint16)
        name = pictures / f"{UID}.{number}.dcm"
        name.write_bytes(dicom(pixels, StudyDate=date, BitsStored=12, WindowCenter=1300, WindowWidth=2600))
    session = session_of(small_run, pictures, tmp_path / "review")
    overview = session.overview("anna")
    cases = session.cases
    assert list(cases.others(cases.cases[0])) == [(2, True), (1, True)]
    sent = str([overview, *(session.case("anna", number) for number in range(3))])
    for secret in (UID, PATIENT_ID, *NAME.split("^"), "2026"):
        assert secret not in sent
    assert b'"windows": [[1300.0, 2600.0]]' in session.picture(0)
    assert [row["name"] for row in overview["cases"]] == ["", "", ""]
    session.save("anna", 0, "Effusion", "present", "")
    assert pd.read_csv(tmp_path / "review" / "reviewed.csv")["image"].tolist() == [f"{UID}.0.dcm"]


REAL = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "dicom", "chest")


@pytest.mark.skipif(not os.path.isdir(REAL), reason="the real DICOM files are not there; made-up ones are tested")
def test_real_dicom_files_are_reviewed(small_run, tmp_path):
    pytest.importorskip("pydicom")
    session = session_of(small_run, REAL, tmp_path / "review")
    overview = session.overview("anna")
    readable = [number for number, row in enumerate(overview["cases"]) if not row["error"]]
    assert len(readable) >= 8
    for number in readable:
        assert len(session.picture(session.cases.cases[number].picture)) > 100_000
    assert not re.search(r"\d+(\.\d+){5,}", str(overview))
