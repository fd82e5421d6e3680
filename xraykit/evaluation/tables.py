"""The metrics of a part as a table: plain text for a console, Markdown for a README.

Both name part, split, radiographs and patients: a metric is meaningless without its split.
"""

from collections.abc import Mapping
from typing import Any

from xraykit.config import OUT_OF_FOLD, part_text, split_text
from xraykit.evaluation.comparisons.sources import source_remarks
from xraykit.evaluation.comparisons.verdicts import columns_in_words, judged, reasons, taken_into_account
from xraykit.evaluation.metric_table import Metric, shown_in
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS, LEAST_RESAMPLES
from xraykit.system import counted, text_table

NOT_ESTIMABLE = "not estimable"
ENOUGH_CASES = "macro, enough cases"
"""What the macro mean without the labels with few cases is called."""

_INTERVALS = "In brackets: 95 % interval over patients, where there are enough of them."


def format_metrics(metrics: Mapping[str, Any]) -> str:
    """A plain-text table (ASCII but for the names) of what :func:`xraykit.evaluation.evaluate` returns."""
    lines = text_table(_header(), _rows(metrics))
    return "\n".join([_stamp(metrics), "", *lines, "", *_notes(metrics)])


def markdown_table(metrics: Mapping[str, Any]) -> str:
    """A Markdown table of what :func:`xraykit.evaluation.evaluate` returns, with its caption above."""
    lines = [f"| {' | '.join(row)} |" for row in [_header(), *_rows(metrics)]]
    lines.insert(1, "|---" + "|---:" * (len(_header()) - 1) + "|")
    return "\n".join([f"**{_stamp(metrics)}**", "", *lines, "", " ".join(_notes(metrics))])


def _stamp(metrics: Mapping[str, Any]) -> str:
    return (
        f"{part_text(metrics['part'])}, split: {split_text(metrics['split'])}, "
        f"{counted(metrics['images'], 'radiograph')} of {counted(metrics['patients'], 'patient')}"
    )


def _notes(metrics: Mapping[str, Any]) -> list[str]:
    macro = metrics["macro"]
    mean = f"The macro mean is that of {macro['labels']} of {len(metrics['labels'])} labels"
    if macro["not_estimable"]:
        mean += f"; {NOT_ESTIMABLE} without both positives and negatives: {', '.join(macro['not_estimable'])}"
    return [f"{mean}.", *few_cases(metrics), _abbreviations(), _INTERVALS, *_warnings(metrics), _conventions(metrics)]


def few_cases(metrics: Mapping[str, Any]) -> list[str]:
    """Which labels have few patients, and the effect on the macro mean and the intervals, as sentences."""
    few, sentences = metrics["macro"].get("few_cases", ()), []
    if few:
        counts = [f"{label} ({_patients(metrics['labels'][label])})" for label in few]
        sentences.append(
            f"Fewer than {ENOUGH_PATIENTS} patients with a positive or with a negative, so the metrics are "
            f"imprecise: {', '.join(counts)}. The macro mean contains them; '{ENOUGH_CASES}' is the mean without them."
        )
    reasons = {reason for values in metrics["labels"].values() for reason in (values.get("no_interval") or {}).values()}
    if "few_resamples" in reasons:
        sentences.append(
            f"The average precision has no interval: it needs {LEAST_RESAMPLES} resamples (evaluation.resamples)."
        )
    return sentences


def _patients(values: Mapping[str, Any]) -> str:
    return f"{values['positive_patients']} with, {values['negative_patients']} without"


def _conventions(metrics: Mapping[str, Any]) -> str:
    """How thresholds and probabilities were determined."""
    rules: dict[str, list[str]] = {}
    if all(values["threshold"] is None for values in metrics["labels"].values()):
        return "No label has a threshold."
    for label, values in metrics["labels"].items():
        if "operating_point" in values:
            rules.setdefault(values["operating_point"]["rule"], []).append(label)
    named = [rule if len(rules) == 1 else f"{rule}: {', '.join(labels)}" for rule, labels in rules.items()]
    fitted_on = str((metrics.get("calibration") or {}).get("fitted_on", ""))
    out_of_fold = fitted_on.startswith("out-of-fold")
    where, it = ("out-of-fold predictions", "them") if out_of_fold else ("the validation part", "it")
    sentence = f"Thresholds were chosen on {where}" + (f" ({'; '.join(named)})" if named else "")
    if "calibration" in metrics:
        method = metrics["calibration"]["method"]
        sentence += (
            ", on probabilities that are not calibrated"
            if method == "none"
            else f", on probabilities that were calibrated on {it} ({method})"
        )
    if metrics["part"] == OUT_OF_FOLD:
        sentence += "; as these are the same radiographs, metrics of calls and probabilities are too good here"
    return f"{sentence}."


def _warnings(metrics: Mapping[str, Any]) -> list[str]:
    """Warnings about the metrics."""
    warnings = []
    interval = metrics["macro"]["roc_auc_interval"]
    if interval is not None and interval[0] <= 0.5 <= interval[1]:
        warnings.append("The macro ROC AUC cannot be distinguished from chance: the interval contains 0.5.")
    if interval is None and metrics["macro"]["roc_auc"] is not None:
        warnings.append("The macro ROC AUC has no interval: its uncertainty is unknown.")
    shortcuts = metrics.get("shortcuts")
    not_shown = judged(shortcuts, "not_shown")
    if not_shown:
        known = columns_in_words(taken_into_account(shortcuts))
        warnings.append(
            f"No evidence that the model outperforms {known}, possibly for lack of cases: {', '.join(not_shown)}."
        )
    for reason, labels in reasons(shortcuts).items():
        warnings.append(f"Not compared with sex, age and view position: {', '.join(labels)}. {reason}")
    if metrics.get("sources"):
        warnings += source_remarks(metrics["sources"])
    return [*warnings, *_without(metrics)]


def _without(metrics: Mapping[str, Any]) -> list[str]:
    """Labels without probabilities, calibration or threshold."""
    labels, notes = metrics["labels"], []
    untrained = [label for label, values in labels.items() if not values.get("trained", True)]
    if untrained:
        notes.append(
            f"Not trained, because the training part has no positives or no negatives; no probabilities: "
            f"{', '.join(untrained)}."
        )
    trained = [label for label in labels if label not in untrained]
    uncalibrated = [label for label in trained if not labels[label].get("calibrated", True)]
    if uncalibrated and metrics.get("calibration", {}).get("method") != "none":
        notes.append(f"Not calibrated: {', '.join(uncalibrated)}.")
    without_threshold = [
        label for label in trained if labels[label].get("operating_point") and labels[label]["threshold"] is None
    ]
    if without_threshold:
        notes.append(f"Without a threshold: {', '.join(without_threshold)}.")
    return notes


def _rows(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = [(label, *_cells(values)) for label, values in metrics["labels"].items()]
    rows.append(("macro mean", *_mean_cells(metrics["macro"])))
    if metrics["macro"].get("few_cases"):
        rows.append((ENOUGH_CASES, *_mean_cells(metrics["macro_enough_cases"])))
    return rows


def _columns() -> tuple[list[Metric], list[Metric]]:
    """The metrics of ranking, which have intervals and means here, and those at the threshold."""
    shown = shown_in("console")
    return [each for each in shown if each.kind == "rank"], [each for each in shown if each.kind != "rank"]


def _header() -> tuple[str, ...]:
    ranked, called = ([metric.heading for metric in metrics] for metrics in _columns())
    return ("label", *ranked, "threshold", *called, "pos.", "neg.")


def _abbreviations() -> str:
    short = [f"{metric.heading}: {metric.title}" for metric in shown_in("console") if metric.heading != metric.title]
    return f"{'; '.join(short)}; pos., neg.: number of positives and negatives; -: {NOT_ESTIMABLE}."


def _mean_cells(means: Mapping[str, Any]) -> list[str]:
    cells = [_with_interval(means, metric.name) for metric in _columns()[0]]
    return cells + [""] * (len(_header()) - 1 - len(cells))


def _cells(values: Mapping[str, Any]) -> list[str]:
    ranked, called = _columns()
    return [
        *[_with_interval(values, metric.name) for metric in ranked],
        _number(values["threshold"], ".3g"),
        *[_number(values.get(metric.name), ".3f") for metric in called],
        str(values["positives"]),
        str(values["negatives"]),
    ]


def _with_interval(values: Mapping[str, Any], name: str) -> str:
    value, interval = values[name], values[f"{name}_interval"]
    if value is None:
        return NOT_ESTIMABLE
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
