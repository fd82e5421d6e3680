"""An emptied or replaced database is noticed, and the uses of the test part stay counted."""

from dataclasses import dataclass

import pytest

from xraykit.config.search.section import Search
from xraykit.errors import XraykitError
from xraykit.search import TrialRecord
from xraykit.search.study_record import StudyRecord


@dataclass
class Setup:
    folder: object
    search: Search
    name: str = "0123abcd"


def trials(number):
    return tuple(TrialRecord(each, "complete", {}, 0.5, 1, 1.0, None) for each in range(number))


@pytest.fixture
def record(tmp_path):
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2}}

    def opened(**section):
        return StudyRecord(Setup(tmp_path / "tiny" / "study", Search.model_validate({"space": space, **section})))

    return opened


def test_a_new_study_and_one_that_goes_on_are_as_they_should_be(record, caplog):
    record().check(())
    record().save_trials(trials(3))
    record().check(trials(3))
    record().check(trials(5))
    assert caplog.text == ""


def test_a_study_that_had_trials_and_has_none_is_refused_with_what_to_do(record):
    record().save_trials(trials(3))
    with pytest.raises(XraykitError) as caught:
        record(storage="postgresql://me:secret@host/base").check(())
    message = str(caught.value)
    assert "had 3 trials" in message
    assert "postgresql://me:***@host/base contains none of them" in message
    assert f"To start the search again, move {record().trials_file} away" in message
    record().trials_file.unlink()
    record().check(())


def test_an_older_copy_of_a_study_is_warned_of(record, caplog):
    record().save_trials(trials(3))
    record().check(trials(2))
    assert "had 3 trials" in caplog.text
    assert "It may be an older copy." in caplog.text


def test_fewer_trials_than_known_do_not_replace_the_record(record):
    record().save_trials(trials(3))
    record().save_trials(trials(1))
    with pytest.raises(XraykitError, match="had 3 trials"):
        record().check(())


def test_uses_of_the_test_part_are_counted_without_the_database(record):
    assert record().save_use("host:/a", {}) == 1
    assert record().save_use("host:/a", {}) == 1
    record().trials_file.unlink(missing_ok=True)
    assert record().save_use("host:/b", {}) == 2
    assert record().save_use("host:/b", {"host:/a": "2026", "elsewhere:/c": "2026"}) == 3


def test_a_damaged_record_is_named(record):
    record().save_trials(trials(1))
    record().trials_file.write_text('{"trials": "many"}')
    with pytest.raises(XraykitError, match=r"record\.json is invalid: trials must be a whole number"):
        record().check(trials(1))
