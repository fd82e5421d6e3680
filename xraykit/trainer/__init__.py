"""The template of a training, and the trainers that fill it in."""

from xraykit.trainer.template import Trainer
from xraykit.trainer.trainers import FineTuneTrainer, ScratchTrainer, trainer_for

__all__ = ["FineTuneTrainer", "ScratchTrainer", "Trainer", "trainer_for"]
