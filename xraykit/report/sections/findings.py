"""The metrics of each finding with their intervals, its curves, and published results where the split is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xraykit.evaluation import few_cases
from xraykit.report.blocks import Block, Cell, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.figures.sparklines import Scale, curve_points, interval_bar, roc_auc_scale
from xraykit.report.scores import scores_of
from xraykit.report.wording import (
    DASH,
    count,
    figure_cell,
    macro_means,
    number,
    percent,
    scale_head,
    scope,
    stamp,
    with_interval,
)
from xraykit.runs import FinishedRun


def findings(run: FinishedRun, figures: Mapping[str, str]) -> Section:
    """The table of the findings, and their ROC and precision–recall curves."""
    labels = run.metrics["labels"]
    means = macro_means(run.metrics)
    curves, scale = _curves(run), roc_auc_scale([*labels.values(), *means.values()])
    rows = [Row(label, _cells(label, labels[label], curves.get(label, ""), scale)) for label in labels]
    rows += [
        Row(name, (_auc(macro), _bar(macro, "", scale), Cell(), _precision(macro), *[Cell()] * 3), total=True)
        for name, macro in means.items()
    ]
    table = Table(
        f"Each finding. {scope(run.metrics)}.",
        heads("Finding", "ROC AUC", scale_head(scale, "chance, 0.5"), "ROC", "Average precision",
              "Prevalence", "Positives", "Negatives"),
        tuple(rows),
        (
            "In parentheses: the 95 % interval over patients, or why there is none.",
            "Compare the average precision with the prevalence, which is that of a model without any skill.",
            "The macro mean is over the findings for which the metric can be estimated.",
            *few_cases(run.metrics),
        ),
        "findings",
    )  # fmt: skip
    return Section("findings", "Each finding", [table, *_drawn(run, figures)])


def published(run: FinishedRun) -> Section:
    """Published results beside those of this run, or why there are none."""
    metrics = run.metrics
    others: Sequence[Mapping[str, Any]] = metrics.get("published") or ()
    if not others:
        why = (
            metrics.get("published_why")
            or "This run has no published results to compare with, and its files do not give the reason."
        )
        return Section("published", "Published results", [Missing(why)])
    names = [Cell(each["name"], f"split: {each['split']}") for each in others]
    rows = [
        Row(label, (_auc(figures), *[_published(each["labels"].get(label)) for each in others]))
        for label, figures in metrics["labels"].items()
    ]
    means = [_published(each["macro"]) for each in others]
    rows.append(Row("Macro mean", (_auc(metrics["macro"]), *means), total=True))
    introduction = Text(
        "The same split, with the same test images; networks, initial weights and picture sizes differ."
    )
    table = Table(
        f"ROC AUC of the same test part. {stamp(metrics)}.", heads("Finding", "This model", *names), tuple(rows)
    )
    return Section("published", "Published results", [introduction, table])


def _published(value: float | None) -> Cell:
    return Cell(DASH if value is None else number(value))


def _curves(run: FinishedRun) -> dict[str, str]:
    scores = scores_of(run)
    if scores is None:
        return {}
    targets, logits = scores
    return {label: curve_points(targets[:, at], logits[:, at]) for at, label in enumerate(run.labels)}


def _bar(figures: Mapping[str, Any], words: str, scale: Scale) -> Cell:
    words += with_interval(figures, "roc_auc")
    return Cell(bar=interval_bar(figures["roc_auc"], figures.get("roc_auc_interval"), words, scale))


def _cells(label: str, figures: Mapping[str, Any], curve: str, scale: Scale) -> tuple[Cell, ...]:
    known = figures["positives"] + figures["negatives"]
    return (
        _auc(figures),
        _bar(figures, f"{label}: ROC AUC ", scale),
        Cell(curve=curve) if curve else Cell(DASH),
        _precision(figures),
        Cell(percent(figures["positives"] / known if known else None)),
        Cell(count(figures["positives"])),
        Cell(count(figures["negatives"])),
    )


def _auc(figures: Mapping[str, Any]) -> Cell:
    interval = figures.get("roc_auc_interval")
    chance = ""
    if interval is not None and interval[0] <= 0.5:
        chance = "contains 0.5" if interval[1] >= 0.5 else "below 0.5"
    return replace(figure_cell(figures, "roc_auc"), small=chance, mark="bad" if chance else "")


def _precision(figures: Mapping[str, Any]) -> Cell:
    return figure_cell(figures, "average_precision")


def _drawn(run: FinishedRun, figures: Mapping[str, str]) -> list[Block]:
    captions = {
        "roc_curves": "ROC curves: sensitivity against the share of false positives. Dashed: chance.",
        "precision_recall": "Precision–recall curves: PPV against sensitivity. "
        "Dashed: the prevalence, which is the precision of random calls.",
    }
    if "roc_curves" not in figures:
        return [Missing(f"The curves are missing: {run.folder.name} has no {run.files.predictions.name}.")]
    scope = f"for {len(run.labels)} findings. {stamp(run.metrics)}."
    return [
        Picture(figures[name], f"{name.replace('_', ' ')} {scope}", f"{caption} {stamp(run.metrics)}.", wide=True)
        for name, caption in captions.items()
    ]
