"""Metrics and settings of several runs, one or two columns each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xraykit.config import part_text, read_yaml
from xraykit.evaluation import Metric, shown_in
from xraykit.report.blocks import Block, Cell, Missing, Row, Section, Table, heads
from xraykit.report.figures.sparklines import Scale, interval_bar, roc_auc_scale
from xraykit.report.wording import (
    DASH,
    between,
    ece_cell,
    figure_cell,
    listed,
    macro_means,
    number,
    percent,
    rule_name,
    scale_head,
    small_number,
    with_interval,
)
from xraykit.runs import FinishedRun

Figures = Mapping[str, Any]


def side_by_side(runs: Sequence[FinishedRun], names: Sequence[str]) -> list[Section]:
    """The sections of a comparison: ranking, operating points, calibration, and the settings that differ."""
    scale = roc_auc_scale(
        each for run in runs for each in (*run.metrics["labels"].values(), *macro_means(run.metrics).values())
    )
    bars = [head for name in names for head in (Cell(name), scale_head(scale, "chance, 0.5"))]
    roc_auc = _table("ROC AUC", runs, heads("Finding", *bars), _with_bar(scale))
    precision = _table("Average precision", runs, heads("Finding", *names), _precision)
    joint = shown_in("compare operating points")
    points = _table(_joined(metric.title for metric in joint), runs, heads("Finding", *names), _point(joint))
    others = [_table(each.title, runs, heads("Finding", *names), _metric(each)) for each in shown_in("compare")]
    return [
        Section("roc-auc", "ROC AUC", [roc_auc]),
        Section("average-precision", "Average precision", [precision]),
        Section("operating-points", "Operating points", [points, *others]),
        Section("calibration", "Calibration", [_calibration(runs, names)]),
        Section("settings", "Settings that differ", [_settings(runs, names)]),
    ]


def _table(
    title: str, runs: Sequence[FinishedRun], columns: tuple[Cell, ...], cells: Callable[[Figures | None], list[Cell]]
) -> Table:
    """A row for each finding of any run, and the macro means."""
    rows = []
    for label in _labels(runs):
        rows.append(Row(label, tuple(cell for run in runs for cell in cells(run.metrics["labels"].get(label)))))
    means_of = [macro_means(run.metrics) for run in runs]
    for name in dict.fromkeys(name for means in means_of for name in means):
        rows.append(Row(name, tuple(cell for means in means_of for cell in cells(means.get(name))), total=True))
    few = listed(list(dict.fromkeys(label for run in runs for label in run.metrics["macro"].get("few_cases", ()))))
    notes = (f"With few cases, and left out of the second mean: {few}.",) if few else ()
    return Table(f"{title}. {_stamps(runs)}", columns, tuple(rows), notes)


def _labels(runs: Sequence[FinishedRun]) -> list[str]:
    return list(dict.fromkeys(label for run in runs for label in run.labels))


def _stamps(runs: Sequence[FinishedRun]) -> str:
    stamps = list(dict.fromkeys(f"{part_text(str(run.metrics['part']))}, split: {run.split}" for run in runs))
    return f"Of different parts: {'; '.join(stamps)}." if stamps[1:] else f"{stamps[0][:1].upper()}{stamps[0][1:]}."


def _with_bar(scale: Scale) -> Callable[[Figures | None], list[Cell]]:
    def cells(figures: Figures | None) -> list[Cell]:
        if figures is None:
            return [Cell(DASH), Cell()]
        words = f"ROC AUC {with_interval(figures, 'roc_auc')}"
        bar = interval_bar(figures["roc_auc"], figures.get("roc_auc_interval"), words, scale)
        return [figure_cell(figures, "roc_auc"), Cell(bar=bar)]

    return cells


def _precision(figures: Figures | None) -> list[Cell]:
    if figures is None:
        return [Cell(DASH)]
    cell = figure_cell(figures, "average_precision")
    known = figures.get("positives", 0) + figures.get("negatives", 0)
    prevalence = f"prevalence {percent(figures['positives'] / known)}" if known else ""
    return [replace(cell, small=prevalence)]


def _point(metrics: Sequence[Metric]) -> Callable[[Figures | None], list[Cell]]:
    """Several metrics at the operating point in one cell, with the rule and the threshold."""

    def cells(figures: Figures | None) -> list[Cell]:
        if figures is None or any(figures.get(metric.name) is None for metric in metrics):
            return [Cell(DASH)]
        around = [between(figures.get(f"{metric.name}_interval"), 2) for metric in metrics]
        lines = []
        if "threshold" in figures:
            rule = rule_name((figures.get("operating_point") or {}).get("rule"))
            lines.append(f"{rule}, threshold {small_number(figures['threshold'])}")
        interval = " and ".join(around) if all(around) else ""
        shown = " and ".join(number(figures[metric.name], 2) for metric in metrics)
        return [Cell(shown, "\n".join(lines), interval=interval)]

    return cells


def _metric(metric: Metric) -> Callable[[Figures | None], list[Cell]]:
    return lambda figures: [figure_cell(figures or {}, metric.name)]


def _joined(titles: Iterable[str]) -> str:
    """Titles as one, such as "Sensitivity and specificity"."""
    return " and ".join(titles).capitalize()


def _calibration(runs: Sequence[FinishedRun], names: Sequence[str]) -> Table:
    def cell(run: FinishedRun, label: str) -> Cell:
        each = (run.metrics.get("calibration") or {}).get("labels", {}).get(label)
        if each is None:
            return Cell(DASH)
        shown = ece_cell(each["after"])
        return (
            shown
            if each["method"] != "none"
            else Cell(shown.text, "\n".join(filter(None, [shown.small, "not calibrated"])), shown.mark)
        )

    rows = tuple(Row(label, tuple(cell(run, label) for run in runs)) for label in _labels(runs))
    notes = (
        "Below each ECE: the limit that perfectly calibrated probabilities stay within in 95 % of samples. Of two "
        "below it, neither has been shown to be better.",
        "A dash: the run does not have this finding, or is from a version that did not measure calibration.",
    )
    return Table(f"ECE after calibration. {_stamps(runs)}", heads("Finding", *names), rows, notes)


def _settings(runs: Sequence[FinishedRun], names: Sequence[str]) -> Block:
    """The settings that differ between the experiments."""
    texts = [run.experiment_text() for run in runs]
    lacking = [name for name, text in zip(names, texts, strict=True) if text is None]
    if lacking:
        return Missing(f"The settings cannot be compared: {listed(lacking)} has no experiment.yaml.")
    files = [str(run.files.experiment) for run in runs]
    given = [dict(_flat(read_yaml(text or "", file).values)) for text, file in zip(texts, files, strict=True)]
    rows = []
    for path in dict.fromkeys(path for settings in given for path in settings):
        values = [settings.get(path, DASH) for settings in given]
        if len(set(values)) > 1:
            rows.append(Row(path, tuple(map(Cell, values))))
    if not rows:
        return Missing("All settings are the same.")
    return Table("Settings that differ between the runs.", heads("Setting", *names), tuple(rows))


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each setting with its path, such as ``training.epochs``."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", "null" if value is None else str(value)
