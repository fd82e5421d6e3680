"""The template of a training, and the trainers that fill it in."""

from xraykit.trainer.checkpoints import read_checkpoint
from xraykit.trainer.template import Trainer
from xraykit.trainer.trainers import FineTuneTrainer, ScratchTrainer, trainer_for

__all__ = ["FineTuneTrainer", "ScratchTrainer", "Trainer", "read_checkpoint", "trainer_for"]
