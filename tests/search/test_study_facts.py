"""What the processes of a study share: each fact is written once, and facts of earlier versions are understood."""

import pytest

from tests.search.toys import make_plan
from xraykit.search import open_study
from xraykit.search.study_facts import ScoredWinner, StudyFacts, _short


@pytest.fixture
def study(tmp_path):
    with open_study(make_plan(tmp_path)) as opened:
        yield opened


def test_the_first_run_that_claims_a_winner_trains_it(study):
    facts = StudyFacts(study)
    assert facts.claim_winner(20, "a:/first") == "a:/first"
    assert facts.claim_winner(20, "b:/second") == "a:/first"
    assert facts.claim_winner(25, "b:/second") == "b:/second"


def test_each_tracking_store_has_a_run_that_one_process_starts(study):
    facts = StudyFacts(study)
    assert facts.tracking_run("http://one") is None
    assert facts.claim_tracking_run("http://one", "a:/first") == "a:/first"
    assert facts.claim_tracking_run("http://one", "b:/second") == "a:/first"
    facts.save_tracking_run("http://one", "run-1")
    facts.save_tracking_run("http://one", "run-2")
    assert facts.tracking_run("http://one") == "run-1"
    assert facts.tracking_run("http://two") is None


def test_a_winner_that_is_scored_twice_counts_once_with_its_first_time(study):
    facts = StudyFacts(study)
    facts.save_scored_winner("a:/first")
    [first] = facts.scored_winners()
    facts.save_scored_winner("a:/first")
    facts.save_scored_winner("b:/second")
    assert facts.scored_winners().count(first) == 1
    assert {winner.run for winner in facts.scored_winners()} == {"a:/first", "b:/second"}
    assert first.at.endswith("+00:00")


def test_facts_of_earlier_versions_are_understood(study):
    study.remember("winner of 3 trials trained by", "a:/first")
    study.remember(f"tracking run {_short('http://one')} begun by", "a:/first")
    study.remember(f"tracking run {_short('http://one')}", "run-1")
    study.remember(f"test part met by {_short('a:/first run')}", "2026-01-02T03:04:05+00:00 a:/first run")
    facts = StudyFacts(study)
    assert facts.claim_winner(3, "b:/second") == "a:/first"
    assert facts.claim_tracking_run("http://one", "b:/second") == "a:/first"
    assert facts.tracking_run("http://one") == "run-1"
    facts.save_scored_winner("a:/first run")
    assert facts.scored_winners() == (ScoredWinner("a:/first run", "2026-01-02T03:04:05+00:00"),)
