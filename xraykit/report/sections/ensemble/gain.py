"""What an ensemble gains over the best of its members, paired by patient."""

from collections.abc import Mapping
from typing import Any

from xraykit.report.blocks import Block, Cell, Missing, Row, Table, Text, heads
from xraykit.report.wording import DASH, between, count, listed, number, signed, span, stamp
from xraykit.runs import EnsembleFacts, FinishedRun

_VERDICTS = {
    "better": "The ensemble is better than its best member {best}: the interval lies above 0.",
    "worse": "The ensemble is worse than its best member {best}: the interval lies below 0.",
    "not_shown": "No difference from the best member {best} is shown: the interval contains 0.",
    "not_judged": "Whether the ensemble is better than its best member {best} is not judged: there is no interval.",
}
_NO_GAIN = {
    "no_held_out_part": "No gain over the best member is given: no patients were held out, on whom all members could "
    "be compared.",
    "no_best_member": "No gain over the best member is given: no label of the members' own parts has both positives "
    "and negatives.",
}


def gain(run: FinishedRun, facts: EnsembleFacts) -> list[Block]:
    """The verdict and the difference for each finding; or why there is none."""
    found = facts.gain
    if found is None:
        return [Missing(_NO_GAIN.get(facts.gain_why or "", "No gain over the best member is given."))]
    best = facts.best_member or DASH
    few = found["macro"].get("few_cases") or []
    judged = found["macro_enough_cases"]
    around = span(judged.get("roc_auc_difference_interval"))
    difference = "" if judged["roc_auc_difference"] is None else signed(judged["roc_auc_difference"])
    measured = f"Difference of the macro ROC AUC: {difference}" + (f" (95 % interval {around})" if around else "")
    without = f", without findings with few cases ({listed(few)})" if few else ""
    words = [_VERDICTS[found["verdict"]].format(best=best), f"{measured}{without}." if difference else ""]
    rows = [Row(label, _cells(each)) for label, each in found["labels"].items()]
    rows.append(Row("Macro mean", _cells(found["macro"]), total=True))
    if few:
        rows.append(Row("Macro mean, enough cases", _cells(found["macro_enough_cases"]), total=True))
    table = Table(
        f"ROC AUC of the best member and of the ensemble. {stamp(run.metrics)}.",
        heads("Finding", best, "Ensemble", "Difference"),
        tuple(rows),
        (
            "In parentheses: 95 % interval, paired by patient. Small: positives and negatives. The intervals of "
            "single findings are not adjusted for their number.",
        ),
    )
    return [Text(" ".join(filter(None, words))), table]


def _cells(each: Mapping[str, Any]) -> tuple[Cell, ...]:
    counts = ""
    if "positives" in each:
        counts = f"{count(each['positives'])} pos., {count(each['negatives'])} neg."
    around = between(each.get("roc_auc_difference_interval"))
    first, second = (Cell(DASH if value is None else number(value)) for value in each["roc_auc"])
    difference = each["roc_auc_difference"]
    text = DASH if difference is None else signed(difference)
    return first, second, Cell(text, counts, _mark(each), interval=around)


def _mark(each: Mapping[str, Any]) -> str:
    low, high = each.get("roc_auc_difference_interval") or (0, 0)
    return "good" if low > 0 else "bad" if high < 0 else ""
