"""The cases of a finished run: the radiographs of its test part."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Experiment, part_text
from xraykit.data import examination_of, load_boxes
from xraykit.errors import DataError
from xraykit.review.cases import Case, Cases, Picture, as_number, natural
from xraykit.runs import FinishedRun
from xraykit.worklist import radiographs_of

_FACTS = ("view", "sex", "age")


def cases_of_run(
    run: FinishedRun, plugins: Sequence[str | Path] = (), data_roots: Sequence[str] = ()
) -> tuple[Cases, Experiment]:
    """The radiographs that the metrics of a run are of, with its predictions; and its experiment.

    Args:
        run: The run.
        plugins, data_roots: See :func:`xraykit.worklist.radiographs_of`.

    Raises:
        DataError: the radiographs are not available, or a file of the run is damaged.
    """
    experiment, path_of = radiographs_of(run, plugins, data_roots)
    part, rule = run.summary.part, run.decision_rule()
    table = run.predictions()
    table = table[table["part"] == part].reset_index(drop=True)
    missing = set(table["image"]) - set(path_of)
    if missing:
        raise DataError(
            f"{len(missing)} of the run's radiographs no longer exist, such as {min(missing)}. Restore them, or name "
            f"the folder that they were moved to with --data-root."
        )
    labels = rule.labels
    pictures = [_picture(row, path_of[row["image"]]) for row in table.to_dict("records")]
    given = table[list(labels)].to_numpy(np.float64)
    probabilities = table[[f"{label}_probability" for label in labels]].to_numpy(np.float64)
    cases = Cases(
        title=f"{run.short_path}: {part_text(part).lower()}",
        labels=labels,
        thresholds=rule.thresholds,
        uncalibrated=frozenset(rule.uncalibrated),
        cases=tuple(
            Case(image, number, given[number], probabilities[number]) for number, image in enumerate(table["image"])
        ),
        pictures=tuple(pictures),
        boxes=load_boxes(experiment.data).of,
        hidden_names=experiment.data.patient_ids == "hash",
        part=part,
    )
    return cases, experiment


def _picture(row: dict[Any, Any], path: str) -> Picture:
    facts = {name: row[name] for name in _FACTS if name in row and not pd.isna(row[name])}
    name, age = natural(str(row["image"])), as_number(row.get("age"))
    examination = examination_of(path) if path.lower().endswith((".dcm", ".dicom")) else None
    if examination and examination.taken:
        return Picture(path, str(row["patient"]), facts, (examination.taken, name), "date")
    # A number in the names of one patient's files, such as NIH's follow-up number, counts the visits.
    return Picture(path, str(row["patient"]), facts, ("", age if age is not None else -1.0, name), "age and file name")
