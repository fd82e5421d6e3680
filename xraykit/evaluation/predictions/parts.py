"""What the data of a run were: counts of each part, and what was left out."""

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import SOURCE
from xraykit.data import Catalog, Parts, Unreadable, reading_facts, unreadable_facts
from xraykit.evaluation import too_few_patients, untrained_labels
from xraykit.evaluation.predictions.sources import source_warnings


def data_facts(parts: Parts, unreadable: Sequence[Unreadable] = ()) -> dict[str, Any]:
    """The content of ``data.json``: plain values, without any patient's name or number.

    So files, whose names often begin with one, are counted only: ``data.json`` goes to the tracker. The log names them.

    Args:
        parts: All parts, none sealed.
        unreadable: Radiographs that were left out.
    """
    # The networks of all folds together have no validation part, and perhaps nobody is held out.
    used = [part for part in ("train", "validation", "test") if parts.sizes[part] or not parts.split.all_folds]
    catalogs = {part: parts.catalog_of(part) for part in used}
    source = catalogs["train"]
    return {
        "label_file": source.source,
        "label_file_sha256": source.label_file_sha256,
        "image_list_sha256": parts.image_list_sha256,
        "split": parts.split.as_values(),
        "fingerprint": parts.fingerprint,
        "missing_images": source.missing_images,
        "unreadable": unreadable_facts(unreadable),
        **reading_facts(source),
        "parts": {part: _facts(catalog) for part, catalog in catalogs.items()},
    }


def label_warnings(parts: Parts, min_patients: int, *, except_of: Container[str] = ()) -> list[str]:
    """What can be known before training of labels that will have no probability, no calibration or no threshold.

    Args:
        parts: All parts; the test part may be sealed.
        min_patients: ``evaluation.min_positive_patients``.
        except_of: Labels that are reported otherwise.

    Returns:
        A sentence for each such label; of several sources, also those of :func:`.source_warnings`.
    """
    # The networks of all folds together have no validation part: all their patients are predicted out of fold.
    fitted = parts.catalog_of("train" if parts.split.all_folds else "validation")
    where = "the out-of-fold predictions" if parts.split.all_folds else "the validation part"
    patients, targets = fitted.table["patient"].to_numpy(), fitted.targets()
    untrained = untrained_labels(parts.catalog_of("train").training_targets(), parts.labels)
    warnings = [
        f"{label} will have no probability. {reason}" for label, reason in untrained.items() if label not in except_of
    ]
    for label, column in zip(parts.labels, targets.T, strict=True):
        few = too_few_patients(column, patients, min_patients)
        if few is not None and label not in untrained and label not in except_of:
            warnings.append(
                f"{label} will be neither calibrated nor have a threshold (evaluation.min_positive_patients), from "
                f"{where}. {few}"
            )
    return [*warnings, *source_warnings(parts.catalog_of("train"))]


def _facts(catalog: Catalog) -> dict[str, Any]:
    table, targets = catalog.table, catalog.targets()
    ages = table["age"].to_numpy(np.float64)
    known = ages[~np.isnan(ages)]
    age = {
        "median": float(np.median(known)) if len(known) else None,
        "low": float(known.min()) if len(known) else None,
        "high": float(known.max()) if len(known) else None,
        "unknown": int(np.isnan(ages).sum()),
    }
    labels = {
        label: {
            "positives": int(np.count_nonzero(column == 1)),
            "negatives": int(np.count_nonzero(column == 0)),
            "unknown": int(np.count_nonzero(np.isnan(column))),
        }
        for label, column in zip(catalog.labels, targets.T, strict=True)
    }
    return {
        "images": len(table),
        "patients": int(table["patient"].nunique()),
        "sex": _counts(table["sex"]),
        "age": age,
        "view": _counts(table["view"]),
        **({SOURCE: _counts(table[SOURCE])} if catalog.sources else {}),
        "labels": labels,
    }


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in column.fillna("unknown").value_counts().sort_index().items()}
