"""What `--check` found, as plain values for a program."""

from typing import TYPE_CHECKING, Any

import numpy as np

from xraykit.config import Experiment

if TYPE_CHECKING:
    from xraykit.data import Catalog, Parts, PictureCheck


def check_values(experiment: Experiment, parts: "Parts", check: "PictureCheck") -> dict[str, Any]:
    """The experiment, its data and its pictures as plain values.

    Args:
        experiment: The experiment.
        parts: All parts, none sealed.
        check: Of the picture files.
    """
    train = parts.catalog_of("train")
    return {
        "experiment": experiment.shown(),
        "changed": experiment.shown(everything=False),
        "label_file": str(train.source),
        "label_file_sha256": train.label_file_sha256,
        "rows_without_image": train.missing_images,
        "split": str(parts.split),
        "labels": list(parts.labels),
        "parts": {part: _part_values(parts.catalog_of(part)) for part in ("train", "validation", "test")},
        "pictures": {"decoded": check.decoded, "of": check.of, "unreadable": list(check.unreadable)},
        "duplicates": check.duplicates.as_values(),
    }


def _part_values(catalog: "Catalog") -> dict[str, Any]:
    targets = catalog.targets()
    return {
        "radiographs": len(catalog),
        "patients": int(catalog.table["patient"].nunique()),
        "positives": dict(zip(catalog.labels, (targets == 1).sum(axis=0).tolist(), strict=True)),
        "unknown": dict(zip(catalog.labels, np.isnan(targets).sum(axis=0).tolist(), strict=True)),
    }
