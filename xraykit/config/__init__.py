"""The content of an experiment file: typed, strict, frozen."""

from xraykit.config.evaluation_section import Evaluation, Explain
from xraykit.config.experiment import Experiment, load_experiment, schema
from xraykit.config.rules import Rule
from xraykit.config.search_section import Search
from xraykit.config.search_space import Choices, Range
from xraykit.config.sections import (
    Augmentation,
    Data,
    Model,
    Output,
    Split,
    Tracking,
    Training,
)
from xraykit.config.split_record import SplitRecord, split_text

__all__ = [
    "Augmentation",
    "Choices",
    "Data",
    "Evaluation",
    "Experiment",
    "Explain",
    "Model",
    "Output",
    "Range",
    "Rule",
    "Search",
    "Split",
    "SplitRecord",
    "Tracking",
    "Training",
    "load_experiment",
    "schema",
    "split_text",
]
