from pathlib import Path

import pytest

from tests.training.conftest import TINY
from xraykit import registry
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import ExperimentError
from xraykit.search import TrialRecord
from xraykit.search.study_setup import StudySetup

pytestmark = pytest.mark.slow


@pytest.fixture
def searched(tiny_values):
    """Build the set-up of a changed experiment; the parts are those of the unchanged one."""
    tiny_values["search"] = {"n_trials": 3, "epochs": 1, "space": {"model.dropout_rate": {"choices": [0.1, 0.3]}}}
    parts = load_parts(load_experiment(tiny_values).data, 7, sealed_test=True)

    def setup(*overrides):
        return StudySetup.of(load_experiment(tiny_values, overrides), parts)

    return setup


def test_a_study_belongs_to_whatever_shapes_a_score(searched):
    name = searched().name
    for same in ("search.n_trials=9", "search.workers=2", "output.root=x", "evaluation.resamples=7", "name=b"):
        assert searched(same).name == name, same
    root = searched().trial_experiment.data.root
    for same in (f"data.root={root}/", f"data.root={root}/../{Path(root).name}", "data.cache=elsewhere"):
        assert searched(same).name == name, same
    for other in ("seed=8", "training.batch_size=8", "search.epochs=2", "search.objectives=[loss]"):
        assert searched(other).name != name, other


def test_a_study_belongs_to_the_content_of_its_plug_ins(searched, tiny_values, tmp_path, monkeypatch):
    monkeypatch.setattr(registry.plugins, "_LOADED", {})
    monkeypatch.setattr(registry.BACKBONES, "_entries", {})
    names = []
    for place, content in (("a", ""), ("b", ""), ("c", "\n# Changed.\n")):
        (tmp_path / place).mkdir()
        plugin = tmp_path / place / "plugin.py"
        plugin.write_text(Path(TINY).read_text() + content)
        tiny_values["plugins"] = [str(plugin)]
        registry.BACKBONES._entries.clear()
        names.append(searched().name)
    assert names[0] == names[1]
    assert names[0] != names[2]


def test_a_trial_begins_without_search_and_with_its_own_epochs(searched):
    assert searched().trial_experiment.search is None
    assert searched().trial_experiment.training.epochs == 1
    assert searched("search.epochs=null").trial_experiment.training.epochs == 2


def test_the_winner_is_trained_for_all_epochs_or_taken_as_it_is(searched):
    trial = TrialRecord(0, "complete", {"model.dropout_rate": 0.1}, 0.6, 1, 1.0, None, {"macro_roc_auc": 0.6})
    winner = searched().winning_experiment(trial)
    assert (winner.search, winner.model.dropout_rate, winner.training.epochs) == (None, 0.1, 2)
    assert searched("search.winner=checkpoint").winning_experiment(trial).training.epochs == 1


def _trial(number, state, score=None, origin=None, replaced=False):
    scores = {} if score is None else {"macro_roc_auc": score}
    return TrialRecord(number, state, {}, score, 1, 1.0, None, scores, origin, replaced)


@pytest.mark.parametrize(("winner", "left"), [("retrain", [3, 5]), ("checkpoint", [1, 3, 5])])
def test_only_checkpoints_that_may_be_needed_are_kept(searched, winner, left):
    setup = searched(f"search.winner={winner}")
    for origin in range(6):
        setup.checkpoints(origin).mkdir(parents=True)
    trials = (
        _trial(0, "complete", 0.6),
        _trial(1, "complete", 0.7),
        _trial(2, "failed"),
        _trial(3, "running"),
        _trial(4, "failed", replaced=True),
        _trial(5, "failed", replaced=True),
        _trial(6, "complete", 0.5, origin=4),
    )
    setup.delete_unneeded_checkpoints(trials)
    assert [origin for origin in range(6) if setup.checkpoints(origin).exists()] == left


def test_without_a_search_there_is_no_study(tiny_values):
    with pytest.raises(ExperimentError, match="has no search"):
        StudySetup.of(load_experiment(tiny_values), None)
