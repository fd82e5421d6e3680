"""The network's outputs for the sample's radiographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xraykit.evaluate import score_pictures
from xraykit.evaluation.predictions import of_part
from xraykit.recalibrate.sample import Sample
from xraykit.runs import FinishedEvaluation, read_frame

if TYPE_CHECKING:
    from xraykit.bundle import Classifier


@dataclass(frozen=True, eq=False)
class Scored:
    """A sample with the network's outputs.

    Attributes:
        sample: The n radiographs that could be read.
        logits: ``(n, L)``.
        broken: Name of each radiograph that could not be read, to the reason.
        flagged: Name of each radiograph that is flagged as unlike the training part, to the flags' names.
        frequencies: Of each picture ``(n, 143)``; None where they were not opened.
    """

    sample: Sample
    logits: np.ndarray
    broken: dict[str, str]
    flagged: dict[str, str]
    frequencies: np.ndarray | None = None


def score(classifier: "Classifier", sample: Sample, batch_size: int = 32) -> Scored:
    """Read the radiographs and run the network on them, a few at a time; broken ones are reported and left out.

    Raises:
        DataError: none can be read.
    """
    found = score_pictures(classifier, sample.images, sample.paths, batch_size)
    kept = sample.take(found.rows.tolist())
    flagged = {image: flags for image, flags in zip(kept.images, found.flags, strict=True) if flags}
    broken = {sample.images[row]: reason for row, reason in found.broken.items()}
    return Scored(kept, found.logits, broken, flagged, found.frequencies)


def of_evaluation(evaluation: FinishedEvaluation, labels: Sequence[str]) -> Scored:
    """The radiographs of an external validation, from its table of predictions: no picture is decoded again.

    Args:
        evaluation: The evaluation.
        labels: Those of the network, in the order of its outputs.

    Raises:
        DataError: the table is damaged, or not the one that the metrics were computed from.
    """
    table = evaluation.predictions()
    targets, logits, patients = of_part(table, evaluation.summary.part, labels)
    facts = evaluation.facts
    sample = Sample(
        tuple(table["image"]),
        (),
        patients.astype(object),
        facts.collection.patients_known,
        targets,
        tuple(facts.labels.only_model),
        tuple(facts.labels.only_collection),
    )
    flagged = {image: flags for image, flags in zip(table["image"], table["flags"], strict=True) if flags == flags}
    file = evaluation.folder / "unreadable.csv"
    rows = read_frame(file, ("image", "reason")) if file.is_file() else None
    broken = {} if rows is None else dict(zip(rows["image"], rows["reason"], strict=True))
    return Scored(sample, logits, broken, flagged)
