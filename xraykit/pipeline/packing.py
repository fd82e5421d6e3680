"""The bundle of a run: the network with everything that belongs to it."""

import keras
import numpy as np

from xraykit.bundle import write_bundle
from xraykit.config import Experiment
from xraykit.evaluation import DecisionRule
from xraykit.input_check import Screen
from xraykit.runs import RunFolder
from xraykit.training import TrainingData, trained_on

# More training pictures do not change the limits of the input check.
_MOST_PICTURES = 2000


def pack(
    experiment: Experiment, model: keras.Model, data: TrainingData, decision_rule: DecisionRule, folder: RunFolder
) -> None:
    """Write the bundle; its input check is fitted on a sample of the training pictures."""
    table = data.parts.catalog_of("train").table
    train = table["image"].tolist()
    random = np.random.Generator(np.random.Philox(experiment.seed))
    sample = random.permutation(len(train))[:_MOST_PICTURES]
    pictures = data.pictures("train", [train[row] for row in np.sort(sample)])
    screen = Screen.fit(pictures, views=set(table["view"].dropna()))
    record = trained_on(experiment, data.parts, data.cache)
    write_bundle(folder.bundle, model, experiment, decision_rule, screen, data.parts, record)
