"""The data that a run needs besides those that its network learns from: odd pictures, and the test part."""

import logging

import pandas as pd

from xraykit.config import Experiment
from xraykit.data import Parts, SealedData, names_with_ids, new_salt, with_hashed_patients
from xraykit.input_check import OddPictures, describe_odd_pictures, find_odd_pictures
from xraykit.runs import RunFolder, check_contents, check_same
from xraykit.system import counted
from xraykit.training import TrainingData, load_training_data

logger = logging.getLogger(__name__)


def odd_training_pictures(data: TrainingData) -> OddPictures:
    """Find odd pictures in the training part and warn of them; takes a tenth of a millisecond for each picture.

    It draws no random numbers, and may run beside the training.
    """
    table = data.parts.catalog_of("train").table
    rows = data.cache.rows(table["path"].tolist())
    pictures = (data.cache.pictures(row[None])[0] for row in rows)
    facts = [data.cache.facts[row] for row in rows]
    sources = [(each.width, each.height, each.colourfulness) for each in facts]
    odd = find_odd_pictures(table["image"].tolist(), pictures, sources)
    if findings := describe_odd_pictures(odd):
        logger.warning("%s", findings)
    return odd


def with_patient_ids(experiment: Experiment, predictions: pd.DataFrame, folder: RunFolder) -> pd.DataFrame:
    """The table of predictions with the patients' ids, or with hashes of them if the experiment asks for it.

    The salt is a file of its own, which never goes to the tracker: deleted, it takes the way back to the ids with it.
    """
    if experiment.data.patient_ids == "keep":
        return predictions
    named = names_with_ids(predictions["image"], predictions["patient"])
    if named:
        logger.warning(
            "data.patient_ids is hash, but the file names of %s contain the id of their patient. The tables of the run "
            "name the files, so that these ids are in them all the same.",
            counted(named, "radiograph"),
        )
    return _hashed(predictions, folder)


def split_table(experiment: Experiment, parts: Parts, folder: RunFolder) -> pd.DataFrame:
    """The columns ``image``, ``patient`` and ``part``, one row for each radiograph of all parts; without labels.

    Patients are hashed as in the predictions, if the experiment asks for it.
    """
    table = parts.assignments()
    return table if experiment.data.patient_ids == "keep" else _hashed(table, folder)


def _hashed(table: pd.DataFrame, folder: RunFolder) -> pd.DataFrame:
    if not folder.patient_salt.is_file():
        folder.write_salt(new_salt())
    return with_hashed_patients(table, folder.patient_salt.read_text(encoding="utf-8").strip())


def record_contents(data: TrainingData, folder: RunFolder) -> None:
    """Record what the picture files contain, or check that they still contain what was recorded.

    Raises:
        CheckpointError: a file has another content, or others cannot be read.
    """
    record = folder.read_record()
    check_contents(record, data.contents, folder.path)
    if not record.get("pictures"):
        folder.write_record({"pictures": data.contents})


def unseal(experiment: Experiment, data: SealedData, folder: RunFolder) -> TrainingData:
    """The data of a run with the labels of the test part, which must be those of its start.

    Raises:
        CheckpointError: the label file or a picture has changed since.
    """
    check_same(data.parts.identity, data.parts.identity_now(), f"What was trained in {folder.path}")
    opened = load_training_data(experiment, data.unsealed())
    check_contents(folder.read_record(), opened.contents, folder.path)
    return opened
