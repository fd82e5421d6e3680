"""A study whose database was emptied or swapped is noticed, and how often the test part was used is not forgotten."""

from dataclasses import dataclass

import pytest

from xraykit.config.search_section import Search
from xraykit.errors import XraykitError
from xraykit.search import TrialRecord
from xraykit.search.storage.ledger import Ledger


@dataclass
class Places:
    folder: object
    search: Search
    name: str = "0123abcd"


def trials(number):
    return tuple(TrialRecord(each, "complete", {}, 0.5, 1, 1.0, None) for each in range(number))


@pytest.fixture
def ledger(tmp_path):
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2}}

    def opened(**section):
        return Ledger(Places(tmp_path / "tiny" / "study", Search.model_validate({"space": space, **section})))

    return opened


def test_a_new_study_and_one_that_goes_on_are_as_they_should_be(ledger, caplog):
    ledger().check(())
    ledger().note_trials(trials(3))
    ledger().check(trials(3))
    ledger().check(trials(5))
    assert caplog.text == ""


def test_a_study_that_had_trials_and_has_none_is_refused_with_what_to_do(ledger):
    ledger().note_trials(trials(3))
    with pytest.raises(XraykitError) as caught:
        ledger(storage="postgresql://me:secret@host/base").check(())
    said = str(caught.value)
    assert "had 3 trials" in said
    assert "postgresql://me:***@host/base has none of them" in said
    assert f"To begin the search anew, move {ledger().record} away" in said
    ledger().record.unlink()
    ledger().check(())


def test_an_older_copy_of_a_study_is_warned_of(ledger, caplog):
    ledger().note_trials(trials(3))
    ledger().check(trials(2))
    assert "had 3 trials" in caplog.text
    assert "an older copy?" in caplog.text


def test_fewer_trials_than_known_do_not_replace_the_record(ledger):
    ledger().note_trials(trials(3))
    ledger().note_trials(trials(1))
    with pytest.raises(XraykitError, match="had 3 trials"):
        ledger().check(())


def test_uses_of_the_test_part_are_counted_without_the_database(ledger):
    assert ledger().note_use("host:/a", {}) == 1
    assert ledger().note_use("host:/a", {}) == 1
    ledger().record.unlink(missing_ok=True)
    assert ledger().note_use("host:/b", {}) == 2
    assert ledger().note_use("host:/b", {"host:/a": "2026", "elsewhere:/c": "2026"}) == 3


def test_a_damaged_record_is_named(ledger):
    ledger().note_trials(trials(1))
    ledger().record.write_text('{"trials": "many"}')
    with pytest.raises(XraykitError, match=r"record\.json is not as it must be: trials must be a whole number"):
        ledger().check(trials(1))
