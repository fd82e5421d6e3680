"""Studies that several processes share, some of which are killed: with SQLite, and with a PostgreSQL server."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.search.postgres import PASSWORD, QUOTED
from tests.search.toys import begun, make_plan, quadratic, search
from xraykit.errors import XraykitError
from xraykit.search import done, open_study
from xraykit.search.storage import database as optuna_storage
from xraykit.search.trial_outcome import KILLED

pytestmark = pytest.mark.process

engines = pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start(tmp_path):
    """Start a process that works on a study in ``tmp_path``; those that still run at the end are killed."""
    processes = []

    def started(**say):
        command = [sys.executable, "-m", "tests.search.toys", str(tmp_path), json.dumps(say)]
        environment = {**os.environ, "XRAYKIT_HEARTBEAT_SECONDS": "1"}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def ended(process):
    out, err = process.communicate(timeout=60)
    assert out == ""
    assert PASSWORD not in err
    assert QUOTED not in err
    return process.returncode, err


def wait_until(true, *processes, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert all(process.poll() is None for process in processes), [each.communicate() for each in processes]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def has_begun(folder, number):
    return number in [each[0] for each in begun(folder)]


def check(folder, trials, n_trials):
    """Exactly ``n_trials`` count, and each of them ran once."""
    numbers = [number for number, _, _ in begun(folder)]
    assert done(trials) == n_trials == sum(trial.state == "complete" for trial in trials)
    assert sorted(numbers) == sorted(set(numbers)) == [trial.number for trial in trials]


@engines
def test_three_workers_on_postgresql_lose_and_repeat_nothing_when_one_is_killed_and_one_joins(
    tmp_path, database, start, monkeypatch, engine
):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "1")
    say = {"storage": database, "n_trials": 9, "pause": 0.2, "engine": engine}
    victim = start(**say, hang_in=1)
    wait_until(lambda: has_begun(tmp_path, 1), victim)
    other = start(**say)
    wait_until(lambda: has_begun(tmp_path, 2), victim, other)
    victim.send_signal(signal.SIGKILL)
    late = start(**say)
    assert ended(victim)[0] == -9
    assert [ended(each)[0] for each in (other, late)] == [0, 0]

    with open_study(make_plan(tmp_path, storage=database)) as study:
        trials = study.trials()
    check(tmp_path, trials, 9)
    [killed] = [trial for trial in trials if trial.reason == KILLED]
    [again] = [trial for trial in trials if trial.origin == killed.number]
    assert (killed.replaced, killed.state, again.values) == (True, "failed", killed.values)
    assert [again.number, killed.number, killed.values] in begun(tmp_path)
    assert len({trial.values["model.dropout_rate"] for trial in trials}) == 9


def test_four_processes_that_begin_at_once_share_one_sqlite_file(tmp_path, start):
    processes = [start(n_trials=14, pause=0.02) for _ in range(4)]
    ends = [ended(each) for each in processes]
    assert [code for code, _ in ends] == [0] * 4, ends
    with open_study(make_plan(tmp_path)) as study:
        trials = study.trials()
    check(tmp_path, trials, 14)
    assert len(trials) == 14
    assert len({trial.values["model.dropout_rate"] for trial in trials}) == 14


@pytest.mark.parametrize(
    ("engine", "how", "reason"),
    [
        ("optuna", signal.SIGKILL, KILLED),
        ("optuna", signal.SIGINT, "interrupted"),
        ("keras_tuner", signal.SIGKILL, KILLED),
    ],
)
def test_whoever_comes_alone_after_a_killed_process_goes_on_at_once(tmp_path, start, how, reason, engine):
    process = start(n_trials=4, hang_in=2, engine=engine)
    wait_until(lambda: has_begun(tmp_path, 2), process)
    process.send_signal(how)
    code, err = ended(process)
    assert (code != 0, "KeyboardInterrupt" in err) == (True, how == signal.SIGINT)

    result = search(tmp_path, quadratic, n_trials=4, pruner="none", engine=engine)
    assert [trial.state for trial in result.trials] == ["complete", "complete", "failed", "complete", "complete"]
    assert (result.trials[2].reason, result.trials[2].epochs) == (reason, 1)
    assert (result.trials[2].replaced, result.trials[3].origin) == (True, 2)
    assert result.trials[3].values == result.trials[2].values
    assert (result.trials[3].reason, result.trials[3].epochs) == (None, 3)


def test_a_trial_outlives_a_restart_of_the_server(tmp_path, postgres, database, monkeypatch, caplog):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "1")
    ran = []

    def objective(values, reporter):
        ran.append(reporter.number)
        if reporter.number == 1:
            postgres.stop()
            threading.Timer(4.5, postgres.start).start()
        return quadratic(values, reporter)

    result = search(tmp_path, objective, n_trials=3, storage=database, pruner="none")
    assert [(trial.state, trial.epochs) for trial in result.trials] == [("complete", 3)] * 3
    assert ran == [0, 1, 2]
    assert sum(line.startswith("Trying again for") for line in caplog.messages) > 0
    assert PASSWORD not in caplog.text


def test_a_server_that_stays_away_ends_the_search_with_a_sentence_and_its_trial_is_done_later(
    tmp_path, postgres, database, monkeypatch
):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.5")
    monkeypatch.setattr(optuna_storage, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr("xraykit.search.storage.trial.GIVE_BACK_SECONDS", 0)

    def objective(values, reporter):
        if reporter.number == 1:
            postgres.stop()
        return quadratic(values, reporter)

    try:
        with pytest.raises(XraykitError, match=r"cannot be used: .*Start the server") as error:
            search(tmp_path, objective, n_trials=2, storage=database, pruner="none")
    finally:
        postgres.start()
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    assert PASSWORD not in str(error.value)
    trials = search(tmp_path, quadratic, n_trials=2, storage=database, pruner="none").trials
    assert [(trial.state, trial.origin) for trial in trials] == [("complete", None), ("failed", None), ("complete", 1)]
    assert trials[2].values == trials[1].values


def test_who_knows_that_a_server_answered_before_waits_for_it_when_it_opens_the_study(
    tmp_path, postgres, database, monkeypatch, caplog
):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.5")
    plan = make_plan(tmp_path, storage=database)
    postgres.stop()
    back = threading.Timer(2.5, postgres.start)
    try:
        # A worker is started by a search that has the study open; a command may have a typing error in its address.
        with pytest.raises(XraykitError, match="Start the server"), open_study(plan):
            pass
        back.start()
        with open_study(replace(plan, patient=True)) as study:
            assert study.trials() == ()
    finally:
        back.join() if back.ident else postgres.start()
    assert "Trying again for" in caplog.text


def test_a_stop_does_not_wait_for_a_server_that_is_away(tmp_path, postgres, database, monkeypatch):
    plan = make_plan(tmp_path, storage=database)
    monkeypatch.setattr(optuna_storage, "STOPPING_CALL_SECONDS", 0.5)
    with open_study(plan) as study:
        postgres.stop()
        try:
            monkeypatch.setattr(optuna_storage, "is_stopping", lambda: True)
            began = time.monotonic()
            with pytest.raises(XraykitError, match="Start the server"):
                study.trials()
            assert time.monotonic() - began < 10
        finally:
            postgres.start()


@pytest.mark.parametrize("shared", ["sqlite", "postgresql"])
def test_of_two_that_remember_at_once_one_is_believed_by_both(tmp_path, shared, request):
    storage = request.getfixturevalue("database") if shared == "postgresql" else None
    plan = make_plan(tmp_path, storage=storage)
    both, answers = threading.Barrier(3), []

    def remember(study, name):
        both.wait()
        answers.append([study.remember(f"fact {number}", name) for number in range(4)])

    with open_study(plan) as one, open_study(plan) as other, open_study(plan) as third:
        said = zip((one, other, third), "abc", strict=True)
        threads = [threading.Thread(target=remember, args=each) for each in said]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 3
    assert all(answer == answers[0] for answer in answers)
    assert set(answers[0]) <= set("abc")
