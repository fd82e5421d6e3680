"""The template of a training, and the trainers that fill it in."""

from xraykit.training.fitting import saved_training
from xraykit.training.template import Trainer
from xraykit.training.trainers import FineTuneTrainer, ScratchTrainer, trainer_for

__all__ = ["FineTuneTrainer", "ScratchTrainer", "Trainer", "saved_training", "trainer_for"]
