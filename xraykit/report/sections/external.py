"""The sections of an external validation: the other collection beside the run's own test part."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.config import split_text
from xraykit.evaluation import FEWEST_PATIENTS
from xraykit.report.blocks import (
    Block,
    Cell,
    Facts,
    Figure,
    Glance,
    Missing,
    Picture,
    Row,
    Section,
    Table,
    Text,
    Warnings,
    heads,
)
from xraykit.report.wording import (
    DASH,
    count,
    figure_cell,
    listed,
    number,
    percent,
    radiographs,
    rule_name,
    signed,
    small_number,
    span,
    stamp,
)
from xraykit.runs import FinishedEvaluation

_MANY = 200
"""Patients with, and without, a finding from which on a calibration curve is precise (Van Calster 2019)."""

_FLAGS = {
    "too_small": "too few pixels",
    "colour": "coloured",
    "constant": "hardly any contrast",
    "inverted": "inverted",
    "rotated": "rotated or mirrored",
    "lateral": "lateral, or no chest",
    "unlike_training": "unlike the training pictures in layout, greys or grain",
    "header_view": "another view, by the header",
    "header_body_part": "another body part, by the header",
    "header_modality": "no radiograph, by the header",
    "bit_depth": "another depth than the training pictures",
}
_REASONS = {
    "not_estimable": "no positives or no negatives",
    "few_patients": "too few patients",
    "separated": "positives and negatives are separated",
    "equal_probabilities": "all probabilities are equal",
    "certain_probabilities": "some probabilities are 0 or 1",
}


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
            "named by chance. python -m xraykit.recalibrate fits calibration and thresholds to this place."
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


def side_by_side(evaluation: FinishedEvaluation) -> Section:
    """ROC AUC and prevalence of each finding, here and in the run's own test part."""
    facts, title = evaluation.facts, "Internal and external"
    if facts.internal is None:
        return Section("internal", title, [Missing(facts.internal_why or "The internal metrics are unknown.")])
    inside = evaluation.metrics["evaluation"]["internal"]
    rows = [
        Row(label, tuple(_beside(evaluation, label, inside["labels"][label], figures)))
        for label, figures in evaluation.metrics["labels"].items()
    ]
    common = facts.common
    if common.internal and common.difference:
        cells = (figure_cell(common.internal, "roc_auc"), figure_cell(common.external, "roc_auc"))
        mean = (*cells, _difference(common.difference, "roc_auc"), Cell(), Cell())
        cases = " with enough cases" if common.enough_cases else ""
        rows.append(Row(f"Macro mean of {len(common.labels)} findings{cases}", mean, total=True))
    table = Table(
        f"Internal: {facts.internal.part} part of {facts.network.run}, split: {facts.internal.split}, "
        f"{radiographs(facts.internal.images, facts.internal.patients)}. External: {facts.name}, "
        f"{radiographs(evaluation.metrics['images'], evaluation.metrics['patients'])}.",
        heads("Finding", "ROC AUC, internal", "ROC AUC, external", Cell("Difference", "external − internal"),
              "Prevalence, internal", "Prevalence, external"),
        tuple(rows),
        (
            "Small: 95 % intervals over patients, each on its own and not adjusted for the number of findings. Those "
            "of the differences follow from the two intervals (MOVER, Zou and Donner 2008) and are valid only if no "
            "patient is on both sides.",
            "Other patients, other scanners and other ways to find the labels all change a ROC AUC: a difference does "
            "not show which of them it is.",
            "Average precision, predictive values and Brier score change with the prevalence alone, so that their "
            "differences are not given.",
        ),
    )  # fmt: skip
    return Section("internal", title, [table])


def _beside(
    evaluation: FinishedEvaluation, label: str, inside: Mapping[str, Any], outside: Mapping[str, Any]
) -> Iterator[Cell]:
    yield figure_cell(inside, "roc_auc")
    yield figure_cell(outside, "roc_auc")
    yield _difference(evaluation.facts.differences[label], "roc_auc")
    known = evaluation.facts.internal.calibration_in_the_large if evaluation.facts.internal else None
    yield _prevalence(inside, known[label].observed_interval if known else None)
    yield _prevalence(outside, evaluation.facts.calibration_in_the_large[label].observed_interval)


def _difference(figures: Mapping[str, Any], name: str) -> Cell:
    return Cell(signed(figures[f"{name}_difference"]), span(figures[f"{name}_difference_interval"]))


def _prevalence(figures: Mapping[str, Any], interval: list[float] | None) -> Cell:
    known = figures["positives"] + figures["negatives"]
    around = f"; {' to '.join(map(percent, interval))}" if interval else ""
    share = percent(figures["positives"] / known) if known else DASH
    return Cell(share, f"{count(figures['positives'])} of {count(known)}{around}")


def calibration_in_the_large(evaluation: FinishedEvaluation, figures: Mapping[str, str]) -> Section:
    """Observed against expected, calibration intercept and slope, and the reliability curves."""
    facts = evaluation.facts
    inside = facts.internal.calibration_in_the_large if facts.internal else None
    rows = []
    for label, each in facts.calibration_in_the_large.items():
        trained = evaluation.metrics["labels"][label].get("trained", True)
        cells = tuple(_large(each, (inside or {}).get(label), _note(evaluation, label)))
        rows.append(Row(label, cells if trained else (Cell("not trained"), *[Cell(DASH)] * 6)))
    table = Table(
        f"Calibration of the frozen probabilities. {stamp(evaluation.metrics)}.",
        heads("Finding", "Observed", "Expected", Cell("O/E", "1 is right"), Cell("Intercept", "0 is right"),
              Cell("Slope", "1 is right"), Cell("O/E, internal"), Cell("Slope, internal")),
        tuple(rows),
        (
            "Observed: share of radiographs with the finding. Expected: mean probability. O/E: their ratio; below 1 "
            "the probabilities are too high. Intercept: by how much the log odds are too low (above 0) or too high "
            "(below 0) on average. Slope: below 1 the probabilities are too extreme, above 1 not extreme enough (Van "
            "Calster et al., BMC Medicine 2019;17:230).",
            f"Small: 95 % intervals over patients. An intercept needs {FEWEST_PATIENTS['intercept']} patients with the "
            f"finding and as many without, a slope {FEWEST_PATIENTS['slope']}.",
        ),
    )  # fmt: skip
    blocks: list[Block] = [table]
    if "reliability" in figures:
        few = [
            label
            for label, each in evaluation.metrics["labels"].items()
            if min(each["positive_patients"], each["negative_patients"]) < _MANY
        ]
        if few:
            blocks.append(
                Text(
                    f"The curves below are imprecise for {listed(few)}: fewer than {_MANY} patients with or without "
                    f"the finding."
                )
            )
        blocks.append(
            Picture(
                figures["reliability"],
                "Reliability curves of the findings. The table above has their metrics.",
                "How often a finding is present at each predicted probability. Orange: the network's outputs without "
                f"calibration; blue: the probabilities that the run gives. {stamp(evaluation.metrics)}.",
                wide=True,
            )
        )
    return Section("calibration", "Calibration", blocks)


def _note(evaluation: FinishedEvaluation, label: str) -> str:
    return "" if evaluation.metrics["labels"][label]["calibrated"] else "not calibrated"


def _large(each: Any, inside: Any, note: str) -> Iterator[Cell]:
    yield Cell(percent(each.observed) if each.observed is not None else DASH,
               " to ".join(map(percent, each.observed_interval)) if each.observed_interval else "")  # fmt: skip
    yield Cell(percent(each.expected) if each.expected is not None else DASH, note)
    yield Cell(_ratio(each.observed_expected), span(each.observed_expected_interval, 2))
    for name in ("intercept", "slope"):
        value, why = getattr(each, name), each.reasons.get(name)
        small = _REASONS.get(why, why) if why else span(getattr(each, f"{name}_interval"), 2)
        yield Cell(signed(value, 2) if name == "intercept" else number(value, 2), small)
    if inside is None:
        yield from (Cell(DASH), Cell(DASH))
        return
    yield Cell(_ratio(inside.observed_expected), span(inside.observed_expected_interval, 2))
    why = inside.reasons.get("slope")
    yield Cell(number(inside.slope, 2), _REASONS.get(why, why) if why else span(inside.slope_interval, 2))


def _ratio(value: float | None) -> str:
    return number(value, 2)


def thresholds(evaluation: FinishedEvaluation) -> Section:
    """Sensitivity, specificity and predictive values at the frozen operating points, here and in the test part."""
    facts = evaluation.facts
    inside = evaluation.metrics["evaluation"]["internal"]
    called, predictive = [], []
    for label, figures in evaluation.metrics["labels"].items():
        own = inside["labels"][label] if inside else {}
        called.append(Row(label, tuple(_called(figures, own, facts.differences.get(label, {})))))
        sides = [_call_cell(each, name) for name in ("precision", "npv") for each in (figures, own)]
        predictive.append(Row(label, tuple(sides)))
    calls = Table(
        f"Calls at the frozen thresholds. {stamp(evaluation.metrics)}.",
        heads("Finding", "Threshold", "Sensitivity", Cell("Sensitivity", "internal"), Cell("Difference"), "Specificity",
              Cell("Specificity", "internal"), Cell("Difference")),
        tuple(called),
        (
            f"The thresholds were chosen on other radiographs ({_fitted_on(evaluation)}) and are applied here "
            f"unchanged.",
            "Small: 95 % intervals over patients. Differences: external − internal; their intervals are not adjusted "
            "for the number of findings.",
        ),
    )  # fmt: skip
    values = Table(
        f"Predictive values at the frozen thresholds. {stamp(evaluation.metrics)}.",
        heads("Finding", "PPV", Cell("PPV", "internal"), "NPV", Cell("NPV", "internal")),
        tuple(predictive),
        ("PPV and NPV depend on how frequent the finding is: they differ where the prevalence does.",),
    )
    return Section("operating-points", "Operating points", [calls, values])


def _fitted_on(evaluation: FinishedEvaluation) -> str:
    return str(evaluation.facts.network.decision_rule["fitted_on"])


def _called(figures: Mapping[str, Any], own: Mapping[str, Any], difference: Mapping[str, Any]) -> Iterator[Cell]:
    point = figures.get("operating_point") or {}
    yield Cell(small_number(figures["threshold"]), rule_name(point.get("rule")))
    for name in ("sensitivity", "specificity"):
        yield _call_cell(figures, name)
        yield _call_cell(own, name)
        known = difference.get(f"{name}_difference") is not None
        yield _difference(difference, name) if known else Cell(DASH)


def _call_cell(figures: Mapping[str, Any], name: str) -> Cell:
    return Cell(DASH) if figures.get(name) is None else figure_cell(figures, name)


def collection(evaluation: FinishedEvaluation) -> Section:
    """The collection: what was read, what was left out, which labels it has, and how its pictures differ."""
    facts = evaluation.metrics["evaluation"]
    known, labels = facts["collection"], facts["labels"]
    renamed = [f"{own} is {other} here" for own, other in labels["shared"].items() if own != other]
    rows = (
        ("Collection", f"{facts['name']} (data format {known['format']})"),
        ("Label file", f"{known['label_file']} (SHA-256 {known['label_file_sha256']})"),
        ("Radiographs", f"{radiographs(known['radiographs'], known['patients'])}; {_which(evaluation)}"),
        ("Left out", _left_out(known)),
        ("Labels in common", listed(list(labels["shared"])) + (f"; {'; '.join(renamed)}" if renamed else "")),
        ("Only the network has", listed(labels["only_model"]) or "none"),
        ("Only the collection has", listed(labels["only_collection"]) or "none"),
    )
    return Section("collection", "The collection", [Facts(rows), _flags(evaluation)])


def _which(evaluation: FinishedEvaluation) -> str:
    split = evaluation.split
    return "all of the collection" if split.method == "whole" else f"its test part, split: {split_text(split)}"


def _left_out(known: Mapping[str, Any]) -> str:
    reasons = {
        "that cannot be read (unreadable.csv)": known["unreadable"],
        "without a file": known["missing_images"],
        "lateral by their view": known.get("laterals"),
        "of other views": known.get("other_views"),
        "by data.one_per": known.get("further_radiographs"),
    }
    parts = [f"{radiographs(many)} {reason}" for reason, many in reasons.items() if many]
    return "; ".join(parts) or "none"


def _flags(evaluation: FinishedEvaluation) -> Block:
    checked = evaluation.facts.input_check
    rows = [
        Row(_FLAGS.get(name, name), (Cell(count(each.radiographs)), Cell(percent(each.share))))
        for name, each in checked.by_reason.items()
    ]
    around = " to ".join(map(percent, checked.share_interval)) if checked.share_interval else ""
    rows.append(Row("Flagged in all", (Cell(count(checked.flagged)), Cell(percent(checked.share), around)), total=True))
    return Table(
        f"Input check: pictures that differ from those of the training part. {stamp(evaluation.metrics)}.",
        heads("Reason", "Radiographs", "Share"),
        tuple(rows),
        (
            "A picture may have several reasons. The limits are set so that about 1 % of radiographs like those of the "
            "training part are flagged. Flagged pictures are scored like the others; Subgroups has the metrics of "
            "both.",
        ),
    )


def network(evaluation: FinishedEvaluation) -> Section:
    """The network, and what was frozen."""
    facts = evaluation.metrics["evaluation"]["network"]
    shaping = facts["preprocessing"]
    rows = (
        ("Network", f"{facts['run']} ({facts['backbone'] or 'backbone unknown'}), SHA-256 {facts['sha256']}"),
        ("Trained on", f"data with fingerprint {facts['data_fingerprint'] or 'unknown'}"),
        ("Pictures", f"{shaping['size']} × {shaping['size']} pixels, as in training"),
        ("Calibration and thresholds", f"fitted on: {_fitted_on(evaluation)}"),
        ("Resamples", f"{count(evaluation.metrics['evaluation']['resamples'])} of the patients"),
    )  # fmt: skip
    return Section("network", "The network", [Facts(rows)])
