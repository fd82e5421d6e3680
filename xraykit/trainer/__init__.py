"""The template of a training, and the trainers that fill it in."""

from xraykit.trainer.fitting import saved_training
from xraykit.trainer.template import Trainer
from xraykit.trainer.trainers import FineTuneTrainer, ScratchTrainer, trainer_for

__all__ = ["FineTuneTrainer", "ScratchTrainer", "Trainer", "saved_training", "trainer_for"]
