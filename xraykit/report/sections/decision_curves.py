"""Decision curves: at which thresholds acting on the model is better than acting on all radiographs or on none."""

from collections.abc import Mapping

from xraykit.evaluation import DecisionCurve, NetBenefit
from xraykit.report.blocks import Block, Cell, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.decisions import DecisionCurves, NoCurve, decision_curves_of
from xraykit.report.wording import between, listed, number, scope, stamp
from xraykit.runs import FinishedRun

_TITLE = "Decision curves"
_SHOWN = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_DIGITS = 4
_WHY: dict[NoCurve, str] = {
    "not_calibrated": "its probabilities are not calibrated",
    "not_estimable": "there are no positives or no negatives",
    "few_patients": "fewer than 10 patients have it, or have it not",
}


def decision_curves(run: FinishedRun, figures: Mapping[str, str]) -> Section:
    """The figure, and tables of the net benefit and of the gain over acting on all radiographs."""
    found = decision_curves_of(run)
    if found is None:
        words = (
            "Decision curves need calibrated probabilities and the table of predictions, which this run does not have."
        )
        return Section("decision-curves", _TITLE, [Missing(words)])
    blocks: list[Block] = [Text(_HOW_TO_READ)]
    if run.summary.is_in_sample:
        blocks.append(Text("The calibration was fitted on the same radiographs: these net benefits are too good."))
    blocks += map(Text, _without(found))
    if found.curves:
        if "decision_curves" in figures:
            blocks.append(_figure(run, found, figures["decision_curves"]))
        blocks += [_net_benefit(run, found.curves), _gain(run, found.curves)]
    return Section("decision-curves", _TITLE, blocks)


_HOW_TO_READ = (
    "Net benefit: true positives per radiograph, minus false positives weighed by t / (1 − t), if one acts on every "
    "radiograph with a probability of at least t (Vickers and Elkin, Medical Decision Making 2006). A threshold of "
    "0.05 means that 19 false positives are accepted for one true positive. The model is useful where it "
    "is above both acting on all radiographs and acting on none (0). Which thresholds are sensible is a clinical "
    "decision that this report does not make. The net benefit depends on the prevalence of this data set."
)


def _without(found: DecisionCurves) -> list[str]:
    """Why labels have no curve."""
    by_reason: dict[NoCurve, list[str]] = {}
    for label, reason in found.missing.items():
        by_reason.setdefault(reason, []).append(label)
    return [f"No curve of {listed(labels)}: {_WHY[reason]}." for reason, labels in by_reason.items()]


def _figure(run: FinishedRun, found: DecisionCurves, source: str) -> Picture:
    return Picture(
        source,
        f"Decision curves of {len(found.curves)} findings. The tables below have the values. {stamp(run.metrics)}.",
        f"Net benefit of the model (blue, with its 95 % interval), of acting on all radiographs (orange) and on none "
        f"(grey). {stamp(run.metrics)}.",
        wide=True,
    )


def _net_benefit(run: FinishedRun, curves: Mapping[str, DecisionCurve]) -> Table:
    rows = [
        Row(label, tuple(_cell(point.model, point.model_interval) for point in _shown(curve)))
        for label, curve in curves.items()
    ]
    notes = (
        "In parentheses: 95 % interval over patients. 0: acting on none. No interval: no probability reaches the "
        "threshold.",
    )
    caption = f"Net benefit of the model at several thresholds. {scope(run.metrics)}."
    return Table(caption, _heads(), tuple(rows), notes, "net_benefit")


def _gain(run: FinishedRun, curves: Mapping[str, DecisionCurve]) -> Table:
    rows = [Row(label, tuple(_difference(point) for point in _shown(curve))) for label, curve in curves.items()]
    notes = (
        "Above 0, the model is better than acting on all radiographs. In parentheses: 95 % interval over patients, not "
        "adjusted for the number of findings and thresholds. No interval: all probabilities reach the threshold.",
    )
    caption = f"Net benefit of the model minus that of acting on all radiographs. {scope(run.metrics)}."
    return Table(caption, _heads(), tuple(rows), notes, "net_benefit_against_all")


def _heads() -> tuple[Cell, ...]:
    return heads("Finding", *[f"t = {threshold:g}" for threshold in _SHOWN])


def _shown(curve: DecisionCurve) -> list[NetBenefit]:
    return [point for point in curve.points if point.threshold in _SHOWN]


def _cell(value: float, interval: list[float] | None, mark: str = "") -> Cell:
    return Cell(number(value, _DIGITS), mark=mark, interval=between(interval, _DIGITS))


def _difference(point: NetBenefit) -> Cell:
    above = point.gain_interval is not None and point.gain_interval[0] > 0
    return _cell(point.gain, point.gain_interval, "good" if above else "")
