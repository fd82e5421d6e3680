import logging
import sqlite3
import sys
import time
from contextlib import closing

import optuna
import pytest

from tests.search.toys import QUADRATIC, make_plan, quadratic, search
from xraykit.errors import ExperimentError, NonFiniteLossError, XraykitError
from xraykit.search import open_study
from xraykit.search.storage import driver as optuna_driver
from xraykit.search.storage.gate import Gate
from xraykit.search.strategies.optuna import make_pruner
from xraykit.search.trial_outcome import KILLED
from xraykit.system.processes.locks import try_lock


def optunas(folder):
    """The study as Optuna itself sees it."""
    [summary] = optuna.get_all_study_summaries(f"sqlite:///{folder}/study.db")
    return optuna.load_study(study_name=summary.study_name, storage=f"sqlite:///{folder}/study.db")


def states(result):
    return [trial.state for trial in result.trials]


def ask_and_beat(folder):
    """Begin a trial as a process does that dies right after its first heartbeat."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder}/study.db")
    study = optuna.load_study(study_name=optunas(folder).study_name, storage=storage)
    storage.record_heartbeat(study.ask()._trial_id)


def test_a_trial_that_kills_its_process_again_and_again_counts_as_failed(tmp_path):
    search(tmp_path, quadratic, n_trials=1)
    for _ in range(4):
        with open_study(make_plan(tmp_path, n_trials=3)) as study:
            study._claims.claim()
    result = search(tmp_path, quadratic, n_trials=3, pruner="none")
    assert states(result) == ["complete", "failed", "failed", "failed", "failed", "complete"]
    assert [trial.replaced for trial in result.trials] == [False, True, True, True, False, False]
    assert [trial.origin for trial in result.trials] == [None, None, 1, 1, 1, None]
    assert result.trials[4].reason == KILLED


def test_a_trial_of_a_dead_process_goes_stale_while_others_work(tmp_path, monkeypatch):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.3")
    search(tmp_path, quadratic, n_trials=1)
    with try_lock(tmp_path / "study.lock") as other:
        other.share()
        ask_and_beat(tmp_path)
        result = search(tmp_path, quadratic, n_trials=2, pruner="none")
    assert states(result) == ["complete", "failed", "complete"]
    assert result.trials[2].origin == 1


def test_after_a_start_or_an_outage_the_living_have_time_to_tell_that_they_live(tmp_path):
    plan = make_plan(tmp_path, n_trials=2)
    with open_study(plan) as first, open_study(plan) as second:
        trial = first._claims.claim()
        with closing(sqlite3.connect(tmp_path / "study.db")) as database, database:
            database.execute("UPDATE trial_heartbeats SET heartbeat = '2001-01-01 00:00:00'")
        for spared in (True, False):
            if not spared:
                second._storage._judges_from = 0.0
            second._storage.fail_the_dead()
            assert [each.state for each in second.trials()] == ["running" if spared else "failed"]
        assert trial.number == 0


def test_a_trial_whose_process_died_before_its_first_heartbeat_is_done_again_at_once(tmp_path):
    search(tmp_path, quadratic, n_trials=1)
    with try_lock(tmp_path / "study.lock") as other:
        other.share()
        optunas(tmp_path).ask()
        result = search(tmp_path, quadratic, n_trials=2, pruner="none")
    assert states(result) == ["complete", "failed", "complete"]


def test_a_trial_that_lives_elsewhere_is_waited_for_and_not_done_twice(tmp_path):
    search(tmp_path, quadratic, n_trials=1, pruner="none")
    inner = []

    def objective(values, reporter):
        """While trial 1 runs, another worker does the rest, and must not end before trial 1 does."""
        if not inner:
            with open_study(make_plan(tmp_path, n_trials=3, pruner="none")) as study:
                claims = [study._claims.claim() for _ in range(2)]
                inner.append(claims[1])
                outcome = optuna_driver.attempt(quadratic, claims[0].values, claims[0].reports, ["macro_roc_auc"])
                claims[0].end(outcome)
                inner.append(study._claims.claim())
        return quadratic(values, reporter)

    result = search(tmp_path, objective, n_trials=3, pruner="none")
    assert inner == ["wait", "wait"]
    assert states(result) == ["complete"] * 3


def test_what_a_suspended_process_finds_is_dropped_when_its_trial_was_taken(tmp_path, caplog):
    told = []

    def objective(values, reporter):
        if reporter.number == 0:
            optunas(tmp_path).tell(0, state=optuna.trial.TrialState.FAIL)
        return quadratic(values, reporter)

    result = search(tmp_path, objective, n_trials=1, pruner="none", on_trial_end=lambda record, _: told.append(record))
    assert [(trial.state, trial.replaced) for trial in result.trials] == [("failed", True), ("complete", False)]
    assert [record.number for record in told] == [1]
    assert any(line.startswith("trial 0 seemed dead") for line in caplog.messages)


def test_a_claim_counted_without_the_lock_is_given_back(tmp_path, monkeypatch):
    free = Gate.held
    lost = []

    class Broken:
        def __init__(self, gate):
            self.context = free(gate)

        def __enter__(self):
            return self.context.__enter__()

        def __exit__(self, *error):
            self.context.__exit__(*error)
            if lost:
                lost.pop()
                raise ConnectionAbortedError("the lock was lost")

    monkeypatch.setattr(Gate, "held", lambda gate: Broken(gate))
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.1")
    with open_study(make_plan(tmp_path, n_trials=2, pruner="none")) as study:
        lost.append(True)
        study.work(quadratic)
        trials = study.trials()
    assert [(trial.state, trial.replaced) for trial in trials] == [
        ("failed", True),
        ("complete", False),
        ("complete", False),
    ]


def test_interruptions_do_not_count_as_deaths(tmp_path):
    def interrupted(values, reporter):
        raise KeyboardInterrupt

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path, interrupted, n_trials=1)
    result = search(tmp_path, quadratic, n_trials=1)
    assert states(result) == ["failed"] * 5 + ["complete"]
    assert len({str(trial.values) for trial in result.trials}) == 1


def declining(values, reporter):
    """Each trial is worse than the one before."""
    for epoch in range(6):
        reporter.report(epoch, 0.9 - 0.1 * reporter.number + 0.01 * epoch)
    return {"macro_roc_auc": 0.9 - 0.1 * reporter.number + 0.05}


def growing_loss(values, reporter):
    for epoch in range(6):
        reporter.report(epoch, 0.1 * reporter.number - 0.01 * epoch)
    return {"loss": 0.1 * reporter.number - 0.05}


@pytest.mark.parametrize(("objective", "name"), [(declining, "macro_roc_auc"), (growing_loss, "loss")])
def test_a_worse_trial_is_pruned_after_the_warm_up_and_recorded(tmp_path, objective, name):
    result = search(tmp_path, objective, objectives=[name], n_trials=5, startup_trials=3, warmup_epochs=2)
    assert states(result) == ["complete"] * 3 + ["pruned"] * 2
    pruned = result.trials[3]
    assert (pruned.epochs, pruned.reason, pruned.scores) == (3, "pruned after epoch 3", {})
    assert pruned.score == pytest.approx(0.62 if name == "macro_roc_auc" else 0.28)
    assert result.best.number == 0
    assert list(optunas(tmp_path).trials[3].intermediate_values) == [0, 1, 2]


@pytest.mark.parametrize("pruner", ["percentile", "hyperband", "patient"])
def test_every_pruner_prunes_the_hopeless(tmp_path, pruner):
    def objective(values, reporter):
        for epoch in range(9):
            reporter.report(epoch, 0.9 - 0.05 * reporter.number - 0.01 * epoch * reporter.number)
        return {"macro_roc_auc": 0.9 - 0.1 * reporter.number}

    say = {"pruner": pruner, "startup_trials": 1, "warmup_epochs": 0, "patience": 2, "sampler": "random"}
    result = search(tmp_path, objective, n_trials=8, epochs=9, factor=3, **say)
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(1 <= trial.epochs < 9 for trial in pruned)
    assert result.trials[0].state == "complete"
    if pruner == "patient":
        assert all(trial.epochs > 2 for trial in pruned)


def test_hyperband_divides_the_epochs_of_the_trials(tmp_path):
    plan = make_plan(tmp_path, pruner="hyperband", factor=3)
    assert make_pruner(plan.search, 27)._max_resource == 27


def test_without_a_pruner_every_trial_completes(tmp_path):
    assert set(states(search(tmp_path, declining, n_trials=5, startup_trials=1, pruner="none"))) == {"complete"}


@pytest.mark.parametrize("sampler", ["random", "cmaes", "tpe"])
def test_every_sampler_draws_anew_in_each_trial_and_after_a_restart(tmp_path, sampler):
    say = {"sampler": sampler, "startup_trials": 2, "pruner": "none"}
    search(tmp_path, quadratic, n_trials=5, **say)
    trials = search(tmp_path, quadratic, n_trials=9, **say).trials
    assert len({trial.values["training.learning_rate"] for trial in trials}) == 9


@pytest.mark.parametrize(("sampler", "package"), [("gp", "torch"), ("cmaes", "cmaes")])
def test_a_sampler_without_its_package_is_reported_before_anything_runs(tmp_path, sampler, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExperimentError, match=f"{sampler} needs the package {package}.*pip install {package}"):
        search(tmp_path, None, sampler=sampler)
    assert not list(tmp_path.iterdir())


def test_a_failed_trial_is_not_done_again(tmp_path):
    def objective(values, reporter):
        if reporter.number == 0:
            raise NonFiniteLossError("the loss became NaN")
        return quadratic(values, reporter)

    trials = search(tmp_path, objective, n_trials=2).trials
    assert [(trial.state, trial.counts, trial.origin) for trial in trials] == [
        ("failed", True, None),
        ("complete", True, None),
    ]


def test_the_epochs_of_a_trial_with_several_objectives_are_known_even_if_it_was_killed(tmp_path):
    class Killed(BaseException):
        pass

    def objective(values, reporter):
        reporter.report(0, 0.5)
        reporter.report(1, 0.6)
        raise Killed

    say = {"objectives": ["macro_roc_auc", "parameters"], "n_trials": 1}
    with pytest.raises(Killed):
        search(tmp_path, objective, **say)
    with open_study(make_plan(tmp_path, **say)) as study:
        assert [trial.epochs for trial in study.trials()] == [2]


def test_heartbeats_go_on_after_one_that_failed(tmp_path, monkeypatch):
    beats = []

    def beat(storage, number):
        beats.append(number)
        if len(beats) == 2:
            raise ConnectionAbortedError("the server restarts")

    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.05")
    with open_study(make_plan(tmp_path)) as study:
        monkeypatch.setattr(type(study._storage), "beat", beat)
        with study._storage.beating(3):
            time.sleep(0.5)
    assert len(beats) > 3


def test_a_study_that_is_deleted_while_it_is_open_is_reported(tmp_path):
    with open_study(make_plan(tmp_path)) as study:
        with closing(sqlite3.connect(tmp_path / "study.db")) as database, database:
            database.execute("DELETE FROM studies")
        for call in (study.trials, study.facts, lambda: study.remember("winner", "a")):
            with pytest.raises(XraykitError, match="no longer exists in its database: it was emptied or replaced"):
                call()


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
    search(tmp_path, quadratic, n_trials=2, space=QUADRATIC)
    assert (optuna.logging.get_verbosity(), logging.getLogger("alembic").level) == before
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
