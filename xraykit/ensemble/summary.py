"""What an ensemble reached, as text for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.system import counted, with_interval

NO_GAIN = {
    "no_held_out_part": "no patients were held out, on whom all members could be compared",
    "no_best_member": "no label of the members' own parts has both positives and negatives",
}
"""By ``gain_why`` of the metrics: why there is no gain."""

SPREAD = (
    "The folds share most of their training patients, so that their spread is no standard error; the intervals are "
    "those over patients."
)

IN_SAMPLE = (
    "Calibration and thresholds were fitted on them: metrics of their probabilities and calls are too good, ROC AUC is "
    "not affected."
)

_VERDICTS = {
    "better": "the ensemble is better: the interval lies above 0",
    "worse": "the ensemble is worse: the interval lies below 0",
    "not_shown": "no difference is shown: the interval contains 0",
    "not_judged": "not judged, as there is no interval",
}


def describe_ensemble(metrics: Mapping[str, Any]) -> str:
    """Members, folds and the gain over the best member, as lines of text.

    Args:
        metrics: The content of the ``metrics.json`` of an ensemble.
    """
    found = metrics["ensemble"]
    return "\n".join(["", *_members(found), *_folds(metrics, found), *_gain(found)])


def verdict_text(gain: Mapping[str, Any]) -> str:
    """What the interval of a gain supports, in words."""
    return _VERDICTS[gain["verdict"]]


def _members(found: Mapping[str, Any]) -> list[str]:
    own = "own fold" if found["chosen_by"] == "out_of_fold" else "validation part"
    lines = [f"Ensemble of {counted(len(found['members']), 'network')}; macro ROC AUC of each on its {own}:"]
    for each in found["members"]:
        tested = f"; test part {_auc(each['test'])}" if each["test"] else ""
        best = " (best)" if each["name"] == found["best_member"] else ""
        lines.append(f"  {each['name']}: {_number(each['score'])}, epoch {each['epoch']}{tested}{best}")
    return lines


def _folds(metrics: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    if "folds" not in found:
        return []
    spread, whole = found["folds"]["roc_auc"], metrics.get("out_of_fold") or metrics
    lines = []
    if "out_of_fold" in metrics:
        many = f"{counted(whole['images'], 'radiograph')} of {counted(whole['patients'], 'patient')}"
        lines.append(f"Out-of-fold predictions of {many}: macro ROC AUC {_auc(whole['macro'])}. {IN_SAMPLE}")
    lines.append(f"Macro ROC AUC of the folds: {_number(spread['lowest'])} to {_number(spread['highest'])}. {SPREAD}")
    return lines


def _gain(found: Mapping[str, Any]) -> list[str]:
    gain = found["gain"]
    if gain is None:
        return [f"No gain over the best member is given: {NO_GAIN[found['gain_why']]}."]
    few = gain["macro"]["few_cases"]
    macro = gain["macro_enough_cases"]
    difference, interval = macro["roc_auc_difference"], macro["roc_auc_difference_interval"]
    if difference is None:
        return [f"Gain over {found['best_member']}: not judged, as no label has enough cases on the test part."]
    around = "" if interval is None else f" (95 % interval {interval[0]:+.3f} to {interval[1]:+.3f})"
    without = f" Labels with few cases are left out: {', '.join(few)}." if few else ""
    chosen = "out-of-fold" if found["chosen_by"] == "out_of_fold" else "validation"
    return [
        f"Gain over {found['best_member']}, the best by {chosen} predictions, on the test part: macro ROC AUC "
        f"{difference:+.3f}{around}; {verdict_text(gain)}.{without}"
    ]


def _auc(macro: Mapping[str, Any]) -> str:
    interval: Sequence[float] | None = macro.get("roc_auc_interval")
    return with_interval(macro["roc_auc"], interval)


def _number(value: float | None) -> str:
    return "not estimable" if value is None else f"{value:.3f}"
