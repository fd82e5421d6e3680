"""Operating points: the threshold of each finding, its metrics, and how to read a probability."""

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from xraykit.config import OUT_OF_FOLD, split_text
from xraykit.evaluation import Metric, shown_in
from xraykit.report.blocks import Block, Cell, Row, Section, Table, Text, heads
from xraykit.report.wording import DASH, between, figure_cell, listed, number, percent, rule_name, scope, small_number
from xraykit.runs import FinishedRun

_RULES = {
    "youden": "Youden: the largest sensitivity + specificity",
    "f1": "F1: the largest F1",
}

_OF_FOLDS = (
    "Calibration and thresholds were fitted on out-of-fold predictions. No patient chose the epoch of a network that "
    "predicts it there, but metrics of probabilities and calls on the radiographs that the fit has seen are too good. "
)
_SAME = (
    "As nobody was held out, those of this report are of these radiographs. ROC AUC and average precision are not "
    "affected. evaluation.cross_fitting: 5 gives the size of the bias; data.split.held_out: share measures on other "
    "patients."
)
_HELD_OUT = "The metrics of this report are of the held-out patients, on whom nothing was chosen."


def operating_points(run: FinishedRun) -> Section:
    """The operating points with their metrics, and the predictive values at the reader's own prevalence."""
    metrics = run.metrics
    rows = tuple(Row(label, _cells(figures)) for label, figures in metrics["labels"].items())
    titles = [metric.title for metric in shown_in("operating points")]
    columns = heads("Finding", "Rule", "Threshold", *titles)
    table = Table(f"Operating points. {scope(metrics)}.", columns, rows, tuple(_notes(run)), "operating_points")
    return Section(
        "operating-points",
        "Operating points",
        [*map(Text, _how_to_read(run)), table, *_in_sample(run), *_elsewhere(metrics)],
    )


def _cells(figures: Mapping[str, Any]) -> tuple[Cell, ...]:
    point = figures.get("operating_point") or {}
    rule = Cell(rule_name(point.get("rule")), figures.get("not_trained_reason") or point.get("reason") or "")
    return (
        rule,
        Cell(small_number(figures["threshold"])),
        *[_metric_cell(figures, metric) for metric in shown_in("operating points")],
    )


def _metric_cell(figures: Mapping[str, Any], metric: Metric) -> Cell:
    """A metric; a likelihood ratio is infinite without false positives, and then has a lower limit only."""
    if figures.get(metric.name) is not None:
        return figure_cell(figures, metric.name, 2 if math.isinf(metric.highest) else 3)
    interval = figures.get(f"{metric.name}_interval")
    unbounded = interval is not None and interval[1] is None and interval[0] > 0
    return Cell("∞", interval=between(interval, 2)) if unbounded else Cell(DASH)


def _how_to_read(run: FinishedRun) -> Iterator[str]:
    metrics = run.metrics
    trained = {label: each for label, each in metrics["labels"].items() if each.get("trained", True)}
    plain = [label for label, each in trained.items() if not each.get("calibrated", True)]
    asked_for = (metrics.get("calibration") or {}).get("method", "none") != "none"
    if asked_for and len(plain) < len(trained):
        yield (
            "How to read a probability: it is calibrated. Of 100 radiographs like those of this data set with a "
            "probability of 0.10, about 10 show the finding. Most findings are rare, so most probabilities are "
            f"low{_median_prevalence(metrics)}; this is expected."
        )
        if plain:
            yield f"This does not hold for {listed(plain)}, whose probabilities are not calibrated (see Calibration)."
    else:
        yield (
            "How to read a probability: it is not calibrated. It ranks radiographs, but does not say how often the "
            "finding is present at this probability."
        )
    example = _example(metrics)
    yield f"How to read a threshold: a finding is positive where its probability reaches its threshold{example}."


def _median_prevalence(metrics: Mapping[str, Any]) -> str:
    counts = [(each["positives"], each["positives"] + each["negatives"]) for each in metrics["labels"].values()]
    shares = [positives / known for positives, known in counts if known]
    return f" (half of the findings are in at most {percent(median(shares))} of them)" if shares else ""


def _example(metrics: Mapping[str, Any]) -> str:
    """The finding with the lowest threshold, in words."""
    estimable = {
        label: figures
        for label, figures in metrics["labels"].items()
        if figures["threshold"] is not None and figures["sensitivity"] is not None
    }
    if not estimable:
        return ""
    label = min(estimable, key=lambda name: estimable[name]["threshold"])
    figures = estimable[label]
    return (
        f", not 0.5: at {small_number(figures['threshold'])}, {label} has a sensitivity of "
        f"{_share(figures, 'sensitivity')} and a specificity of {_share(figures, 'specificity')}"
    )


def _share(figures: Mapping[str, Any], name: str) -> str:
    """A share of cases in per cent, with its interval."""
    interval = figures.get(f"{name}_interval")
    around = f" (95 % interval {' to '.join(map(percent, interval))})" if interval else ""
    return f"{percent(figures[name])}{around}"


def _notes(run: FinishedRun) -> Iterator[str]:
    named = {(each.get("operating_point") or {}).get("rule") for each in run.metrics["labels"].values()}
    meanings = [meaning for rule, meaning in _RULES.items() if rule in named]
    fitted = (run.metrics.get("calibration") or {}).get("fitted_on", "validation part")
    rules = "".join(f" {meaning}." for meaning in meanings)
    if run.summary.is_in_sample:
        yield f"Thresholds were chosen on the same radiographs ({fitted}): all metrics of calls are too good.{rules}"
    else:
        yield f"Thresholds were chosen on other radiographs ({fitted}) and are applied here unchanged.{rules}"
    yield (
        "PPV (precision) and NPV depend on how frequent the finding is, and so do F1 and MCC (Matthews' correlation of "
        "calls and labels; 0: no better than chance). Balanced accuracy is the mean of sensitivity and specificity. "
        "LR+ and LR−: by how much a positive or a negative call multiplies the odds of the finding; ∞: no false "
        "positives, so that only a lower limit is known. In parentheses: the 95 % interval, which accounts for "
        "several radiographs of one patient."
    )
    if not any("operating_point" in figures for figures in run.metrics["labels"].values()):
        yield "This older run does not record by which rule its thresholds were chosen."


def _in_sample(run: FinishedRun) -> Iterator[Block]:
    """Whether the part that calibration and thresholds were fitted on also chose the epoch, and the bias."""
    metrics, ensemble = run.metrics, run.summary.ensemble
    out_of_fold = ensemble is not None and ensemble.rule_fitted_on == OUT_OF_FOLD
    if out_of_fold:
        yield Text(_OF_FOLDS + (_SAME if run.summary.is_in_sample else _HELD_OUT))
    elif (metrics.get("validation") or {}).get("held_out_share"):
        yield Text(
            "Calibration and thresholds were fitted on validation patients that were not used to choose the epoch or "
            "the hyperparameters."
        )
    else:
        yield Text(
            "Calibration and thresholds were fitted on the part that was also used to choose the epoch and, in a "
            "search, the hyperparameters. They fit this part better than other radiographs: a target sensitivity is "
            "slightly missed elsewhere (docs/evaluation.md says by how much). The metrics of this report are of the "
            "test part, on which nothing was chosen. To fit on patients that choose nothing, set "
            "training.held_out_share."
        )
    crossed = metrics.get("cross_fitting")
    if crossed:
        yield _cross_fitted(metrics, crossed, out_of_fold=out_of_fold)


def _cross_fitted(metrics: Mapping[str, Any], crossed: Mapping[str, Any], *, out_of_fold: bool) -> Table:
    named = {**crossed["labels"], "Macro mean": crossed["macro"]}
    kinds = ("in_sample", "cross_fitted")
    metrics_shown = [metric for metric in shown_in("cross-fitting") if metric.name in crossed["macro"]["in_sample"]]
    rows = [
        Row(
            label,
            tuple(_plain(each[kind][metric.name]) for metric in metrics_shown for kind in kinds),
            total=label == "Macro mean",
        )
        for label, each in named.items()
    ]
    columns = heads(
        "Finding",
        *[f"{metric.title}, {kind}" for metric in metrics_shown for kind in ("in sample", "cross-fitted")],
    )
    chosen = "" if out_of_fold else " Both include the optimism from the choice of the epoch."
    note = (
        f"On the radiographs used for fitting. Cross-fitted: by {crossed['folds']} folds of their patients, each "
        f"evaluated with a fit on the others. A dash: not fitted, or not in every fold.{chosen}"
    )
    caption = f"In sample and cross-fitted. Split: {split_text(metrics['split'])}."
    return Table(caption, columns, tuple(rows), (note,), "cross_fitting")


def _plain(value: float | None) -> Cell:
    return Cell(DASH if value is None else number(value))


def _elsewhere(metrics: Mapping[str, Any]) -> list[Block]:
    readers = {label: each["reader"] for label, each in metrics["labels"].items() if each.get("reader")}
    if not readers:
        return [
            Text(
                "Predictive values at your own hospital: set evaluation.prevalence to the share of positives there in "
                "the experiment file; this run has none."
            )
        ]
    rows = []
    for label, reader in readers.items():
        figures = metrics["labels"][label]
        known = figures["positives"] + figures["negatives"]
        elsewhere = [figure_cell(reader, name) for name in ("precision", "npv")]
        here = [Cell(percent(figures["positives"] / known if known else None)), figure_cell(figures, "precision")]
        rows.append(Row(label, (*here, Cell(percent(reader["prevalence"])), *elsewhere)))
    columns = heads("Finding", "Prevalence here", "PPV here", "Prevalence given", "PPV there", "NPV there")
    note = (
        "By Bayes' theorem, assuming the same sensitivity and specificity there, that is, similar radiographs. The "
        "intervals combine those of both: a specificity of 1 on few radiographs does not make a PPV certain."
    )
    caption = f"Predictive values at the prevalence given in the experiment. {scope(metrics)}."
    return [Table(caption, columns, tuple(rows), (note,), "predictive_values")]
