import json

import pytest

from tests.search.toys import LAYERED, QUADRATIC, layered, quadratic, search
from xraykit.config.search_section import Choices, Range
from xraykit.errors import ExperimentError, XraykitError
from xraykit.search.files import study_lock
from xraykit.search.trials import KILLED


def tune(folder, objective, **say):
    return search(folder, objective, engine="keras_tuner", **say)


def only_file(folder):
    [path] = (folder / "keras_tuner").glob("*.json")
    return path


def test_hyperband_gives_epochs_and_repeats_the_best_with_more(tmp_path):
    epochs = []

    def objective(values, reporter):
        epochs.append(values["training.epochs"])
        return quadratic(values, reporter)

    tune(tmp_path, objective, method="hyperband", n_trials=11, epochs=9)
    result = tune(tmp_path, objective, method="hyperband", n_trials=13, epochs=9)
    assert epochs == [1] * 9 + [3] * 3 + [9]
    assert [trial.values["training.epochs"] for trial in result.trials] == epochs
    ranked = sorted(result.trials[:9], key=lambda trial: -trial.score)
    assert [trial.score for trial in result.trials[9:12]] == [trial.score for trial in ranked[:3]]
    assert result.trials[12].score == ranked[0].score


def test_hyperband_repeats_its_sweeps_until_there_are_enough_trials(tmp_path):
    result = tune(tmp_path, quadratic, method="hyperband", n_trials=9, epochs=2, factor=2)
    assert len(result.trials) == 9


def test_hyperband_and_a_search_for_epochs_exclude_each_other(tmp_path):
    space = {**QUADRATIC, "training.epochs": Range(low=1, high=9)}
    with pytest.raises(ExperimentError, match=r"training\.epochs"):
        tune(tmp_path, quadratic, method="hyperband", space=space)


def test_bayesian_optimization_beats_its_own_random_start_and_tries_nothing_twice(tmp_path):
    space = {"training.batch_size": Range(low=1, high=16)}

    def objective(values, reporter):
        score = 1 - abs(values["training.batch_size"] - 11) / 16
        reporter.report(0, score)
        return score

    tune(tmp_path, objective, method="bayesian_optimization", space=space, n_trials=5)
    result = tune(tmp_path, objective, method="bayesian_optimization", space=space, n_trials=9)
    tried = [trial.values["training.batch_size"] for trial in result.trials]
    assert result.best.values == {"training.batch_size": 11}
    assert len(set(tried)) == len(tried) == 9


def test_a_space_that_is_used_up_ends_the_study(tmp_path):
    space = {"training.batch_size": Choices(choices=(8, 16))}

    def objective(values, reporter):
        reporter.report(0, 0.5)
        return 0.5

    assert len(tune(tmp_path, objective, space=space, n_trials=9).trials) == 2
    assert len(tune(tmp_path, objective, space=space, n_trials=9).trials) == 2


def test_a_logarithmic_count_has_all_its_elements(tmp_path):
    space = {**LAYERED, "model.num_dense_layers": Range(low=1, high=5, log=True)}
    trials = tune(tmp_path, layered, space=space, n_trials=12).trials
    assert all(len(trial.values["model.dense_neurons"]) == trial.values["model.num_dense_layers"] for trial in trials)


def test_a_trial_that_killed_its_process_too_often_counts_as_failed(tmp_path):
    def stop(values, reporter):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(tmp_path, stop, n_trials=2)
    saved = json.loads(only_file(tmp_path).read_text())
    assert saved["starts"] == {"0": 0}
    saved["starts"]["0"] = 4
    only_file(tmp_path).write_text(json.dumps(saved))
    trials = tune(tmp_path, quadratic, n_trials=2).trials
    assert [(trial.state, trial.reason) for trial in trials] == [("failed", KILLED), ("complete", None)]


def test_a_study_that_another_process_works_on_is_left_alone(tmp_path):
    tune(tmp_path, quadratic, n_trials=1)
    with study_lock(only_file(tmp_path).with_suffix(".lock")), pytest.raises(XraykitError, match="Another process"):
        tune(tmp_path, quadratic, n_trials=2)


@pytest.mark.parametrize("text", ["{", "[]", '{"records": []}'])
def test_a_damaged_file_is_named(tmp_path, text):
    tune(tmp_path, quadratic, n_trials=1)
    only_file(tmp_path).write_text(text)
    with pytest.raises(XraykitError, match="cannot be used as a study"):
        tune(tmp_path, quadratic, n_trials=2)
