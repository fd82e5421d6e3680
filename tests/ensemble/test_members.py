"""Which networks an experiment trains."""

from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.ensemble import members_of
from xraykit.errors import ExperimentError

FOLDS = {"data": {"split": {"method": "folds", "folds": 3}}}


def names(values):
    return [member.name for member in members_of(load_experiment(values))]


def test_a_member_for_each_fold_each_seed_or_both():
    assert names(FOLDS) == ["fold-0", "fold-1", "fold-2"]
    assert names({"training": {"seeds": 2}, "seed": 5}) == ["seed-5", "seed-6"]
    both = names({**FOLDS, "training": {"seeds": 2}})
    assert both == [f"fold-{fold}-seed-{seed}" for fold in range(3) for seed in (7, 8)]


def test_one_fold_alone_is_one_network():
    one = load_experiment({"data": {"split": {"method": "folds", "folds": 3, "fold": 1}}})
    assert not one.is_ensemble
    assert load_experiment(FOLDS).is_ensemble


def test_members_differ_in_seed_and_fold_and_keep_the_split_of_the_ensemble():
    first, second, third, *_ = members_of(load_experiment({**FOLDS, "training": {"seeds": 2}}))
    assert (first.experiment.seed, second.experiment.seed, third.experiment.seed) == (7, 8, 7)
    assert [member.experiment.data.split.fold for member in (first, second, third)] == [0, 0, 1]
    assert {member.experiment.split_seed for member in (first, second, third)} == {7}
    assert not any(member.experiment.is_ensemble for member in (first, second, third))
    changed = {"seed": 7, "data.split.fold": 0}
    assert third.experiment.with_values(changed) == first.experiment


def test_members_are_below_the_run():
    member = members_of(load_experiment(FOLDS))[1]
    assert member.folder(Path("runs/a/b")).path == Path("runs/a/b/members/fold-1")
    assert not member.is_finished(Path("runs/a/b"))


def test_a_search_and_an_ensemble_in_one_experiment_are_refused():
    with pytest.raises(ExperimentError, match=r"Search first, with training.seeds: 1 .* search/best.yaml"):
        load_experiment({**FOLDS, "search": {"n_trials": 3}})
    load_experiment({"data": {"split": {"method": "folds", "fold": 0}}, "search": {"n_trials": 3}})


def test_a_seed_that_is_too_large_is_refused():
    experiment = load_experiment({"seed": 2**31 - 1, "training": {"seeds": 2}})
    with pytest.raises(ExperimentError, match="seed"):
        members_of(experiment)
