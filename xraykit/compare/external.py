"""What two external validations on the same collection have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xraykit.errors import DataError

if TYPE_CHECKING:
    from xraykit.evaluation import Predictions
    from xraykit.runs import FinishedRun


def collection_names(run: "FinishedRun") -> dict[str, str]:
    """The labels of an external validation to their names in the collection; empty for a run."""
    from xraykit.runs import FinishedEvaluation

    return dict(run.facts.labels.shared) if isinstance(run, FinishedEvaluation) else {}


def in_common(
    predictions: Sequence["Predictions"], runs: Sequence["FinishedRun"]
) -> tuple[list["Predictions"], dict[str, Any]]:
    """The predictions of the findings and radiographs that both have, by their names in the collection.

    The networks may know other labels, or the same under another name; and a picture may be too large for one of them.

    Args:
        predictions: Of each evaluation.
        runs: The evaluations.

    Returns:
        Both, with the same labels and radiographs in the same order; and ``labels_of_one`` and
        ``radiographs_of_one``, what was left out.

    Raises:
        DataError: they have no finding or no radiograph in common.
    """
    names = [
        [collection_names(run)[label] for label in each.labels] for each, run in zip(predictions, runs, strict=True)
    ]
    labels = [name for name in names[0] if name in names[1]]
    images = [set(each.images) for each in predictions]
    shared = images[0] & images[1]
    if not labels or not shared:
        what = "radiograph" if labels else "finding"
        raise DataError(
            f"The two evaluations have no {what} in common. Findings of the first: {', '.join(names[0])}; of the "
            f"second: {', '.join(names[1])}. Evaluate networks that know the same finding."
        )
    taken = [_taken(each, own, labels, shared) for each, own in zip(predictions, names, strict=True)]
    of_one = sorted(set(names[0]) ^ set(names[1]))
    return taken, {"labels_of_one": of_one, "radiographs_of_one": len(images[0] ^ images[1])}


def _taken(each: "Predictions", names: Sequence[str], labels: Sequence[str], images: set[str]) -> "Predictions":
    import numpy as np

    from xraykit.evaluation import Predictions

    rows = [row for row, image in enumerate(each.images) if image in images]
    place = np.ix_(rows, [names.index(label) for label in labels])
    return Predictions(
        [each.images[row] for row in rows],
        np.asarray(each.patients)[rows],
        list(labels),
        np.asarray(each.targets)[place],
        np.asarray(each.scores)[place],
    )
