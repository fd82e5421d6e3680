"""What a network learns from, as a record for its bundle; and whether its start weights have met the test part."""

import logging
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from xraykit.bundle import (
    BundleFolder,
    Contamination,
    TrainedOn,
    check_contamination,
    contamination,
    describe_contamination,
    read_trained_on,
)
from xraykit.config import Experiment
from xraykit.data import (
    PARTS_USED,
    MetBefore,
    Parts,
    PictureCache,
    Radiographs,
    all_frequencies,
    without_patients,
)
from xraykit.errors import ModelError

logger = logging.getLogger(__name__)

_READ = 256
_REMEDY = (
    "Divide the data as the earlier run did (its format, data.split and seed), so that its patients stay in training "
    "and validation part; or start from other weights; or set `data.contamination: allow`."
)
_checked: set[tuple[str, str]] = set()


def trained_on(experiment: Experiment, parts: Parts, pictures: PictureCache) -> TrainedOn:
    """The record of a network that was trained on these parts, and of its start weights."""
    record = MetBefore.of([(part, radiographs_of(experiment, parts, pictures, part)) for part in PARTS_USED])
    whole = TrainedOn((record,))
    weights = experiment.model.weights
    if weights in (None, "imagenet"):
        return whole
    return whole.after(_of_weights(str(weights)))


def check_start_weights(experiment: Experiment, parts: Parts, pictures: PictureCache) -> None:
    """Refuse start weights that were trained on patients or pictures of the test part; of the validation part, warn.

    Only names, ids and pictures are looked at: the test part may be sealed.

    Raises:
        ContaminationError: there are some, and ``data.contamination`` is ``refuse``.
    """
    weights = experiment.model.weights
    if weights in (None, "imagenet") or (str(weights), parts.fingerprint) in _checked:
        return
    record = _of_weights(str(weights))
    test = _looked_up(record, experiment, parts, pictures, "test")
    if experiment.data.contamination == "refuse":
        check_contamination(test, "of the test part", f"Start weights: {weights}. {_REMEDY}")
    for part, found in (("test", test), ("validation", _looked_up(record, experiment, parts, pictures, "validation"))):
        text = describe_contamination(found, f"of the {part} part")
        if text:
            _warn_once(f"The start weights {weights}: {text}")
    _checked.add((str(weights), parts.fingerprint))


def radiographs_of(experiment: Experiment, parts: Parts, pictures: PictureCache, part: str) -> Radiographs:
    """The radiographs of a part, sealed or not, as a record needs them."""
    chosen = np.flatnonzero((parts.division["part"] == part).to_numpy())
    table = parts.division.iloc[chosen]
    images = table["image"].tolist()
    rows = pictures.rows([parts.paths[row] for row in chosen])
    blocks = (rows[start : start + _READ] for start in range(0, len(rows), _READ))
    found = all_frequencies((each for block in blocks for each in pictures.pictures(block)), len(rows))
    files = [pictures.facts[row].sha256 for row in rows]
    without = without_patients(experiment.data, parts.catalogs["train"])
    return replace(
        Radiographs.of(experiment.data, images, table["patient"].tolist(), files, without), frequencies=found
    )


def _looked_up(
    record: TrainedOn | None, experiment: Experiment, parts: Parts, pictures: PictureCache, part: str
) -> Contamination:
    return contamination(record, radiographs_of(experiment, parts, pictures, part))


def _of_weights(weights: str) -> TrainedOn | None:
    """What is recorded beside a weights file; None where nothing is."""
    try:
        bundle = BundleFolder.find(Path(weights))
    except ModelError:
        return None
    return read_trained_on(bundle)


@cache
def _warn_once(message: str) -> None:
    logger.warning("%s", message)
