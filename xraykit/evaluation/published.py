"""Published results, for the test part they were measured on: never printed beside a metric of another one."""

import hashlib
from collections.abc import Sequence
from typing import Any

from xraykit.config import SplitRecord
from xraykit.registry import PublishedResults


def published_figures(
    results: Sequence[PublishedResults], split: SplitRecord, labels: Sequence[str], images: Sequence[str]
) -> tuple[list[dict[str, Any]], str | None]:
    """Published ROC AUCs of the same test part.

    Args:
        results: Those of the data format.
        split: How the parts came about.
        labels: The labels that were learnt.
        images: Names of the radiographs of the test part, which must be those of the publication: a list of the same
            name and length may contain others.

    Returns:
        The results, each ``name``, ``split``, ``labels`` (label to ROC AUC) and ``macro`` (of all labels of the
        collection, None if not all were learnt); and why there are none, as a sentence, or None.
    """
    if not results:
        return [], "No published results are known for this data format."
    # With folds, the official test list may be what is held out.
    official = split.method == "official" or split.held_out == "official"
    if not official or split.amended:
        return [], f"Published results of the official split are not shown: this run has another split ({split})."
    digest = hashlib.sha256("\n".join(sorted(images)).encode()).hexdigest()
    same = [each for each in results if each.images_sha256 == digest]
    if same:
        return [_shown(each, labels) for each in same], None
    sizes = sorted({each.images for each in results})
    if len(images) not in sizes:
        counts = " or ".join(f"{size:,}" for size in sizes)
        return [], (
            f"Published results are of all {counts} radiographs of the official test list; this run's test part has "
            f"{len(images):,} radiographs, so that a comparison would mislead."
        )
    return [], (
        "Published results are not shown: the test part has as many radiographs as the official test list, but not the "
        "same ones. The test list of this run is not the official one."
    )


def _shown(results: PublishedResults, labels: Sequence[str]) -> dict[str, Any]:
    shared = {label: results.roc_auc[label] for label in labels if label in results.roc_auc}
    macro = results.macro_roc_auc if set(labels) == set(results.macro_labels or results.roc_auc) else None
    return {"name": results.name, "split": results.split, "labels": shared, "macro": macro}
