"""Planned learning rates: their first, highest and last one, counted in updates."""

import numpy as np
import pytest

from xraykit.config import load_experiment
from xraykit.model.optimizers import OptimizerRecipe, planned_rate


def _rates(epochs=4, batches=5, peak=0.1, **changes):
    """The learning rate of each batch of a stage."""
    training = load_experiment({}).with_values({f"training.{key}": value for key, value in changes.items()}).training
    recipe = OptimizerRecipe.of(training, planned_rate(training, peak, epochs, batches))
    schedule = recipe.learning_rate()
    return np.array([float(schedule(batch)) for batch in range(epochs * batches)])


def test_plateau_has_a_constant_plan():
    training = load_experiment({}).training
    assert planned_rate(training, 0.1, 4, 5) == 0.1
    assert OptimizerRecipe.of(training, 0.1).learning_rate() == 0.1


def test_cosine_rises_in_a_line_and_falls_to_its_final_share():
    rates = _rates(schedule="cosine", **{"cosine.warmup_epochs": 1.0, "cosine.final_share": 0.01})
    assert rates[:5] == pytest.approx(0.1 * np.arange(1, 6) / 6, rel=1e-5)
    fall = np.arange(15) / 14
    assert rates[5:] == pytest.approx(0.1 * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * fall))), rel=1e-4)
    assert rates[-1] == pytest.approx(0.001, rel=1e-3)


def test_cosine_without_a_rise_begins_at_the_full_rate():
    rates = _rates(schedule="cosine", **{"cosine.warmup_epochs": 0.0, "cosine.final_share": 0.0})
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0, abs=1e-7)
    assert (np.diff(rates) < 0).all()


def test_a_rise_longer_than_the_stage_ends_with_it():
    rates = _rates(epochs=1, schedule="cosine", **{"cosine.warmup_epochs": 3.0})
    assert rates == pytest.approx(0.1 * np.arange(1, 6) / 5, rel=1e-5)


def test_one_cycle_goes_up_and_down_once():
    cycle = {"one_cycle.rise": 0.25, "one_cycle.first_share": 0.1, "one_cycle.final_share": 0.01}
    rates = _rates(schedule="one_cycle", **cycle)
    assert rates[0] == pytest.approx(0.01)
    assert rates[5] == rates.max() == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.001, rel=1e-3)
    assert (np.diff(rates[:6]) > 0).all()
    assert (np.diff(rates[5:]) < 0).all()


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_the_batches_of_one_update_have_one_rate(schedule):
    rates = _rates(schedule=schedule, gradient_accumulation=4).reshape(5, 4)
    assert (rates == rates[:, :1]).all()
    assert len(set(rates[:, 0])) == 5


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
@pytest.mark.parametrize("batches", [1, 2, 3])
def test_stages_of_few_updates_have_finite_rates(schedule, batches):
    rates = _rates(epochs=1, batches=batches, schedule=schedule)
    assert np.isfinite(rates).all()
    assert ((rates > 0) & (rates <= 0.1 + 1e-7)).all()
