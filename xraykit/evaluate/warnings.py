"""What the reader of an external validation must know first."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.bundle import describe_contamination
from xraykit.evaluation import few_cases
from xraykit.system import counted

MANY_FLAGGED = 0.1
"""Share of flagged radiographs from which on it is warned of: the limits are set for about one in a hundred."""


def warnings_of(facts: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    """Sentences, the most important first.

    Args:
        facts: ``evaluation`` of ``metrics.json``, except for the warnings.
        metrics: The metrics of the collection.
    """
    met = facts["contamination"]
    text = describe_contamination(met)
    known = met["recorded"] and met["complete"]
    return [
        *([text] if text else []),
        *_overlap(facts["overlap"], known),
        *_pictures(facts),
        *_labels(facts["labels"]),
        *_unfitted(metrics["labels"]),
        *([metrics["sources_why"]] if metrics.get("sources_why") else []),
        *few_cases(metrics),
    ]


def _overlap(overlap: Mapping[str, Any], known: bool) -> Iterator[str]:
    """What names and label files suggest.

    A whole record of what the network was trained on (``known``) says more of the training; of the run's test part,
    with which these radiographs are compared, it says nothing.
    """
    if overlap["same_label_file"] and not known:
        yield (
            "The label file is the one that the network was trained with. Radiographs and patients of the training "
            "part may be among these: the metrics are then too good, and this is no external validation."
        )
    met = {part: number for part, number in (overlap["same_names"] or {}).items() if part == "test" or not known}
    if met:
        counts = " and ".join(f"{number:,} of its {part} part" for part, number in met.items())
        yield (
            f"Radiographs have the file names of radiographs of the run: {counts}. If they are the same pictures, this "
            f"is no external validation, and the intervals of the differences are not valid."
        )


def _pictures(facts: Mapping[str, Any]) -> Iterator[str]:
    checked, collection = facts["input_check"], facts["collection"]
    if checked["share"] > MANY_FLAGGED:
        yield (
            f"{checked['flagged']:,} of {counted(checked['radiographs'], 'radiograph')} "
            f"({100 * checked['share']:.0f} %) are flagged as unlike those of the training part. About 1 % is expected "
            f"of radiographs like those."
        )
    if collection["unreadable"]:
        yield f"{counted(collection['unreadable'], 'radiograph')} could not be read; left out (unreadable.csv)."
    if not collection["patients_known"]:
        yield (
            "The collection does not name patients: each radiograph counts as its own patient. If patients have "
            "several, the intervals are too narrow."
        )


def _labels(labels: Mapping[str, Any]) -> Iterator[str]:
    if labels["only_model"]:
        yield f"Not annotated in this collection, so that nothing is known of them: {', '.join(labels['only_model'])}."
    if labels["only_collection"]:
        yield f"Annotated in this collection, but unknown to the network: {', '.join(labels['only_collection'])}."


def _unfitted(labels: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Labels whose probabilities were never fitted to anything."""
    untrained = [label for label, each in labels.items() if not each["trained"]]
    if untrained:
        yield f"Not trained, so that there are no probabilities and no metrics: {', '.join(untrained)}."
    plain = [label for label, each in labels.items() if each["trained"] and not each["calibrated"]]
    if plain:
        yield (
            f"The run did not calibrate {', '.join(plain)}: their probabilities rank radiographs, and their O/E says "
            f"nothing about this collection."
        )
    pointless = [label for label, each in labels.items() if each["trained"] and each["threshold"] is None]
    if pointless:
        yield f"Without a threshold, so that there are no calls: {', '.join(pointless)}."
