"""Labels that a part has no positive of: they cannot be learnt, calibrated or measured there."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xraykit.data import Parts

_MEANING = {
    "train": "cannot be learnt",
    "validation": "gets no threshold and no calibration",
    "test": "has no ROC AUC and no sensitivity",
}


def missing_positives(parts: "Parts") -> list[str]:
    """A sentence for each label without a positive in one of the parts: what follows, and what to do.

    Args:
        parts: All parts, none sealed.
    """
    positives = {part: (parts.catalog_of(part).targets() == 1).sum(axis=0) for part in _MEANING}
    sentences = []
    for index, label in enumerate(parts.labels):
        empty = [part for part, counts in positives.items() if not counts[index]]
        if empty:
            total = int(np.sum([counts[index] for counts in positives.values()]))
            follows = " and ".join(_MEANING[part] for part in empty)
            sentences.append(
                f"{label} has no positive in the {' and the '.join(empty)} part, of {total:,} in all: it {follows}. "
                f"Use more data, larger shares or another seed of data.split, or leave it out of data.labels."
            )
    return sentences
