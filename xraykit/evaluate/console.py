"""An external validation as plain text."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.runs import FinishedEvaluation
from xraykit.system import counted, named_rows

_NOT_ESTIMABLE = "not estimable"


def console_text(evaluation: FinishedEvaluation) -> str:
    """Metrics of each finding beside those of the run's test part, and the warnings."""
    facts, metrics = evaluation.facts, evaluation.metrics
    head = (
        f"External validation of {facts.network.run} on {facts.name}: {counted(metrics['images'], 'radiograph')} of "
        f"{counted(metrics['patients'], 'patient')}. Nothing was fitted on them."
    )
    rows = {label: _row(evaluation, label) for label in evaluation.labels}
    rows[f"mean of {len(facts.common.labels)}"] = _mean(evaluation)
    common = facts.common
    enough = "enough cases" if common.enough_cases else "a ROC AUC"
    notes = [
        f"mean of {len(common.labels)}: {', '.join(common.labels)}, those with {enough} on both sides.",
        "ext.: this collection; int.: the run's own test part. O/E: observed against expected positives, below 1 the "
        "probabilities are too high.",
        "In brackets: 95 % intervals over patients, not adjusted for the number of findings.",
    ]
    checked = facts.input_check
    notes.append(f"Flagged as unlike the training pictures: {checked.flagged:,} ({100 * checked.share:.1f} %).")
    if facts.internal is None:
        notes.append(facts.internal_why or "")
    return "\n".join(
        [head, "", *named_rows(rows), "", *notes, *(f"Warning: {sentence}" for sentence in facts.warnings)]
    )


def _row(evaluation: FinishedEvaluation, label: str) -> dict[str, str]:
    figures, facts = evaluation.metrics["labels"][label], evaluation.facts
    inside = (evaluation.metrics["evaluation"]["internal"] or {}).get("labels", {}).get(label, {})
    large = facts.calibration_in_the_large[label]
    return {
        "pos.": f"{figures['positives']}",
        "neg.": f"{figures['negatives']}",
        "ROC AUC ext.": _with_interval(figures, "roc_auc"),
        "int.": _number(inside.get("roc_auc")),
        "ext. - int.": _signed(facts.differences.get(label)),
        "O/E": _number(large.observed_expected, 2) + _span(large.observed_expected_interval, 2),
        "sens.": _number(figures["sensitivity"]),
        "spec.": _number(figures["specificity"]),
    }


def _mean(evaluation: FinishedEvaluation) -> dict[str, str]:
    common = evaluation.facts.common
    blank = dict.fromkeys(("pos.", "neg."), "")
    return {
        **blank,
        "ROC AUC ext.": _with_interval(common.external, "roc_auc"),
        "int.": _number((common.internal or {}).get("roc_auc")),
        "ext. - int.": _signed(common.difference),
        **dict.fromkeys(("O/E", "sens.", "spec."), ""),
    }


def _signed(difference: Mapping[str, Any] | None) -> str:
    value = (difference or {}).get("roc_auc_difference")
    if difference is None or value is None:
        return "-"
    interval = difference["roc_auc_difference_interval"]
    around = f" ({interval[0]:+.3f} to {interval[1]:+.3f})" if interval else ""
    return f"{value:+.3f}{around}"


def _with_interval(figures: Mapping[str, Any], name: str) -> str:
    value = figures.get(name)
    return _NOT_ESTIMABLE if value is None else _number(value) + _span(figures.get(f"{name}_interval"))


def _span(interval: Sequence[float] | None, digits: int = 3) -> str:
    return f" ({interval[0]:.{digits}f}-{interval[1]:.{digits}f})" if interval else ""


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
