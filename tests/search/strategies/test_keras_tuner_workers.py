"""Keras Tuner's chief and workers: in processes of their own where one is killed, else in threads of this one."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest

from tests.search.toys import make_plan, quadratic
from xraykit.errors import ExperimentError, XraykitError
from xraykit.search import done, open_study
from xraykit.search.objective import TrialRecord
from xraykit.search.strategies import keras_tuner_chief, keras_tuner_driver, keras_tuner_trials, keras_tuner_worker
from xraykit.search.strategies.keras_tuner_chief import Desk, serving
from xraykit.search.strategies.keras_tuner_protocol import HEARTBEAT_SECONDS, SILENCE_SECONDS, opened, worker_name
from xraykit.search.strategies.keras_tuner_study import OracleStudy
from xraykit.search.trials import KILLED


def plan_of(folder, **say):
    return make_plan(folder, engine="keras_tuner", **say)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for module in (keras_tuner_driver, keras_tuner_trials):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(keras_tuner_worker, "PATIENCE_SECONDS", 10.0)
    monkeypatch.setattr(keras_tuner_chief, "SILENCE_SECONDS", 5.0)


@pytest.fixture
def address(monkeypatch):
    """Where the chief of these tests is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", str(port))
    return f"127.0.0.1:{port}"


class ChiefThread(threading.Thread):
    """A chief, as the same command on another machine would be one."""

    def __init__(self, plan, monkeypatch):
        super().__init__(daemon=True)
        self.error, self.trials = None, ()
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
        self.opened = open_study(plan)
        self.study = self.opened.__enter__()
        self.start()

    def run(self):
        try:
            self.study.work(None)
        except XraykitError as error:
            self.error = error
        finally:
            self.trials = self.study.trials()
            self.opened.__exit__(None, None, None)

    def end(self):
        self.join(timeout=30)
        assert not self.is_alive()
        return self.trials


@contextmanager
def worker(plan, monkeypatch, name="tuner0"):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", name)
    with open_study(plan) as study:
        yield study


def test_a_killed_worker_of_this_machine_loses_no_trial(tmp_path):
    ended = []
    plan = plan_of(tmp_path, n_trials=7, on_trial_end=lambda record, trials: ended.append(record))
    with open_study(plan) as study, study.hosting(2) as environments:
        assert [each["KERASTUNER_ORACLE_IP"] for each in environments] == ["127.0.0.1"] * 2
        workers = [start(tmp_path, environment) for environment in environments]
        killed = wait_for(tmp_path, "hangs-*").read_text()
        victim = next(number for number, process in enumerate(workers) if str(process.pid) == killed)
        os.kill(int(killed), signal.SIGKILL)
        workers[victim].wait()
        hung = next(trial for trial in study.trials() if trial.number == 2)
        assert hung.state == "running"
        study.lost(victim)
        said, _ = workers[1 - victim].communicate(timeout=120)
        assert workers[1 - victim].returncode == 0, said
        assert done(study.trials()) == 7
    trials = study.trials()
    assert [trial.number for trial in trials] == list(range(7))
    assert all((trial.state, trial.epochs) == ("complete", 3) and trial.seconds > 0 for trial in trials)
    assert trials[2].values == hung.values
    attempts = sorted(path.name for path in tmp_path.glob("ran-*"))
    assert attempts == sorted([f"ran-{number}-1" for number in range(7)] + ["ran-2-2"])
    assert ended == []
    told = [json.loads(line) for line in said.splitlines() if line.startswith("[")]
    assert [2, trials[2].scores] in told
    assert "Traceback" not in said
    with open_study(plan) as again:
        assert again.trials() == trials


def test_chief_and_worker_on_two_machines_share_one_study(tmp_path, monkeypatch, address, capfd, caplog):
    caplog.set_level(logging.INFO, logger="xraykit")
    told, here = [], []
    chief = ChiefThread(
        plan_of(tmp_path / "chief", n_trials=4, on_trial_end=lambda *said: told.append(said)), monkeypatch
    )
    plan = plan_of(tmp_path / "worker", n_trials=4, on_trial_end=lambda *said: here.append(said))
    with worker(plan, monkeypatch) as study:
        study.work(quadratic)
        assert (study.remember("a", "b"), study.facts()) == (None, {})
        assert [trial.number for trial in study.trials()] == [0, 1, 2, 3]
        assert chief.end() == study.trials()
    assert [record for record, trials in here] == [record for record, trials in told] == list(chief.trials)
    assert [len(trials) for record, trials in here] == [1, 2, 3, 4]
    assert not (tmp_path / "worker").exists()
    assert capfd.readouterr().out == ""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_worker_ends_with_its_own_error_and_another_does_its_trial(tmp_path, monkeypatch, address):
    chief = ChiefThread(plan_of(tmp_path, n_trials=2), monkeypatch)
    seen, raised = [], TypeError("a slip")

    def slip(values, reporter):
        seen.append(values)
        raise raised

    with worker(plan_of(tmp_path, n_trials=2), monkeypatch) as study, pytest.raises(TypeError) as caught:
        study.work(slip)
    assert caught.value is raised
    with worker(plan_of(tmp_path, n_trials=2), monkeypatch, "tuner1") as study:
        study.work(quadratic)
        assert study.trials()[0].values == seen[0]
    assert [trial.state for trial in chief.end()] == ["complete"] * 2


def test_a_worker_of_another_study_is_refused(tmp_path, monkeypatch, address):
    plan = plan_of(tmp_path, n_trials=1)
    chief = ChiefThread(plan, monkeypatch)
    with worker(plan_of(tmp_path, identity="other"), monkeypatch) as study, pytest.raises(XraykitError) as error:
        study.work(quadratic)
    assert f"It has the study {plan.name}" in str(error.value)
    with worker(plan, monkeypatch) as study:
        study.work(quadratic)
    chief.end()


def test_a_worker_waits_for_its_chief_and_then_says_so_in_one_sentence(tmp_path, monkeypatch, address):
    monkeypatch.setattr(keras_tuner_worker, "PATIENCE_SECONDS", 1.0)
    began = time.monotonic()
    with worker(plan_of(tmp_path), monkeypatch) as study, pytest.raises(XraykitError, match=address) as error:
        study.work(quadratic)
    assert 0.9 < time.monotonic() - began < 8
    assert error.value.__suppress_context__
    assert "does not answer" in str(error.value)


def test_a_worker_finds_a_chief_that_starts_late(tmp_path, monkeypatch, address):
    plan, chiefs = plan_of(tmp_path, n_trials=1), []
    with worker(plan, monkeypatch) as study:
        late = threading.Timer(0.7, lambda: chiefs.append(ChiefThread(plan, monkeypatch)))
        late.start()
        study.work(quadratic)
        assert len(study.trials()) == 1
    chiefs[0].end()


def test_a_chief_that_starts_again_takes_what_its_workers_found_meanwhile(tmp_path, monkeypatch, address):
    plan = plan_of(tmp_path, n_trials=2)
    path, again = tmp_path / "study.json", []

    def restart(values, reporter):
        if not again:
            first.__exit__(None, None, None)
            again.append(OracleStudy(plan, path))
            second.append(serving(again[0], plan.name, address, remote=True))
            second[0].__enter__()
        return quadratic(values, reporter)

    first, second = serving(OracleStudy(plan, path), plan.name, address, remote=False), []
    first.__enter__()
    with worker(plan, monkeypatch) as study:
        study.work(restart)
        assert study.trials() == again[0].trials()
        assert done(again[0].trials()) == 2
    second[0].__exit__(None, None, None)


def test_a_chief_does_not_go_before_its_last_worker_knows(tmp_path, address):
    plan, answers = plan_of(tmp_path, n_trials=1), []
    study = OracleStudy(plan, tmp_path / "study.json")
    busy, idle = (worker_name(plan.name, f"tuner{number}") for number in range(2))
    with serving(study, plan.name, address, remote=True) as server:
        trial = server.desk.create_trial(busy)
        assert server.desk.create_trial(idle).status == "IDLE"
        study.end(complete(0, opened(trial)["values"]), busy)
        for worker in (busy, idle):
            threading.Timer(0.3, lambda worker=worker: answers.append(server.desk.create_trial(worker).status)).start()
    assert answers == ["STOPPED", "STOPPED"]


class Breaks(grpc.RpcError):
    """A connection that broke in the middle of a call."""

    def code(self):
        return grpc.StatusCode.UNAVAILABLE


def test_a_call_whose_connection_breaks_is_made_again():
    errors = [Breaks(), Breaks()]

    def call(request, wait_for_ready, timeout):
        if errors:
            raise errors.pop()
        return f"answer to {request}"

    stub = keras_tuner_worker._PatientStub(SimpleNamespace(GetTrial=call), "chief:1")
    assert stub.GetTrial("question") == "answer to question"


def test_two_chiefs_do_not_share_a_port(tmp_path, address):
    plan = plan_of(tmp_path)
    study = OracleStudy(plan, tmp_path / "study.json")
    with serving(study, plan.name, address, remote=True), pytest.raises(XraykitError, match="cannot listen"):
        serving(study, plan.name, address, remote=True).__enter__()


def test_an_environment_that_names_half_a_chief_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(ExperimentError, match="Missing: KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_PORT"):
        open_study(plan_of(tmp_path)).__enter__()


def test_a_worker_machine_gives_each_of_its_processes_a_name(tmp_path, monkeypatch, address):
    with worker(plan_of(tmp_path), monkeypatch) as study, study.hosting(2) as environments:
        assert [each["KERASTUNER_TUNER_ID"] for each in environments] == ["tuner0-0", "tuner0-1"]
        assert {f"{each['KERASTUNER_ORACLE_IP']}:{each['KERASTUNER_ORACLE_PORT']}" for each in environments} == {
            address
        }
        study.lost(0)


@contextmanager
def desk_of(folder, **say):
    plan = plan_of(folder, **say)
    study = OracleStudy(plan, folder / "study.json")
    yield plan, study, Desk(study, plan.name, remote=True)


def complete(number, values):
    return TrialRecord(number, "complete", values, 0.5, 1, 1.0, None, {"macro_roc_auc": 0.5})


def test_a_silent_worker_loses_its_trial_and_what_it_says_later_is_dropped(tmp_path, monkeypatch):
    assert 3 * HEARTBEAT_SECONDS < SILENCE_SECONDS
    now = [0.0]
    monkeypatch.setattr(keras_tuner_chief.time, "monotonic", lambda: now[0])
    with desk_of(tmp_path, n_trials=2) as (plan, study, desk):
        silent, lively, third = (worker_name(plan.name, f"tuner{number}") for number in range(3))
        first, second = desk.create_trial(silent), desk.create_trial(lively)
        now[0] += 4
        desk.get_trial(second.trial_id)
        assert study.workers() == (silent, lively)
        now[0] += 4
        assert desk.create_trial(third).trial_id == first.trial_id
        assert set(study.workers()) == {lively, third}
        values = opened(first)["values"]
        study.end(complete(0, values), silent)
        assert [trial.state for trial in study.trials()] == ["running", "running"]
        study.end(complete(0, {**values, "by": 3}), third)
        study.end(complete(0, values), silent)
        assert study.trials()[0].values == {**values, "by": 3}


def test_silence_of_a_process_of_this_machine_means_nothing(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(keras_tuner_chief.time, "monotonic", lambda: now[0])
    plan = plan_of(tmp_path, n_trials=1)
    study = OracleStudy(plan, tmp_path / "study.json")
    desk = Desk(study, plan.name, remote=False)
    desk.create_trial(worker_name(plan.name, "local-0"))
    now[0] += 1000
    assert desk.create_trial(worker_name(plan.name, "local-1")).status == "IDLE"


def test_no_more_trials_begin_than_are_wanted_and_the_others_wait(tmp_path):
    with desk_of(tmp_path, n_trials=2, method="hyperband", epochs=9) as (plan, study, desk):
        names = [worker_name(plan.name, f"tuner{number}") for number in range(3)]
        trials = [desk.create_trial(name) for name in names]
        assert [trial.status for trial in trials] == ["RUNNING", "RUNNING", "IDLE"]
        assert desk.create_trial(names[0]).trial_id == trials[0].trial_id
        for number in range(2):
            assert not study.over()
            study.end(complete(number, opened(trials[number])["values"]), names[number])
        assert study.over()
        assert [desk.create_trial(name).status for name in names] == ["STOPPED"] * 3


def test_a_trial_whose_process_dies_a_fourth_time_counts_as_failed(tmp_path):
    with desk_of(tmp_path, n_trials=2) as (plan, study, desk):
        numbers = []
        for _ in range(4):
            numbers.append(desk.create_trial(worker_name(plan.name, "tuner0")).trial_id)
            desk.lose("tuner0")
        numbers.append(desk.create_trial(worker_name(plan.name, "tuner0")).trial_id)
        assert numbers == ["0", "0", "0", "0", "1"]
        failed = study.trials()[0]
        assert (failed.state, failed.reason, failed.seconds) == ("failed", KILLED, None)


def test_after_the_death_of_the_process_that_keeps_a_study_its_running_trials_come_first(tmp_path):
    plan = plan_of(tmp_path, n_trials=3)
    killed = OracleStudy(plan, tmp_path / "study.json")
    asked = [killed.ask(name) for name in ("one", "two")]
    again = OracleStudy(plan, tmp_path / "study.json")
    assert [again.ask(name) for name in ("three", "four")] == asked
    assert again.ask("five").number == 2


def test_after_an_error_of_the_engine_every_worker_is_told(tmp_path, monkeypatch):
    with desk_of(tmp_path, n_trials=2) as (plan, study, desk):
        monkeypatch.setattr(study._oracle, "populate_space", lambda trial_id: 1 / 0)
        for number in range(2):
            said = opened(desk.create_trial(worker_name(plan.name, f"tuner{number}")))
            assert "division by zero" in said["refused"]
        with pytest.raises(XraykitError, match="division by zero"):
            study.over()


def test_an_interrupted_chief_gives_its_workers_trials_to_the_next_start(tmp_path):
    plan, asked = plan_of(tmp_path, n_trials=3), []

    def interrupted():
        with open_study(plan) as study, study.hosting(1):
            asked.append(study._desk.create_trial(worker_name(plan.name, "local-0")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with open_study(plan) as study:
        assert [trial.values for trial in study.trials()] == [opened(asked[0])["values"]]
        study.work(quadratic)
        assert done(study.trials()) == 3
    assert json.loads(next(tmp_path.rglob("*.json")).read_text())["starts"] == {"0": 1, "1": 1, "2": 1}


def start(folder, environment):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.search.strategies.test_keras_tuner_workers", str(folder)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(folder, pattern):
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        for path in folder.glob(pattern):
            if path.read_text():
                return path
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} in {folder}")


def main(folder):
    """A worker: each attempt at a trial leaves a file, and the first at trial 2 never ends."""

    def objective(values, reporter):
        attempt = len(list(folder.glob(f"ran-{reporter.number}-*"))) + 1
        (folder / f"ran-{reporter.number}-{attempt}").touch()
        if (reporter.number, attempt) == (2, 1):
            (folder / f"hangs-{os.getpid()}").write_text(str(os.getpid()))
            time.sleep(60)
        time.sleep(0.1)
        return quadratic(values, reporter)

    def told(record, trials):
        sys.stdout.write(json.dumps([record.number, record.scores]) + "\n")

    keras_tuner_trials.POLL_SECONDS = 0.1
    with open_study(plan_of(folder, n_trials=7, on_trial_end=told)) as study:
        study.work(objective)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
