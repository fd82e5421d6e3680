"""Labels that a part has no positive of: they cannot be learnt, calibrated or measured there."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xraykit.data import Parts

_PART = {"train": "training", "validation": "validation", "test": "test"}
_MEANING = {
    "train": "cannot be learnt and will have no probability",
    "validation": "gets no threshold and no calibration",
    "test": "has no ROC AUC and no sensitivity",
}


def missing_positives(parts: "Parts") -> dict[str, tuple[str, ...]]:
    """Each label without a positive in one of the parts, with the names of these parts.

    Args:
        parts: All parts, none sealed.
    """
    # The networks of all folds together have no validation part, and perhaps no test part.
    used = [part for part in _PART if parts.sizes[part] or not parts.split.all_folds]
    positives = {part: (parts.catalog_of(part).targets() == 1).sum(axis=0) for part in used}
    empty = {
        label: tuple(part for part, counts in positives.items() if not counts[index])
        for index, label in enumerate(parts.labels)
    }
    return {label: names for label, names in empty.items() if names}


def describe_missing(label: str, empty: "Sequence[str]", total: int) -> str:
    """A sentence about such a label: what follows, and what to do.

    Args:
        label: Its name.
        empty: The parts without a positive.
        total: Its positives in all parts.
    """
    named = f"the {' and the '.join(map(_PART.__getitem__, empty))} part, of {total:,} in all"
    # Of a label that is not learnt, the rest follows.
    follows = [_MEANING["train"]] if "train" in empty else [_MEANING[part] for part in empty]
    return (
        f"{label} has no positive in {named if total else 'any part'}: it {' and '.join(follows)}. Use more data, "
        f"larger shares or another seed of data.split, or leave it out of data.labels."
    )
