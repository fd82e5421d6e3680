"""The end of a blind review."""

import pandas as pd
import pytest

from tests.review.small import LABELS, small_session
from xraykit.evaluation import cohens_kappa
from xraykit.review.agreement import COLUMNS


def read_blind(session, reader, truth):
    """Read all cases before the model is shown; ``truth(case, column)`` gives the reading."""
    for number, case in enumerate(session.cases.cases):
        for column, label in enumerate(LABELS):
            session.save(reader, number, label, truth(case, column), "")
        session.reveal(reader, number)


@pytest.fixture
def session(tmp_path):
    session = small_session(tmp_path, blind=True, count=48, patients=24)
    read_blind(session, "anna", lambda case, column: "present" if case.given[column] == 1 else "absent")
    read_blind(session, "ben", lambda case, column: "present" if case.probabilities[column] >= 0.5 else "absent")
    return session


def rows_of(session, first, second):
    rows = session.agreement()["rows"]
    return {row["finding"]: row for row in rows if (row["first"], row["second"]) == (first, second)}


def test_each_reader_is_compared_with_model_and_labels_and_the_readers_with_each_other(session):
    pairs = {(row["first"], row["second"]) for row in session.agreement()["rows"]}
    readers = {(reader, other) for reader in ("anna", "ben") for other in ("model", "label given")}
    assert pairs == readers | {("anna", "ben")}


def test_kappa_and_interval_are_those_over_patients(session):
    cases = session.cases.cases
    expected = cohens_kappa(
        [case.given[1] == 1 for case in cases[1:]],
        [case.probabilities[1] >= 0.2 for case in cases[1:]],
        [number % 24 for number in range(1, 48)],
    )
    # The first case has no label: anna read it as absent.
    found = rows_of(session, "anna", "label given")["Mass"]
    assert (found["cases"], found["patients"], found["kappa"]) == (47, 24, 1)
    mine = rows_of(session, "anna", "model")["Mass"]
    assert mine["cases"] == 48
    assert mine["kappa"] == pytest.approx(expected.kappa, abs=0.1)
    assert mine["low"] < mine["kappa"] < mine["high"]
    assert rows_of(session, "ben", "model")["Effusion"]["kappa"] == 1


def test_the_agreement_is_written_as_a_table(session):
    rows = session.agreement()["rows"]
    table = pd.read_csv(session.readings.folder / "agreement.csv")
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(rows)
    assert table["kappa"].iloc[0] == pytest.approx(rows[0]["kappa"])


def test_a_finding_without_an_operating_point_is_compared_with_the_labels_alone(session):
    assert "Hernia" not in rows_of(session, "anna", "model")
    assert "Hernia" in rows_of(session, "anna", "label given")
    assert rows_of(session, "anna", "label given")["all findings"]["cases"] == 3 * 47


def test_what_is_changed_after_the_model_was_seen_does_not_count(session):
    before = session.agreement()
    for number in range(10):
        session.save("anna", number, "Mass", "unsure", "")
    after = session.agreement()
    assert after["rows"] == before["rows"]
    assert next(each for each in after["readers"] if each["reader"] == "anna")["changed"] == 10


def test_readings_with_the_model_in_view_are_counted_and_not_compared(tmp_path):
    session = small_session(tmp_path)
    session.overview("anna")
    session.save("anna", 1, "Mass", "present", "")
    found = session.agreement()
    assert found["rows"] == []
    assert found["readers"] == [{"reader": "anna", "blind": 0, "begun": 0, "changed": 0, "sighted": 1}]


def test_who_has_seen_the_model_before_cannot_read_blind_afterwards(tmp_path):
    small_session(tmp_path).overview("anna")
    blind = small_session(tmp_path, blind=True)
    assert all(row["open"] for row in blind.overview("anna")["cases"])
    blind.save("anna", 1, "Mass", "present", "")
    assert blind.agreement()["rows"] == []
    assert not any(row["open"] for row in blind.overview("ben")["cases"])


def test_what_a_reader_is_unsure_of_is_left_out(tmp_path):
    session = small_session(tmp_path, blind=True)
    for number in range(12):
        for label in LABELS:
            session.save("anna", number, label, "unsure" if number % 2 else "present", "")
        session.reveal("anna", number)
    found = rows_of(session, "anna", "model")
    assert found["Mass"]["cases"] == 6
    assert found["Mass"]["low"] is None


def test_the_agreement_tells_nothing_of_radiographs_whose_model_is_not_shown_yet(tmp_path):
    session = small_session(tmp_path, blind=True)
    for label in LABELS:
        session.save("anna", 1, label, "present", "")
    found = session.agreement()
    assert found["rows"] == []
    assert found["readers"][0]["begun"] == 3
    session.reveal("anna", 1)
    assert rows_of(session, "anna", "model")["Mass"]["cases"] == 1
