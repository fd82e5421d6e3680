"""Three workers, two commands, a real PostgreSQL: one is killed, one joins late, nothing is lost or run twice."""

import json
import os
import signal

import optuna
import pandas as pd
import pytest

from tests.search.commands import wait_until
from tests.search.postgres import PASSWORD, QUOTED, database, postgres  # noqa: F401  (fixtures)
from xraykit.search.trial_training import trial_name

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _study(url):
    url = url.replace("postgresql:", "postgresql+psycopg2:")
    [summary] = optuna.get_all_study_summaries(url)
    return optuna.load_study(study_name=summary.study_name, storage=url)


def _found(folder, pattern):
    return sorted(folder.glob(pattern))


def _table(folder):
    """The table of either command; both have seen the whole study."""
    return pd.read_csv(_found(folder, "runs/tiny/2*/search/trials.csv")[0])


def _logs(folder, worker):
    return _found(folder, f"runs/tiny/2*/search/logs/worker-{worker}.log")


@pytest.fixture
def searched(tiny_values, database):  # noqa: F811
    tiny_values["tracking"] = {"uri": "auto"}
    tiny_values["training"] |= {"epochs": 12, "early_stopping": None}
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    tiny_values["search"] = {"n_trials": 12, "space": space, "storage": database, "optuna": {"pruner": "none"}}
    return tiny_values


def test_three_workers_one_killed_one_joining_late(searched, command, tmp_path, database):  # noqa: F811
    first = command("first", ["search.workers=2"], XRAYKIT_HEARTBEAT_SECONDS="1")
    wait_until(first.workers, first.output)
    # It needs as long as a worker to be ready.
    late = command("late", XRAYKIT_HEARTBEAT_SECONDS="1")
    wait_until(lambda: any("epoch 2/12" in log.read_text() for log in _logs(tmp_path, 1)), first.output)
    os.kill(first.workers()[0], signal.SIGKILL)
    assert (first.wait(), late.wait()) == (0, 0), first.output() + late.output()

    study = _study(database)
    retried = {int(number) for number in _table(tmp_path)["again"].dropna()}
    assert len(study.trials) == 12 + len(retried)
    assert len(retried) == 1
    assert {trial.state.name for trial in study.trials if trial.number not in retried} == {"COMPLETE"}
    assert all(len(trial.intermediate_values) == 12 for trial in study.trials if trial.number not in retried)
    assert "was killed by signal 9" in first.output()
    assert "trials done" in late.output()

    _check_one_winner(tmp_path, first, late)
    _check_tracked(tmp_path, study, retried)
    said = first.output() + late.output() + "".join(path.read_text() for path in _found(tmp_path, "runs/**/*.log"))
    assert "Continuing after epoch" in said
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path != tmp_path / "experiment.yaml"]
    for secret in (PASSWORD, QUOTED):
        assert not [path for path in kept if secret.encode() in path.read_bytes()]


def _check_one_winner(folder, *commands):
    [metrics] = _found(folder, "runs/tiny/2*/metrics.json")
    assert json.loads(metrics.read_text())["study"]["test_part_met"] == 1
    assert sum("trains its winner" in each.output() for each in commands) == 1
    tables = [pd.read_csv(path) for path in _found(folder, "runs/tiny/2*/search/trials.csv")]
    assert [len(table) for table in tables] == [13, 13]


def _check_tracked(folder, study, retried):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/runs/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in runs if run is not parent}
    assert len(children) == len(runs) - 1
    assert set(children) == {trial_name(trial.number) for trial in study.trials}
    assert parent.data.tags["xraykit.state"] == "complete"
    for trial in study.trials:
        child = children[trial_name(trial.number)]
        state = "interrupted" if trial.number in retried else "complete"
        assert child.data.tags["xraykit.state"] == state, child.data.tags
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        epochs = client.get_metric_history(child.info.run_id, "epoch/val_roc_auc")
        if state == "complete":
            assert {metric.step - 1: metric.value for metric in epochs} == trial.intermediate_values
            assert len(epochs) == 12
