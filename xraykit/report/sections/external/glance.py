"""The first section of an external validation: its headline metrics."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.blocks import Block, Figure, Glance, Section, Text, Warnings
from xraykit.report.wording import count, listed, number, percent, signed, span
from xraykit.runs import FinishedEvaluation


def at_a_glance(evaluation: FinishedEvaluation) -> Section:
    """The headline metrics of both sides, what they mean, and the warnings."""
    blocks: list[Block] = [Glance(tuple(_figures(evaluation))), *map(Text, _meaning(evaluation))]
    if evaluation.facts.warnings:
        blocks.append(Warnings(tuple(evaluation.facts.warnings)))
    return Section("glance", "The result at a glance", blocks)


def _figures(evaluation: FinishedEvaluation) -> Iterator[Figure]:
    common, metrics = evaluation.facts.common, evaluation.metrics
    cases = " with enough cases" if common.enough_cases else ""
    findings = f"mean of {len(common.labels)} of {len(metrics['labels'])} findings in common{cases}"
    yield Figure(number(common.external.get("roc_auc")), "macro ROC AUC here", _around(common.external, findings))
    if common.internal:
        yield Figure(
            number(common.internal.get("roc_auc")), "macro ROC AUC of the run's test part",
            _around(common.internal, "the same findings"),
        )  # fmt: skip
    yield Figure(count(metrics["images"]), "radiographs", f"of {count(metrics['patients'])} patients")
    checked = evaluation.facts.input_check
    around = f"; 95 %: {' to '.join(map(percent, checked.share_interval))}" if checked.share_interval else ""
    yield Figure(percent(checked.share), "flagged as unlike training", f"{count(checked.flagged)}{around}")


def _around(mean: Mapping[str, Any], findings: str) -> str:
    interval = span(mean.get("roc_auc_interval"))
    return f"{f'95 % interval {interval}' if interval else 'no interval'}; {findings}"


def _meaning(evaluation: FinishedEvaluation) -> Iterator[str]:
    facts = evaluation.facts
    yield (
        "The network, its calibration and its thresholds are applied as they are. Nothing was fitted on these "
        "radiographs."
    )
    difference = facts.common.difference
    if facts.internal is None:
        yield facts.internal_why or "The internal metrics are unknown."
    elif difference and difference["roc_auc_difference"] is not None:
        around = span(difference["roc_auc_difference_interval"])
        yield (
            f"Macro ROC AUC here minus that of the run's own test part: {signed(difference['roc_auc_difference'])}"
            f"{f' (95 % interval {around})' if around else ', without an interval'}. {_judged(difference)}"
        )
    high, low = (_with_ratio(evaluation, above) for above in (False, True))
    if high:
        yield f"The probabilities are too high for {listed(high)}: fewer radiographs show the finding than expected."
    if low:
        yield f"The probabilities are too low for {listed(low)}: more radiographs show the finding than expected."
    if high or low:
        yield (
            "Each such sentence rests on a 95 % interval of its own; of 20 well calibrated findings, about one is "
            "named by chance. xraykit recalibrate fits calibration and thresholds to this place."
        )


def _judged(difference: Mapping[str, Any]) -> str:
    interval = difference["roc_auc_difference_interval"]
    if interval is None:
        return "Whether the network is worse here cannot be judged."
    if interval[0] <= 0 <= interval[1]:
        return "The interval contains 0: the cases show neither a loss nor a gain, and do not exclude one."
    return "The interval does not contain 0." + (
        " The network distinguishes the findings less well here." if interval[1] < 0 else " It does so better here."
    )


def _with_ratio(evaluation: FinishedEvaluation, above: bool) -> list[str]:
    """Calibrated findings whose interval of O/E lies above, or below, 1."""
    calibrated = {label for label, each in evaluation.metrics["labels"].items() if each["calibrated"]}
    intervals = {
        label: each.observed_expected_interval
        for label, each in evaluation.facts.calibration_in_the_large.items()
        if label in calibrated
    }
    return [label for label, each in intervals.items() if each and (each[0] > 1 if above else each[1] < 1)]
