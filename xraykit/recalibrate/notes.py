"""What the reader of a recalibration must know, in sentences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit.bundle import Contamination, describe_contamination
from xraykit.evaluation import FOLDS
from xraykit.recalibrate.recalibration import Recalibration
from xraykit.recalibrate.scoring import Scored
from xraykit.runs import FinishedRun, RunFolder, read_predictions
from xraykit.system import counted

_PREVALENCE = (
    "The prevalence of the sample is fitted too. The sample must be representative of the patients: one enriched with "
    "positives makes all probabilities too high."
)
_HONEST = (
    f"before: the old decision rule. after: {FOLDS}-fold cross-fitting over patients, where each patient is scored by "
    f"a fit without it; the decision rule that is written is fitted on all of them."
)
_ORDER = (
    "ROC AUC: a rising calibration keeps the order of the radiographs, so that it does not change; isotonic steps make "
    "ties. What recalibration improves is O/E, Brier score and ECE, and where the calls are made."
)
_AGAIN = (
    "With the new decision rule these radiographs are no longer an external validation: evaluate it on others from "
    "the same place."
)
_NOTHING = (
    "No label can be fitted again on this sample: the network keeps its decision rule, and no new one is written. Take "
    "a larger sample. The metrics are those of the old decision rule."
)
_OWN_PATIENTS = (
    "The sample names no patients: each radiograph counts as its own patient. If patients have several, the intervals "
    "are too narrow and the metrics after recalibration too good. Add a column patient."
)


def known_predictions(run: Path) -> pd.DataFrame | None:
    """The run's table of predictions; None where the network came without it.

    Raises:
        DataError: the table cannot be read, or is not the one that the run wrote.
    """
    files = RunFolder(run)
    if not files.predictions.is_file():
        return None
    return FinishedRun.open(run).predictions() if files.metrics.is_file() else read_predictions(files.predictions)


def notes(
    recalibration: Recalibration,
    scored: Scored,
    met: Mapping[str, int] | None,
    before: Contamination | None = None,
) -> list[str]:
    """Sentences beside the table of metrics, the most important first."""
    sample = scored.sample
    sentences = [_HONEST, _ORDER, _PREVALENCE] if recalibration.refitted else [_NOTHING]
    sentences += [_kept(label, each) for label, each in recalibration.labels.items() if not each["refitted"]]
    unstable = [label for label, each in recalibration.labels.items() if each["failed_folds"]]
    if unstable:
        sentences.append(
            f"Unstable: {', '.join(unstable)}. Without some of the patients no fit was possible; for them the metrics "
            f"after use the old decision rule. The network hardly separates positives from negatives in this sample."
        )
    sentences += [] if sample.patients_known else [_OWN_PATIENTS]
    sentences += _overlap(met, before)
    if scored.broken:
        sentences.append(f"{counted(len(scored.broken), 'radiograph')} could not be read; left out.")
    if scored.flagged:
        names = ", ".join(sorted({name for flags in scored.flagged.values() for name in flags.split(";")}))
        sentences.append(
            f"Radiographs flagged as unlike those of the training part: {len(scored.flagged):,} ({names}). They were "
            f"used; check them: recalibration.json lists them."
        )
    if sample.unread:
        sentences.append(f"Columns that are no label of the network were not read: {', '.join(sample.unread)}.")
    if recalibration.refitted:
        sentences.append(_AGAIN)
    return sentences


def _kept(label: str, each: Mapping[str, Any]) -> str:
    if not each["trained"]:
        return f"{label} has no probabilities: {each['reason']}"
    state = "its old calibration" if each["calibrated"] else "uncalibrated probabilities"
    point = "no operating point" if each["threshold"] is None else "its old operating point"
    return f"{label} keeps {state} and {point}: {each['reason']}"


def _overlap(met: Mapping[str, int] | None, before: Contamination | None) -> list[str]:
    if before is not None and before.recorded:
        text = describe_contamination(before, "of the sample")
        unknown = f"Warning: {text}" if before.met else text
    else:
        unknown = "Whether the sample contains radiographs of the training part is unknown: nothing is recorded of it."
    if met is None:
        return [
            "The network came without its run's predictions.csv, so it is unknown whether the sample contains "
            "radiographs that it was trained, fitted or tested on. Metrics of such radiographs are too good.",
            *([unknown] if unknown and before is not None and before.recorded else []),
        ]
    why = {
        "validation": "on which the old decision rule was fitted: the metrics before are too good",
        "test": "whose radiographs are no longer unseen once this decision rule is used",
        "recalibration": "on which the old decision rule was fitted: the metrics before are too good",
    }
    warnings = [
        f"Warning: the sample has {counted(number, 'name')} of the run's {part} part, "
        f"{why.get(part, 'as its predictions.csv shows')}."
        for part, number in met.items()
    ]
    return [*warnings, *([unknown] if unknown else [])]
