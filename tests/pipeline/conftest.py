"""The small experiment of the tests of trainings."""

from tests.training.conftest import tiny_experiment, tiny_values

__all__ = ["tiny_experiment", "tiny_values"]
