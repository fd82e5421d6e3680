"""The network's outputs for the sample's radiographs."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xraykit.errors import DataError
from xraykit.recalibrate.sample import Sample
from xraykit.system import progress_bar

if TYPE_CHECKING:
    from xraykit.bundle import Classifier

logger = logging.getLogger(__name__)

_BATCH = 32


@dataclass(frozen=True, eq=False)
class Scored:
    """A sample with the network's outputs.

    Attributes:
        sample: The n radiographs that could be read.
        logits: ``(n, L)``.
        broken: Name of each radiograph that could not be read, to the reason.
        flagged: Name of each radiograph that is flagged as unlike the training part, to the flags' names.
    """

    sample: Sample
    logits: np.ndarray
    broken: dict[str, str]
    flagged: dict[str, str]


def score(classifier: "Classifier", sample: Sample) -> Scored:
    """Read the radiographs and run the network on them, a few at a time; broken ones are reported and left out.

    Raises:
        DataError: none can be read.
    """
    read: list[int] = []
    logits, broken, flagged = [], {}, {}
    for start in progress_bar(range(0, len(sample.images), _BATCH), desc="radiographs", unit=f"×{_BATCH}"):
        names = sample.images[start : start + _BATCH]
        pictures = []
        for row, opened in enumerate(classifier.open(list(zip(names, sample.paths[start:], strict=False))), start):
            if opened.radiograph is None:
                broken[opened.name] = opened.error
                logger.warning("Left out: %s", opened.error)
                continue
            flags = classifier.screen.flags(opened.radiograph)
            if flags:
                flagged[opened.name] = ";".join(flag.name for flag in flags)
            read.append(row)
            pictures.append(opened.radiograph.picture)
        if pictures:
            logits.append(classifier.logits(np.stack(pictures), _BATCH))
    if not read:
        raise DataError(
            f"None of the {len(sample.images)} radiographs of the sample can be read, so nothing can be fitted. "
            f" Check the column image, whose files are looked for below the folder of the table."
        )
    return Scored(sample.take(read), np.concatenate(logits), broken, flagged)
