"""The result at a glance: the headline metrics, what they mean in plain words, and the warnings."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.config import part_text
from xraykit.evaluation import columns_in_words, few_cases, has_few_cases, judged, source_remarks, taken_into_account
from xraykit.report.blocks import Block, Figure, Glance, Section, Text, Warnings
from xraykit.report.sections.heat_maps import heat_map_warnings
from xraykit.report.sections.not_shown import NOT_SHOWN
from xraykit.report.wording import count, listed, number, radiographs, span, stamp, with_interval
from xraykit.runs import FinishedRun
from xraykit.system import counted

FEW = 20
"""With fewer positives than this the interval of a ROC AUC is about ±0.13 and wider (at an AUC of 0.8: Hanley and
McNeil, Radiology 1982;143:29–36)."""

_CHANCE = 0.5


def glance(run: FinishedRun) -> Section:
    """The first section of the report."""
    metrics = run.metrics
    blocks: list[Block] = [Glance(tuple(_figures(metrics))), *map(Text, _meaning(metrics))]
    warnings = tuple(_warnings(run))
    if warnings:
        blocks.append(Warnings(warnings))
    return Section("glance", "The result at a glance", blocks)


def not_distinguished_from_chance(labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The findings whose interval of the ROC AUC does not lie above 0.5."""
    intervals = {label: figures.get("roc_auc_interval") for label, figures in labels.items()}
    return [label for label, interval in intervals.items() if interval is not None and interval[0] <= _CHANCE]


def without_interval(labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The findings with a ROC AUC but without an interval."""
    return [
        label
        for label, figures in labels.items()
        if figures["roc_auc"] is not None and figures.get("roc_auc_interval") is None
    ]


def _figures(metrics: Mapping[str, Any]) -> Iterator[Figure]:
    macro, labels = metrics["macro"], metrics["labels"]
    interval = span(macro.get("roc_auc_interval"))
    around = f"95 % interval {interval}" if interval else "no interval"
    few = listed(macro.get("few_cases", ()))
    contains = f"; includes {few} with few cases" if few else ""
    yield Figure(number(macro["roc_auc"]), "macro ROC AUC", f"{around}; mean of {_estimated(macro, labels)}{contains}")
    enough = metrics.get("macro_enough_cases")
    if few and enough and enough["roc_auc"] is not None:
        low_high = span(enough.get("roc_auc_interval"))
        around = f"95 % interval {low_high}" if low_high else "no interval"
        title = "macro ROC AUC of findings with enough cases"
        yield Figure(number(enough["roc_auc"]), title, f"{around}; mean of {_estimated(enough, labels)}")
    ranked, part = _ranked(labels), part_text(str(metrics["part"]))
    if ranked:
        for position, word in ((0, "best finding"), (-1, "weakest finding")):
            label = ranked[position]
            low_high = span(labels[label].get("roc_auc_interval"))
            yield Figure(number(labels[label]["roc_auc"]), f"{word}: {label}", low_high and f"95 %: {low_high}")
    yield Figure(
        count(metrics["images"]),
        f"radiographs, {part[:1].lower()}{part[1:]}",
        f"of {count(metrics['patients'])} patients" if "patients" in metrics else "",
    )


def _ranked(labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Findings from the best to the weakest; those with few cases are left out, as chance alone may rank them."""
    known = [
        label for label, figures in labels.items() if figures["roc_auc"] is not None and not has_few_cases(figures)
    ]
    sure = [label for label in known if labels[label].get("roc_auc_interval")]
    return sorted(sure or known, key=lambda label: -labels[label]["roc_auc"])


def _estimated(macro: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    return f"{macro['labels']} of {len(labels)} findings"


def _meaning(metrics: Mapping[str, Any]) -> Iterator[str]:
    macro, labels = metrics["macro"], metrics["labels"]
    if macro["roc_auc"] is None:
        yield "No finding has both positives and negatives in this part, so that no ROC AUC can be computed."
        return
    pairs = f"{100 * macro['roc_auc']:.0f}"
    yield (
        f"Interpretation: given a radiograph with a finding and one without, the model scores the one with the finding "
        f"higher in about {pairs} of 100 such pairs, on average over the findings. 50 would be chance. The interval "
        f"shows how much this may vary with other patients of the same kind."
    )
    chance = not_distinguished_from_chance(labels)
    low, high = macro.get("roc_auc_interval") or (1.0, 1.0)
    if low <= _CHANCE <= high:
        yield "The model cannot be distinguished from chance: the interval of the macro ROC AUC contains 0.5."
    elif high < _CHANCE:
        yield "The model is worse than chance: the interval of the macro ROC AUC lies below 0.5."
    below = [label for label in chance if labels[label]["roc_auc_interval"][1] < _CHANCE]
    reaching = [label for label in chance if label not in below]
    if reaching:
        yield f"Cannot be distinguished from chance (the interval contains 0.5): {listed(reaching)}."
    if below:
        yield f"Worse than chance (the interval lies below 0.5): {listed(below)}."
    unsure = without_interval(labels)
    if unsure:
        yield f"Not judged against chance, because there is no interval: {listed(unsure)}."
    if not chance and len(unsure) < macro["labels"]:
        yield "All intervals lie above chance (0.5)."
    if not macro.get("roc_auc_interval"):
        yield "The macro ROC AUC has no interval, so that its uncertainty is unknown."
    for label in macro.get("not_estimable", ()):
        figures = labels[label]
        yield (
            f"Not estimable: {label}, with {counted(figures['positives'], 'positive')} and "
            f"{counted(figures['negatives'], 'negative')} in this part."
        )


def _warnings(run: FinishedRun) -> Iterator[str]:
    metrics, labels = run.metrics, run.metrics["labels"]
    if str(run.split).strip().lower() in ("", "unknown"):
        yield "The split is unknown: patients may be in several parts, and the metrics may be too good."
    if run.summary.is_in_sample:
        yield (
            "Calibration and thresholds were fitted on the radiographs of this report, as no patients were held out: "
            "metrics of probabilities and calls are too good. ROC AUC and average precision are not affected."
        )
    met = (metrics.get("study") or {}).get("test_part_met", 1)
    if met > 1:
        yield (
            f"Winners of this search have been evaluated on the test part {met} times. The best of several evaluations "
            f"is too good; the first one counts."
        )
    no_evidence = judged(metrics.get("shortcuts"), "not_shown")
    if no_evidence:
        known = columns_in_words(taken_into_account(metrics.get("shortcuts")))
        yield (
            f"Shortcut: for {listed(no_evidence)} there is no evidence that the model outperforms {known} alone (see "
            f"Shortcuts)."
        )
    undecided = judged(metrics.get("shortcuts"), "not_judged")
    if undecided:
        yield (
            f"Not judged: whether the model outperforms sex, age and view position for {listed(undecided)} "
            f"(see Shortcuts for the reasons)."
        )
    elif not metrics.get("shortcuts"):
        yield f"Not judged: whether the model outperforms sex, age and view position (see {NOT_SHOWN})."
    if metrics.get("sources"):
        yield from source_remarks(metrics["sources"])
    yield from _without_probability_or_threshold(metrics)
    yield from heat_map_warnings(metrics.get("localisation"))
    yield from few_cases(metrics)
    few = [label for label, figures in labels.items() if 0 < figures["positives"] < FEW and not has_few_cases(figures)]
    if few:
        counts = listed([f"{label} ({labels[label]['positives']})" for label in few])
        yield f"Fewer than {FEW} positives, so that their metrics are very uncertain: {counts}."
    yield from _about_pictures((run.data_facts() or {}).get("pictures") or {})
    missing = (run.data_facts() or {}).get("missing_images") or 0
    if missing:
        yield f"{radiographs(missing)} of the label file were not found and are excluded (see The data)."


def _without_probability_or_threshold(metrics: Mapping[str, Any]) -> Iterator[str]:
    labels = metrics["labels"]
    untrained = [label for label, figures in labels.items() if not figures.get("trained", True)]
    if untrained:
        yield (
            f"Not trained: {listed(untrained)}. The training part has no positives or no negatives, so that there are "
            f"no probabilities and no metrics."
        )
    trained = {label: figures for label, figures in labels.items() if label not in untrained}
    uncalibrated = [label for label, figures in trained.items() if not figures.get("calibrated", True)]
    if uncalibrated:
        yield (
            f"Not calibrated: {listed(uncalibrated)}. Their probabilities rank radiographs, but do not say how "
            f"often the finding is present (see Calibration for the reasons)."
        )
    pointless = [label for label, figures in trained.items() if figures["threshold"] is None]
    if pointless:
        yield f"Without an operating point: {listed(pointless)} (see Operating points for the reasons)."


def _about_pictures(pictures: Mapping[str, Any]) -> Iterator[str]:
    for name, what in (("duplicates", "picture"), ("near_duplicates", "nearly identical picture")):
        across = pictures.get(name, {}).get("across_parts", 0)
        if not across or pictures[name]["left_out"]:
            continue
        yield (
            f"The parts have {counted(across, what)} in common, under different names, which `data.duplicates: "
            f"allow` accepts: the metrics of the test part are too good (see The data)."
        )
    odd = pictures.get("odd_training_pictures", {})
    many = sum(odd.get("counts", {}).values())
    if odd.get("all_inverted"):
        yield "Most training pictures seem to be inverted, rotated or not frontal (see The data)."
    if many:
        yield f"Inverted, rotated, blank, coloured or elongated training pictures: {count(many)} (see The data)."


def subtitle(run: FinishedRun) -> str:
    """Part, split, number of radiographs and macro ROC AUC, in one line."""
    metrics = run.metrics
    scored = radiographs(metrics["images"], metrics.get("patients"))
    return f"{stamp(metrics)}; {scored}; macro ROC AUC {with_interval(metrics['macro'], 'roc_auc')}"
