"""What an experiment file may say: typed, strict, frozen."""

from xraykit.config.experiment import Experiment, load_experiment, schema
from xraykit.config.search_section import Search
from xraykit.config.search_space import Choices, Range
from xraykit.config.sections import (
    Augmentation,
    Data,
    Evaluation,
    Explain,
    Model,
    Output,
    Phantom,
    Split,
    Tracking,
    Training,
)

__all__ = [
    "Augmentation",
    "Choices",
    "Data",
    "Evaluation",
    "Experiment",
    "Explain",
    "Model",
    "Output",
    "Phantom",
    "Range",
    "Search",
    "Split",
    "Tracking",
    "Training",
    "load_experiment",
    "schema",
]
