"""The folds of an ensemble: the metrics of each, by networks that did not learn from its patients."""

from xraykit.config import split_text
from xraykit.report.blocks import Block, Cell, Row, Table, heads
from xraykit.report.wording import DASH, count, figure_cell, number, radiographs
from xraykit.runs import EnsembleFacts, FinishedRun, FoldLabel

_SHARED = (
    "The folds share most of their training patients: how far they are apart is no standard error, and no interval "
    "follows from it (Bengio and Grandvalet, JMLR 2004). All folds: all out-of-fold predictions together, with 95 % "
    "intervals by patient. Small: positives and negatives."
)

_IN_SAMPLE = (
    "The calibration and the thresholds of the ensemble were fitted on these predictions. ROC AUC is not affected by "
    "that; metrics of their probabilities and calls (out_of_fold in metrics.json) are too good."
)


def folds(run: FinishedRun, facts: EnsembleFacts) -> list[Block]:
    """A table with a column for each fold; nothing where all members have the same parts."""
    if facts.folds is None:
        return []
    each, whole = facts.folds.each, run.metrics.get("out_of_fold") or run.metrics
    columns = [
        *heads("Finding"),
        Cell("All folds", radiographs(whole["images"], whole.get("patients"))),
        *(Cell(f"Fold {fold.fold}", radiographs(fold.images, fold.patients)) for fold in each),
    ]
    rows = [
        Row(
            label,
            (figure_cell(whole["labels"].get(label, {}), "roc_auc"), *(_cell(fold.labels.get(label)) for fold in each)),
        )
        for label in run.labels
    ]
    means = (figure_cell(whole["macro"], "roc_auc"), *(Cell(_number(fold.macro.roc_auc)) for fold in each))
    rows.append(Row("Macro mean", means, total=True))
    span = facts.folds.roc_auc
    between = f"Macro ROC AUC of the folds: {_number(span.lowest)} to {_number(span.highest)}."
    caption = f"ROC AUC of each fold. Out-of-fold predictions, split: {split_text(whole['split'])}."
    return [Table(caption, tuple(columns), tuple(rows), (between, _SHARED, _IN_SAMPLE))]


def _cell(found: FoldLabel | None) -> Cell:
    if found is None:
        return Cell(DASH)
    return Cell(_number(found.roc_auc), f"{count(found.positives)} pos., {count(found.negatives)} neg.")


def _number(value: float | None) -> str:
    return DASH if value is None else number(value)
