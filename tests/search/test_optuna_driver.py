import logging
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from tests.search.toys import quadratic, search
from xraykit.errors import XraykitError
from xraykit.search import optuna_driver, optuna_study
from xraykit.search.files import study_lock
from xraykit.search.trials import KILLED

ROOT = Path(__file__).resolve().parents[2]


def start(folder, n_trials, hang_in):
    command = [sys.executable, "-m", "tests.search.toys", str(folder), str(n_trials), str(hang_in)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(file, process):
    deadline = time.monotonic() + 50
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def heartbeats(folder, number):
    with closing(sqlite3.connect(folder / "study.db", timeout=30)) as database:
        query = "SELECT COUNT(*) FROM trial_heartbeats JOIN trials USING (trial_id) WHERE number = ?"
        return database.execute(query, (number,)).fetchone()[0]


def end_in_trial(folder, n_trials, hang_in, how):
    """Start a study and end its process by a signal while it is in trial ``hang_in``."""
    process = start(folder, n_trials, hang_in)
    wait_for(folder / f"trial {hang_in}", process)
    while not heartbeats(folder, hang_in):
        time.sleep(0.05)
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    assert out == ""
    return process.returncode, err


def open_study(folder):
    [summary] = optuna.get_all_study_summaries(f"sqlite:///{folder}/study.db")
    return optuna.load_study(study_name=summary.study_name, storage=f"sqlite:///{folder}/study.db")


def states(result):
    return [trial.state for trial in result.trials]


@pytest.mark.parametrize(
    ("how", "reason"), [(signal.SIGKILL, KILLED), (signal.SIGINT, "interrupted")], ids=["killed", "interrupted"]
)
def test_a_trial_cut_short_is_done_again_with_its_values(tmp_path, how, reason, caplog):
    code, err = end_in_trial(tmp_path, 4, 2, how)
    assert (code, "KeyboardInterrupt" in err) == ((-9, False) if how == signal.SIGKILL else (code, True))
    assert code != 0

    caplog.set_level(logging.INFO, logger="xraykit")
    result = search(tmp_path, quadratic, n_trials=4, pruner="none")
    assert caplog.messages[0] == "continuing study: 2 of 4 trials are done"
    assert states(result) == ["complete", "complete", "failed", "complete", "complete"]
    assert result.trials[2].reason == reason
    assert result.trials[2].epochs == 1
    assert result.trials[3].values == result.trials[2].values
    assert result.trials[3].reason is None


def test_a_trial_that_kills_its_process_again_and_again_counts_as_failed(tmp_path):
    search(tmp_path, quadratic, n_trials=1)
    for _ in range(4):
        open_study(tmp_path).ask()
        assert len(search(tmp_path, None, n_trials=1).trials) > 1
    result = search(tmp_path, quadratic, n_trials=3, pruner="none")
    assert states(result) == ["complete", "failed", "failed", "failed", "failed", "complete"]


def test_a_trial_of_a_dead_process_goes_stale_while_others_work(tmp_path, monkeypatch):
    monkeypatch.setattr(optuna_study, "GRACE_SECONDS", 1)
    monkeypatch.setattr(optuna_driver, "POLL_SECONDS", 0.3)
    end_in_trial(tmp_path, 2, 1, signal.SIGKILL)
    with study_lock(tmp_path / "study.lock") as other:
        other.share()
        result = search(tmp_path, quadratic, n_trials=2, pruner="none")
    assert states(result) == ["complete", "failed", "complete"]
    assert result.trials[2].values == result.trials[1].values


def test_a_trial_that_seems_to_live_elsewhere_is_left_there(tmp_path, monkeypatch):
    for name, seconds in {"GRACE_SECONDS": 0, "HEARTBEAT_SECONDS": 0.2, "POLL_SECONDS": 0.1}.items():
        monkeypatch.setattr(optuna_driver, name, seconds)
    search(tmp_path, quadratic, n_trials=1)
    with study_lock(tmp_path / "study.lock") as other:
        other.share()
        open_study(tmp_path).ask()
        result = search(tmp_path, quadratic, n_trials=3, pruner="none")
    assert states(result) == ["complete", "running", "complete"]
    assert result.trials[1].seconds is None


def test_two_processes_share_one_study(tmp_path):
    mine = []

    def objective(values, reporter):
        time.sleep(0.2)
        return quadratic(values, reporter)

    search(tmp_path, quadratic, n_trials=1, pruner="none")
    other = start(tmp_path, 9, hang_in=-1)
    wait_for(tmp_path / "trial 1", other)
    result = search(tmp_path, objective, n_trials=9, pruner="none", on_trial_end=mine.append)
    out, err = other.communicate(timeout=50)
    assert (other.returncode, out) == (0, ""), err
    assert set(states(result)) == {"complete"}
    assert 9 <= len(result.trials) <= 10
    assert len(mine) < len(result.trials) - 1
    assert len({trial.values["model.dropout_rate"] for trial in result.trials}) == len(result.trials)


def declining(values, reporter):
    """Each trial is worse than the one before."""
    for epoch in range(6):
        reporter.report(epoch, 0.9 - 0.1 * reporter.number + 0.01 * epoch)
    return 0.9 - 0.1 * reporter.number + 0.05


def test_a_worse_trial_is_pruned_after_the_warm_up_and_recorded(tmp_path):
    result = search(tmp_path, declining, n_trials=5, startup_trials=3, warmup_epochs=2)
    assert states(result) == ["complete"] * 3 + ["pruned"] * 2
    pruned = result.trials[3]
    assert (pruned.epochs, pruned.reason) == (3, "pruned after epoch 3")
    assert pruned.score == pytest.approx(0.62)
    assert result.best.number == 0
    assert open_study(tmp_path).trials[3].intermediate_values == pytest.approx({0: 0.6, 1: 0.61, 2: 0.62})


def test_without_a_pruner_every_trial_completes(tmp_path):
    assert set(states(search(tmp_path, declining, n_trials=5, startup_trials=1, pruner="none"))) == {"complete"}


def test_the_study_file_tells_reason_seconds_and_epochs(tmp_path):
    search(tmp_path, declining, n_trials=2, startup_trials=1, warmup_epochs=0)
    complete, pruned = (trial.user_attrs for trial in open_study(tmp_path).trials)
    assert complete["reason"] is None
    assert (pruned["reason"], pruned["epochs"]) == ("pruned after epoch 1", 1)
    assert complete["seconds"] >= 0


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / "läufe {x} %20"
    assert len(search(folder, quadratic, n_trials=1).trials) == 1
    assert (folder / "study.db").is_file()


def test_a_file_that_is_no_study_is_named(tmp_path):
    (tmp_path / "study.db").write_text("this is no database" * 100)
    with pytest.raises(XraykitError, match=r"study\.db cannot be used as a study"):
        search(tmp_path, quadratic)


def test_optunas_own_lines_are_quiet_only_meanwhile(tmp_path, capfd, recwarn):
    before = optuna.logging.get_verbosity(), logging.getLogger("alembic").level
    search(tmp_path, quadratic, n_trials=2)
    assert (optuna.logging.get_verbosity(), logging.getLogger("alembic").level) == before
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
