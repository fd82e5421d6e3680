"""A strategy of a plug-in: named in the experiment, asked under the lock, with all that a study offers."""

import pytest

from tests.search.toys import make_plan, quadratic, search
from xraykit.config import load_experiment
from xraykit.config.search.space import Range
from xraykit.errors import ExperimentError, RegistryError
from xraykit.registry import STRATEGIES
from xraykit.search import open_study

PLUGIN = '''
from xraykit import register_strategy
from xraykit.search.strategies.strategy import Exhausted, Proposal, Strategy


@register_strategy("halving")
class Halving(Strategy):
    """Halves the learning rate from trial to trial; the dropout rate is left to the sampler."""

    def propose(self, trials):
        if len(trials) == 5:
            raise Exhausted
        return Proposal({"training.learning_rate": 0.1 / 2 ** len(trials)})
'''


@pytest.fixture
def halving(tmp_path, monkeypatch):
    monkeypatch.setattr(STRATEGIES, "_entries", dict(STRATEGIES._entries))
    path = tmp_path / "halving.py"
    path.write_text(PLUGIN)
    return load_experiment({"plugins": [str(path)], "search": {"engine": "halving"}})


def test_a_strategy_of_a_plug_in_proposes_and_the_sampler_draws_the_rest(halving, tmp_path, caplog):
    caplog.set_level("INFO", logger="xraykit")
    assert halving.search.pruner == "none"
    trials = search(tmp_path, quadratic, engine="halving", n_trials=9).trials
    assert [trial.values["training.learning_rate"] for trial in trials] == [0.1 / 2**number for number in range(5)]
    assert len({trial.values["model.dropout_rate"] for trial in trials}) == 5
    assert "The search ends after 5 of 9 trials: no new values are left." in caplog.messages


def test_its_interrupted_trial_is_repeated_without_asking_it(halving, tmp_path):
    plan = make_plan(tmp_path, engine="halving", n_trials=2)
    with open_study(plan) as study:
        first = study._claims.claim()
        first.give_back(KeyboardInterrupt())
        again = study._claims.claim()
    assert (again.reports.origin, again.values) == (0, first.values)


def test_an_error_inside_a_plug_in_names_the_plug_in(halving, tmp_path, monkeypatch):
    def propose(strategy, trials):
        raise KeyError("learning_rate")

    monkeypatch.setattr(STRATEGIES.get("halving"), "propose", propose)
    with pytest.raises(RegistryError, match=r"search engine 'halving' of the plug-in .*halving\w* failed: KeyError"):
        search(tmp_path, quadratic, engine="halving")


def test_a_proposal_for_a_parameter_that_does_not_exist_is_refused(halving, tmp_path):
    space = {"model.dropout_rate": Range(low=0.0, high=0.9)}
    with pytest.raises(
        RegistryError, match=r"(?s)'halving'.*Expected: some of model.dropout_rate.*training.learning_rate"
    ):
        search(tmp_path, quadratic, engine="halving", space=space)


def test_an_engine_that_nobody_registered_is_named_with_its_line(tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text("search:\n  engine: halfing\n")
    with pytest.raises(ExperimentError, match=r"(?s)line 2.*Unknown search engine 'halfing'.*keras_tuner, optuna"):
        load_experiment(path)
