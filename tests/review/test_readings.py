"""The readings of all readers on disk: nothing is lost, whoever writes and whatever is killed."""

import json
import multiprocessing
import threading

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.review.small import LABELS, small_cases, small_session
from xraykit.errors import DataError, XraykitError
from xraykit.review.readings import LONGEST_COMMENT, Readings, reader_name
from xraykit.review.tables import TABLE, agreed, write_tables


@pytest.fixture
def cases(tmp_path):
    (tmp_path / "pictures").mkdir()
    return small_cases(tmp_path / "pictures")


def save(readings, cases, reader, number, label, reading, comment=""):
    with readings.locked():
        readings.add(reader, cases.cases[number].image, label, reading, comment)
        write_tables(readings, cases, reader)


def test_a_reading_is_on_disk_when_it_is_saved_and_is_there_again_afterwards(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "Anna", 1, "Mass", "present", 'round, "2 cm"')
    again = Readings(tmp_path / "review").of("anna").entries[cases.cases[1].image, "Mass"]
    assert (again.reading, again.comment, again.blind) == ("present", 'round, "2 cm"', True)
    table = pd.read_csv(tmp_path / "review" / TABLE, keep_default_na=False)
    assert table[["image", "label", "corrected", "remark"]].to_numpy().tolist() == [
        [cases.cases[1].image, "Mass", 1, 'round, "2 cm"']
    ]
    assert (tmp_path / "review" / "anna" / TABLE).is_file()


def test_the_last_reading_counts_and_the_log_keeps_all(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    for reading in ("present", "absent", "unsure", ""):
        save(readings, cases, "anna", 1, "Mass", reading)
    assert len((tmp_path / "review" / "anna" / "readings.jsonl").read_text().splitlines()) == 4
    assert len(pd.read_csv(tmp_path / "review" / TABLE)) == 0


def test_where_readers_disagree_nobodys_label_is_applied(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "anna", 1, "Mass", "present", "seen")
    save(readings, cases, "ben", 1, "Mass", "absent")
    save(readings, cases, "anna", 2, "Mass", "absent")
    save(readings, cases, "ben", 2, "Mass", "absent", "=1+1")
    table = pd.read_csv(tmp_path / "review" / TABLE, keep_default_na=False)
    assert table["corrected"].tolist() == ["", "0"]
    assert table["reading"].tolist() == ["anna: present; ben: absent", "anna: absent; ben: absent"]
    assert table["remark"].tolist() == ["anna: seen", "ben: =1+1"]
    assert pd.read_csv(tmp_path / "review" / "ben" / TABLE)["corrected"].tolist() == [0, 0]
    # No cell is run as a formula.
    assert "'=1+1" in (tmp_path / "review" / "ben" / TABLE).read_text()


@pytest.mark.parametrize(
    ("readings", "expected"), [(["present"], 1), (["absent", ""], 0), (["unsure"], None), (["unsure", "present"], None)]
)
def test_what_all_agree_on(readings, expected):
    assert agreed(readings) == expected


def write_many(folder, pictures, reader, labels):
    cases, readings = small_cases(pictures), Readings(folder)
    for number in range(len(cases)):
        for label in labels:
            save(readings, cases, reader, number, label, "present", f"{reader} {number} {label}")


@pytest.mark.process
def test_two_readers_at_once_in_two_processes_lose_nothing(tmp_path, cases):
    context = multiprocessing.get_context("spawn")
    given = [("anna", LABELS), ("ben", LABELS), ("anna", LABELS[:1])]
    processes = [
        context.Process(target=write_many, args=(tmp_path / "review", tmp_path / "pictures", *each)) for each in given
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    readings = Readings(tmp_path / "review")
    assert {each.name: len(each.entries) for each in readings.all()} == {"anna": 36, "ben": 36}
    logs = [(tmp_path / "review" / name / "readings.jsonl").read_text() for name in ("anna", "ben")]
    assert [len(log.splitlines()) for log in logs] == [48, 36]
    table = pd.read_csv(tmp_path / "review" / TABLE)
    assert len(table) == 36
    assert (table["corrected"] == 1).all()


def test_two_readers_at_once_on_one_server_lose_nothing(tmp_path):
    session = small_session(tmp_path)

    def read(reader):
        for number in range(len(session.cases)):
            session.save(reader, number, "Mass", "absent", "")

    threads = [threading.Thread(target=read, args=(reader,)) for reader in ("anna", "ben", "anna")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = pd.read_csv(tmp_path / "review" / TABLE)
    assert table["readers"].tolist() == ["anna; ben"] * 12


def test_the_line_of_a_killed_writer_is_left_out_and_the_next_one_is_whole(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "anna", 1, "Mass", "present")
    log = tmp_path / "review" / "anna" / "readings.jsonl"
    with log.open("ab") as file:
        file.write(b'{"at": "2026-01-01T00:00:00", "image": "00')
    again = Readings(tmp_path / "review")
    assert len(again.of("anna").entries) == 1
    save(again, cases, "anna", 2, "Mass", "absent")
    assert [json.loads(line)["reading"] for line in log.read_text().splitlines()] == ["present", "absent"]
    assert len(readings.of("anna").entries) == 2


def test_a_damaged_log_is_reported(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "anna", 1, "Mass", "present")
    log = tmp_path / "review" / "anna" / "readings.jsonl"
    log.write_text(log.read_text() + "{}\n")
    with pytest.raises(DataError, match="is damaged"):
        Readings(tmp_path / "review").of("anna")
    log.write_text("")
    with pytest.raises(DataError, match="became shorter"):
        readings.of("anna")


def test_a_table_that_somebody_changed_is_kept(tmp_path, cases, caplog):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "anna", 1, "Mass", "present")
    (tmp_path / "review" / TABLE).write_text("mine\n")
    save(readings, cases, "anna", 2, "Mass", "present")
    kept = list((tmp_path / "review").glob("reviewed-changed-*.csv"))
    assert [path.read_text() for path in kept] == ["mine\n"]
    assert "was changed outside of this page" in caplog.text
    assert len(pd.read_csv(tmp_path / "review" / TABLE)) == 2


def test_what_was_read_before_the_model_was_seen_stays_known(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    image = cases.cases[1].image
    save(readings, cases, "anna", 1, "Mass", "present")
    with readings.locked():
        readings.reveal("anna", image)
    save(readings, cases, "anna", 1, "Mass", "absent")
    known = Readings(tmp_path / "review").of("anna")
    assert (known.blind[image, "Mass"].reading, known.entries[image, "Mass"].reading) == ("present", "absent")
    assert not known.entries[image, "Mass"].blind


@given(st.text(max_size=60))
def test_any_text_is_a_safe_name_of_a_folder_or_is_refused(text):
    try:
        name = reader_name(text)
    except XraykitError:
        return
    assert "/" not in name
    assert "\\" not in name
    assert name[0].isalnum()
    assert name[-1].isalnum()
    assert reader_name(name) == name


def test_invalid_readings_are_refused(tmp_path):
    readings = Readings(tmp_path / "review")
    with pytest.raises(XraykitError, match="present, absent, unsure"):
        readings.add("anna", "a.png", "Mass", "maybe", "")
    with pytest.raises(XraykitError, match="letters at most"):
        readings.add("anna", "a.png", "Mass", "present", "x" * (LONGEST_COMMENT + 1))
    with pytest.raises(XraykitError, match="reader's name"):
        readings.add("../anna", "a.png", "Mass", "present", "")
    assert list((tmp_path / "review").iterdir()) == []


def test_control_characters_do_not_reach_the_table(tmp_path, cases):
    readings = Readings(tmp_path / "review")
    save(readings, cases, "anna", 1, "Mass", "present", "one\ntwo\x1b[31m")
    table = pd.read_csv(tmp_path / "review" / TABLE)
    assert table["remark"].tolist() == ["one two [31m"]
