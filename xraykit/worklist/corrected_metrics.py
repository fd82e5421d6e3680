"""The metrics of a run, computed again with corrected labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from xraykit.config import part_text, split_text
from xraykit.evaluation import shown_in
from xraykit.evaluation.predictions import assess
from xraykit.runs import KEY, FinishedRun, RunFolder, write_predictions
from xraykit.system import counted, named_rows
from xraykit.worklist.files import new_folder
from xraykit.worklist.review import Corrections, apply_corrections

WARNING = (
    "Reviewing only the cases in which model and label disagree favours the model. Cases in which both are wrong in "
    "the same way are not reviewed, so that corrections remove errors of the model but never add any. These metrics "
    "are therefore not comparable with those from the labels as given, nor with those of another model. To measure a "
    "model, have a random sample of the test part reviewed, by readers who see neither label nor model."
)

_NOT_COMPUTED = "Not computed again with corrected labels; see the run itself."


@dataclass(frozen=True)
class CorrectedMetrics:
    """Metrics with corrected labels.

    Attributes:
        metrics: As in ``metrics.json``, stamped in ``split`` and ``review``.
        predictions: The table of predictions with corrected labels.
        corrections: What the review decided.
    """

    metrics: dict[str, Any]
    predictions: pd.DataFrame
    corrections: Corrections

    def write(self, target: RunFolder) -> None:
        """Write ``predictions.csv``, ``corrections.csv`` and ``metrics.json``: the complete folder or nothing.

        Raises:
            DataError: the disk is full or the folder cannot be written.
        """
        with new_folder(target.path) as folder:
            written = write_predictions(folder.predictions, self.predictions)
            folder.write_table(folder.path / "corrections.csv", self.corrections.table)
            folder.write_metrics({**self.metrics, KEY: written})


def metrics_with_corrections(run: FinishedRun, corrections: Corrections) -> CorrectedMetrics:
    """The metrics of the test part with corrected labels; operating points and calibration do not change.

    Nothing that the run's experiment names is imported.

    Raises:
        ExperimentError: the run's ``experiment.yaml`` is not one of this version.
        CheckpointError: it was changed since the run.
        DataError: the table of predictions is invalid.
    """
    predictions = apply_corrections(run.predictions(), corrections)
    amended = "; ".join(filter(None, (run.split.amended, corrections.stamp)))
    split = run.split.model_copy(update={"amended": amended})
    experiment = run.experiment()
    rule, settings, part = run.decision_rule(), experiment.evaluation, run.summary.part
    metrics = assess(predictions, rule, settings, split, seed=experiment.seed, part=part)
    kept: dict[str, Any] = {
        name: run.metrics[name] for name in ("validation", "fingerprints", "study") if name in run.metrics
    }
    replaced: dict[str, Any] = {
        "data_fingerprint": corrections.fingerprint(str(run.metrics.get("data_fingerprint"))),
        "published": [],
        "published_why": "Published results are from labels as given; these labels were corrected.",
        "shortcuts": None,
        "shortcuts_why": _NOT_COMPUTED,
        "localisation": None,
        "localisation_why": _NOT_COMPUTED,
        "review": {
            "stamp": corrections.stamp,
            "warning": WARNING,
            "run": run.short_path,
            "radiographs": corrections.radiographs,
            "decisions": len(corrections.table),
            "changed": len(corrections.changed),
        },
    }
    if run.metrics.get("sources"):
        replaced |= {"sources": None, "sources_why": _NOT_COMPUTED}
    return CorrectedMetrics({**metrics, **kept, **replaced}, predictions, corrections)


def before_and_after(run: FinishedRun, corrected_metrics: CorrectedMetrics) -> str:
    """Metrics with the labels as given and as corrected, as plain text, with the warning."""
    changed, before, after = corrected_metrics.corrections.changed, run.metrics, corrected_metrics.metrics
    rows = {
        label: {
            "to 1": str(int(((changed["label"] == label) & (changed["corrected"] == 1)).sum())),
            "to 0": str(int(((changed["label"] == label) & (changed["corrected"] == 0)).sum())),
            **_row(before["labels"][label], after["labels"][label]),
        }
        for label in after["labels"]
    }
    rows["macro mean"] = {"to 1": "", "to 0": "", **_row(before["macro"], after["macro"])}
    decisions = len(corrected_metrics.corrections.table)
    return "\n".join(
        [
            f"{part_text(after['part'])}, split: {split_text(after['split'])}, "
            f"{counted(after['images'], 'radiograph')} of {counted(after['patients'], 'patient')}",
            f"{decisions} decisions, of which {len(changed)} change a label and {decisions - len(changed)} confirm it.",
            "",
            *named_rows(rows),
            "",
            "to 1, to 0: labels corrected to present and to absent; before -> after, with 95 % intervals of after.",
            *([f"Metrics of each source: {after['sources_why']}"] if "sources_why" in after else []),
            f"Warning: {WARNING}",
        ]
    )


def _row(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    return {
        each.heading: _change(before.get(each.name), after[each.name], after[f"{each.name}_interval"])
        for each in shown_in("worklist")
    }


def _change(before: float | None, after: float | None, interval: list[float] | None) -> str:
    values = ["not estimable" if value is None else f"{value:.3f}" for value in (before, after)]
    around = f" ({interval[0]:.3f}-{interval[1]:.3f})" if interval else ""
    return values[0] if values == ["not estimable"] * 2 else f"{values[0]} -> {values[1]}{around}"
