"""The data that a run needs besides those that its network learns from: odd pictures, and the test part."""

import logging
from pathlib import Path

from xraykit.config import Experiment
from xraykit.data import SealedData
from xraykit.input_check import OddPictures, describe_odd_pictures, find_odd_pictures
from xraykit.runs import check_same
from xraykit.training import TrainingData, load_training_data

logger = logging.getLogger(__name__)


def odd_training_pictures(data: TrainingData) -> OddPictures:
    """Find odd pictures in the training part and warn of them; takes a tenth of a millisecond for each picture."""
    table = data.parts.catalog_of("train").table
    rows = data.cache.rows(table["path"].tolist())
    pictures = (data.cache.pictures(row[None])[0] for row in rows)
    facts = [data.cache.facts[row] for row in rows]
    sources = [(each.width, each.height, each.colourfulness) for each in facts]
    odd = find_odd_pictures(table["image"].tolist(), pictures, sources)
    if findings := describe_odd_pictures(odd):
        logger.warning("%s", findings)
    return odd


def unseal(experiment: Experiment, data: SealedData, run: Path) -> TrainingData:
    """The data of a run with the labels of the test part, which must be those of its start.

    Raises:
        CheckpointError: the label file or a picture has changed since.
    """
    check_same(data.parts.identity, data.parts.identity_now(), f"What was trained in {run}")
    return load_training_data(experiment, data.unsealed())
