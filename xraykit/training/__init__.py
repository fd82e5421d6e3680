"""The template of a training, and the trainers that fill it in."""

from xraykit.training.checkpoints import saved_training
from xraykit.training.met_before import trained_on
from xraykit.training.stages import Fit
from xraykit.training.template import Trainer
from xraykit.training.trainers import FineTuneTrainer, ScratchTrainer, trainer_for
from xraykit.training.training_data import TrainingData, load_training_data
from xraykit.training.user_callbacks import check_callbacks
from xraykit.training.validation_scores import validation_scores

__all__ = [
    "FineTuneTrainer",
    "Fit",
    "ScratchTrainer",
    "Trainer",
    "TrainingData",
    "check_callbacks",
    "load_training_data",
    "saved_training",
    "trained_on",
    "trainer_for",
    "validation_scores",
]
