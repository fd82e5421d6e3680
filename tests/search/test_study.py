"""What holds for every engine."""

import json
import logging
import subprocess
import sys
import time

import pytest

from tests.search.toys import LAYERED, QUADRATIC, layered, make_plan, quadratic, search
from xraykit.config.search.section import Search
from xraykit.config.search.space import Choices, Range
from xraykit.errors import NonFiniteLossError, OutOfMemoryError, XraykitError
from xraykit.search import open_study, study_name

pytestmark = pytest.mark.slow

MIXED = {
    "training.weighted_loss": Choices(choices=(True, False)),
    "training.batch_size": Choices(choices=(8, 16)),
    "training.precision": Choices(choices=("float32", 0.5, 3, True)),
    "model.dropout_rate": Range(low=0.1, high=0.3, step=0.1),
    "training.plateau.patience": Range(low=1, high=64, log=True),
}

NESTED = {
    "training.momentum": Range(low=0.7, high=0.9, step=0.1, when={"training.optimizer": ("sgd",)}),
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "model.dense_neurons": Range(low=64, high=128, step=64, per="model.num_dense_layers"),
    "model.num_dense_layers": Range(low=1, high=2),
}

engines = pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])


class Seen:
    """An objective that remembers what it was given."""

    def __init__(self, objective=quadratic):
        self.objective = objective
        self.values = []

    def __call__(self, values, reporter):
        self.values.append(values)
        return self.objective(values, reporter)


@engines
def test_good_values_are_found_and_stdout_stays_empty(engine, tmp_path, capfd):
    result = search(tmp_path, quadratic, engine=engine, n_trials=14, pruner="none")
    assert result.best.score > 0.95
    assert result.best.score == max(trial.score for trial in result.trials)
    assert [trial.number for trial in result.trials] == list(range(14))
    assert all((trial.state, trial.epochs, trial.reason) == ("complete", 3, None) for trial in result.trials)
    assert all(trial.seconds >= 0 for trial in result.trials)
    assert capfd.readouterr().out == ""


@engines
def test_layers_beyond_the_count_never_exist(engine, tmp_path):
    seen = Seen(layered)
    result = search(tmp_path, seen, space=LAYERED, engine=engine, n_trials=10)
    lengths = {len(values["model.dense_neurons"]) for values in seen.values}
    assert all(len(values["model.dense_neurons"]) == values["model.num_dense_layers"] for values in seen.values)
    assert len(lengths) > 1
    assert [trial.values for trial in result.trials] == seen.values


@engines
def test_values_keep_their_types_and_bounds_over_a_restart(engine, tmp_path):
    seen = Seen(lambda values, reporter: reporter.report(0, 0.5) or {"macro_roc_auc": 0.5})
    search(tmp_path, seen, space=MIXED, engine=engine, n_trials=8, sampler="random")
    result = search(tmp_path, seen, space=MIXED, engine=engine, n_trials=13, sampler="random")
    kinds = {key: {(type(values[key]), values[key]) for values in seen.values} for key in MIXED}
    assert kinds["training.weighted_loss"] == {(bool, True), (bool, False)}
    assert kinds["training.batch_size"] == {(int, 8), (int, 16)}
    assert kinds["training.precision"] == {(str, "float32"), (float, 0.5), (int, 3), (bool, True)}
    assert kinds["model.dropout_rate"] == {(float, 0.1), (float, 0.2), (float, 0.3)}
    assert all(kind is int and 1 <= value <= 64 for kind, value in kinds["training.plateau.patience"])
    assert [repr(trial.values) for trial in result.trials] == [repr(values) for values in seen.values]


@engines
def test_failed_trials_are_recorded_with_their_reasons_and_the_search_goes_on(engine, tmp_path):
    def objective(values, reporter):
        if reporter.number < 5:
            raise (OutOfMemoryError if reporter.number % 2 else NonFiniteLossError)(f"in trial {reporter.number}")
        return quadratic(values, reporter)

    search(tmp_path, objective, engine=engine, n_trials=6)
    trials = search(tmp_path, objective, engine=engine, n_trials=7).trials
    assert [trial.state for trial in trials] == ["failed"] * 5 + ["complete"] * 2
    assert trials[0].reason == "NonFiniteLossError: in trial 0"
    assert trials[3].reason == "OutOfMemoryError: in trial 3"
    assert trials[3].score is None
    assert set(trials[3].values) == set(QUADRATIC)


@engines
def test_a_search_in_which_nothing_completes_says_why(engine, tmp_path):
    def objective(values, reporter):
        raise NonFiniteLossError("the loss became NaN")

    with pytest.raises(XraykitError, match="None of the search's 4 trials") as error:
        search(tmp_path, objective, engine=engine, n_trials=4)
    assert "NonFiniteLossError: the loss became NaN (trial 0, 1, 2, 3)" in str(error.value)


@engines
@pytest.mark.parametrize("kind", [TypeError, KeyboardInterrupt, XraykitError])
def test_any_other_exception_ends_the_search_at_once_as_itself_and_its_trial_is_done_again(engine, kind, tmp_path):
    raised = kind("a slip")

    def objective(values, reporter):
        if len(slipping.values) == 2:
            raise raised
        return quadratic(values, reporter)

    slipping = Seen(objective)
    with pytest.raises(kind) as caught:
        search(tmp_path, slipping, engine=engine, n_trials=3)
    assert caught.value is raised
    assert len(slipping.values) == 2
    assert any("test_study" in str(entry.path) for entry in caught.traceback[1:])

    again = Seen()
    result = search(tmp_path, again, engine=engine, n_trials=3)
    assert again.values[0] == slipping.values[1]
    assert len(again.values) == 2
    assert sum(trial.state == "complete" for trial in result.trials) == 3


@engines
def test_a_study_is_continued_and_a_finished_one_returns_at_once(engine, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="xraykit")
    seen, ended, say = Seen(), [], {"engine": engine, "sampler": "random", "pruner": "none"}
    first = search(tmp_path, seen, n_trials=3, **say)
    second = search(tmp_path, seen, n_trials=7, on_trial_end=lambda *told: ended.append(told), **say)
    assert second.trials[:3] == first.trials
    assert second.trials[3:] == tuple(record for record, _ in ended)
    assert [len(trials) for _, trials in ended] == [4, 5, 6, 7]
    assert len(seen.values) == 7
    assert len({values["model.dropout_rate"] for values in seen.values}) == 7
    assert search(tmp_path, seen, n_trials=7, **say) == second
    assert len(seen.values) == 7
    lines = [line for line in caplog.messages if line.startswith("Continuing")]
    assert lines == [f"Continuing the study: {done} of 7 trials are done." for done in (3, 7)]


@engines
def test_another_identity_or_space_is_another_study(engine, tmp_path):
    first = search(tmp_path, quadratic, engine=engine, n_trials=2, identity="one")
    seen = Seen()
    search(tmp_path, seen, engine=engine, n_trials=2, identity="two")
    narrower = {**QUADRATIC, "model.dropout_rate": Range(low=0.0, high=0.1)}
    search(tmp_path, seen, engine=engine, n_trials=2, identity="one", space=narrower)
    assert len(seen.values) == 4
    assert search(tmp_path, seen, engine=engine, n_trials=2, identity="one") == first


@engines
def test_the_seed_decides_what_is_drawn(engine, tmp_path):
    studies = [search(tmp_path / str(n), quadratic, engine=engine, n_trials=3, seed=n % 2) for n in range(3)]
    values = [[trial.values for trial in study.trials] for study in studies]
    assert values[0] == values[2] != values[1]


@engines
def test_starting_points_come_first_in_order_and_only_once(engine, tmp_path):
    points = [
        {"training.optimizer": "sgd", "model.num_dense_layers": 2, "model.dense_neurons": [64, 448]},
        {"training.optimizer": "adam"},
        {"model.num_dense_layers": 3},
    ]
    seen, say = Seen(layered), {"space": LAYERED, "engine": engine, "enqueue": points}
    search(tmp_path, seen, n_trials=2, **say)
    search(tmp_path, seen, n_trials=6, **say)
    assert seen.values[0] == points[0]
    assert seen.values[1]["training.optimizer"] == "adam"
    assert seen.values[2]["model.num_dense_layers"] == 3
    assert len(seen.values) == 6
    assert seen.values.count(points[0]) == 1


@engines
def test_several_objectives_are_recorded_by_name_and_a_better_one_is_kept(engine, tmp_path):
    def objective(values, reporter):
        score = quadratic(values, reporter)["macro_roc_auc"]
        return {"parameters": 1000 * values["model.dropout_rate"], "macro_roc_auc": score, "loss": 3.0}

    result = search(tmp_path, objective, engine=engine, objectives=["macro_roc_auc", "parameters"], n_trials=8)
    assert all(set(trial.scores) == {"macro_roc_auc", "parameters"} for trial in result.trials)
    assert all(trial.score == trial.scores["macro_roc_auc"] and trial.epochs == 3 for trial in result.trials)
    assert result.best.score == max(trial.score for trial in result.trials)
    assert min(result.trials, key=lambda trial: trial.scores["parameters"]) in result.front


@engines
def test_a_loss_is_minimised(engine, tmp_path):
    def objective(values, reporter):
        loss = 1 - quadratic(values, NoReports())["macro_roc_auc"]
        reporter.report(0, loss)
        return {"loss": loss}

    result = search(tmp_path, objective, engine=engine, objectives=["loss"], n_trials=14)
    assert result.best.score == min(trial.score for trial in result.trials) < 0.1


class NoReports:
    def report(self, epoch, score):
        pass


@engines
def test_every_combination_of_a_grid_is_tried_once_and_then_the_study_ends(engine, tmp_path):
    say = {"engine": engine, "sampler": "grid", "method": "grid_search", "space": NESTED, "pruner": "none"}
    seen = Seen(lambda values, reporter: reporter.report(0, 0.5) or {"macro_roc_auc": 0.5})
    search(tmp_path, seen, n_trials=4, **say)
    result = search(tmp_path, seen, n_trials=50, **say)
    # One or two layers of two sizes each; beside sgd each with three momenta.
    layers = 2 + 4
    assert len({json.dumps(values, sort_keys=True) for values in seen.values}) == layers + 3 * layers
    assert len(result.trials) == len(seen.values) == layers + 3 * layers


@engines
def test_no_trial_begins_after_the_time_is_up_not_even_after_a_restart(engine, tmp_path):
    seen = Seen(lambda values, reporter: time.sleep(0.4) or quadratic(values, reporter))
    search(tmp_path, seen, engine=engine, n_trials=50, timeout=0.6)
    assert len(seen.values) in (1, 2)
    before = len(seen.values)
    time.sleep(1)
    search(tmp_path, seen, engine=engine, n_trials=50, timeout=0.6)
    assert len(seen.values) == before
    search(tmp_path, seen, engine=engine, n_trials=before + 1, timeout=1.8)
    assert len(seen.values) == before + 1


@engines
def test_a_fact_stays_as_it_was_first_written(engine, tmp_path):
    plan = make_plan(tmp_path, engine=engine)
    with open_study(plan) as study:
        assert study.remember("tracking run", "abc") == "abc"
        assert study.remember("tracking run", "def") == "abc"
        assert study.remember("nothing", None) is None
    with open_study(plan) as study:
        assert study.remember("tracking run", 3) == "abc"
        assert study.remember("nothing", 1) is None
        assert study.facts() == {"tracking run": "abc", "nothing": None}


def test_a_space_is_known_by_what_it_says_not_by_its_order():
    def named(identity, space=LAYERED, **more):
        return study_name(identity, Search(space=space, **more))

    other = {**LAYERED, "training.optimizer": Choices(choices=("adam",))}
    assert named("x") == named("x", dict(reversed(LAYERED.items()))) == named("x", engine="keras_tuner")
    hyperbands = {named("x", engine="keras_tuner", keras_tuner={"method": "hyperband", "factor": n}) for n in (2, 3)}
    assert len({named("x"), named("x", other), named("y"), *hyperbands}) == 5


def test_no_engine_is_imported_before_it_is_chosen():
    code = "import sys, xraykit.search; print({'optuna', 'keras_tuner', 'keras', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
