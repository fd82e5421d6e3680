"""The bundle of a run: the network with everything that belongs to it."""

from collections.abc import Sequence

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
    screen = training_screen(experiment.seed, [data])
    record = trained_on(experiment, data.parts, data.cache)
    write_bundle(folder.bundle, model, experiment, decision_rule, screen, data.parts, record)


def training_screen(seed: int, trainings: Sequence[TrainingData]) -> Screen:
    """The input check, fitted on a sample of the pictures that were in the training part of any of the trainings.

    A picture counts once, however many members of an ensemble learned from it.

    Args:
        seed: Of the sample.
        trainings: Of a network, or of each member of an ensemble.
    """
    tables = [data.parts.catalog_of("train").table for data in trainings]
    of: dict[str, int] = {}
    for number, table in enumerate(tables):
        for image in table["image"]:
            of.setdefault(image, number)
    train = list(of)
    random = np.random.Generator(np.random.Philox(seed))
    sample = [train[row] for row in np.sort(random.permutation(len(train))[:_MOST_PICTURES])]
    pictures = [
        data.pictures("train", chosen)
        for number, data in enumerate(trainings)
        if (chosen := [image for image in sample if of[image] == number])
    ]
    views = {view for table in tables for view in table["view"].dropna()}
    return Screen.fit(np.concatenate(pictures), views=views)
