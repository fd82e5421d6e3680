"""A search as its user sees it: stopped, continued, run again, its winner trained."""

import json
import shutil
import socket
import threading

import numpy as np
import pandas as pd
import pytest

from tests.search.commands import wait_until
from tests.search.phantoms import phantom_experiment
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import XraykitError
from xraykit.pipeline import run_experiment
from xraykit.runs.folder import RunFolder
from xraykit.search import experiment_search, open_study
from xraykit.search.experiment_search import ExperimentSearch

pytestmark = pytest.mark.slow


@pytest.fixture
def searched(tiny_values):
    space = {
        "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "model.num_dense_layers": {"low": 1, "high": 2},
        "model.dense_neurons": {"low": 64, "high": 128, "step": 64, "per": "model.num_dense_layers"},
    }
    tiny_values["search"] = {"n_trials": 3, "space": space, "optuna": {"pruner": "none"}}
    return tiny_values


def _trials(folder):
    return pd.read_csv(folder / "search" / "trials.csv")


def test_ctrl_c_ends_with_the_best_so_far_and_the_same_command_continues(searched, command, tmp_path):
    # Far more trials than are done when the first one is logged.
    searched["search"] |= {"workers": 2, "n_trials": 100}
    first = command()
    wait_until(lambda: "of 100 trials done" in first.output(), first.output)
    first.interrupt()
    assert first.wait() == 130, first.output()
    assert "best so far" in first.output()
    assert "Traceback" not in first.output()
    [stopped] = (tmp_path / "runs" / "tiny").glob("2*")
    done = (_trials(stopped)["state"] == "complete").sum()
    assert 1 <= done < 100
    assert load_experiment(stopped / "search" / "best.yaml").search is None
    assert not (stopped / "metrics.json").exists()

    second = command("second", ["search.workers=1", f"search.n_trials={done + 1}"])
    assert second.wait() == 0, second.output()
    assert f"{done} of {done + 1} trials are done" in second.output()
    [finished] = [path for path in (tmp_path / "runs" / "tiny").glob("2*") if path != stopped]
    assert (_trials(finished)["state"] == "complete").sum() == done + 1
    assert (finished / "search" / "search.html").is_file()
    assert json.loads((finished / "metrics.json").read_text())["study"]["test_part_met"] == 1


def test_the_winner_can_keep_the_weights_of_its_trial(searched, tmp_path, caplog):
    searched["search"] |= {"winner": "checkpoint", "epochs": 2}
    searched["training"]["epochs"] = 5
    run = run_experiment(load_experiment(searched))
    trials = _trials(run.folder)
    assert run.metrics["validation"]["roc_auc"] == pytest.approx(trials["macro_roc_auc"].max(), abs=1e-12)
    assert len(run.history()) == 2
    assert not list((tmp_path / "runs" / "tiny" / "study" / "trials").glob("*/*/other"))
    assert len(list((tmp_path / "runs" / "tiny" / "study" / "trials").glob("*/*"))) == 1


def test_each_winner_scored_on_the_test_part_is_counted_and_warned_of(searched, caplog, tmp_path):
    caplog.set_level("INFO", logger="xraykit")
    searched["training"]["epochs"] = 1
    searched["search"]["n_trials"] = 1
    first = run_experiment(load_experiment(searched))
    again = run_experiment(load_experiment(searched))
    assert (first.metrics["study"]["test_part_met"], again.metrics) == (1, {})
    assert f"{socket.gethostname()}:{first.folder} trains its winner" in caplog.text
    shutil.rmtree(first.folder)
    assert run_experiment(load_experiment(searched)).metrics["study"]["test_part_met"] == 2
    assert "2 winners of this study have now been scored on the test part" in caplog.text
    study = tmp_path / "runs" / "tiny" / "study"
    [record] = study.glob("*.record.json")
    (study / "study.db").write_bytes(b"")
    with pytest.raises(XraykitError, match=r"had 1 trial according to .*, but the study in .* contains none of them"):
        run_experiment(load_experiment(searched))
    record.unlink()
    assert run_experiment(load_experiment(searched)).metrics["study"]["test_part_met"] == 3


@pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])
def test_several_objectives_give_a_pareto_front_and_a_winner_by_rule(searched, engine):
    objectives = ["macro_roc_auc", "worst_label_roc_auc", "parameters"]
    searched["search"] |= {"objectives": objectives, "engine": engine, "tolerance": 1.0, "n_trials": 4}
    searched["search"]["optuna"] = {}
    run = run_experiment(load_experiment(searched))
    trials = _trials(run.folder)
    # Within a tolerance of 1 all are equal in the first objective: the second decides.
    best = trials.sort_values(["worst_label_roc_auc", "parameters"], ascending=[False, True]).iloc[0]
    winner = load_experiment(run.folder / "search" / "best.yaml")
    assert winner.training.learning_rate == pytest.approx(best["training.learning_rate"])
    assert np.isfinite(trials[objectives].to_numpy()).all()
    assert trials["parameters"].nunique() > 1
    assert "Pareto front" in (run.folder / "search" / "best.yaml").read_text()


def test_a_workers_error_stops_the_search_and_is_reported(searched, command, tmp_path):
    """The plug-in loads when the command starts and breaks when a worker loads it."""
    plugin = tmp_path / "breaks.py"
    plugin.write_text("import sys\nif 'worker' in sys.argv[0]:\n    raise OSError('the disk failed')\n")
    searched["plugins"].append(str(plugin))
    searched["search"]["workers"] = 2
    first = command()
    assert first.wait() == 2, first.output()
    assert "the disk failed" in first.output()
    assert "Worker 1 ended with an error" in first.output() or "Worker 2 ended with an error" in first.output()
    assert "Traceback" not in first.output()


def test_the_study_is_opened_once_for_search_tracking_and_test_part(tmp_path, monkeypatch):
    opened = []

    def open_and_count(plan):
        opened.append(plan.name)
        return open_study(plan)

    monkeypatch.setattr(experiment_search, "open_study", open_and_count)
    space = {"model.dropout_rate": {"choices": [0.1, 0.3]}}
    experiment = phantom_experiment(tmp_path, space, training={"epochs": 1}, n_trials=1)
    values = {"tracking.uri": "auto", "evaluation.resamples": 50, "explain.per_kind": 0, "explain.scored": 0}
    run = run_experiment(experiment.with_values(values))
    assert run.metrics["study"] == {"name": opened[0], "trials": 1, "test_part_met": 1}
    assert len(opened) == 1


@pytest.mark.process
def test_a_server_that_restarts_while_the_winner_is_trained_is_waited_for(
    tmp_path, postgres, database, monkeypatch, caplog
):
    monkeypatch.setenv("XRAYKIT_HEARTBEAT_SECONDS", "0.5")
    space = {"model.dropout_rate": {"choices": [0.1, 0.3]}}
    experiment = phantom_experiment(tmp_path, space, storage=database)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    with ExperimentSearch(experiment, parts, RunFolder.begin(experiment)) as search:
        before = search.before_test()
        postgres.stop()
        back = threading.Timer(2.5, postgres.start)
        back.start()
        try:
            assert search.before_test() == before
        finally:
            back.join()
    assert before["study"]["test_part_met"] == 1
    assert "Trying again for" in caplog.text
