"""The model beside a baseline that sees no picture."""

from collections.abc import Mapping
from typing import Any

from xraykit.report.blocks import Cell, Missing, Row, Section, Table, Text, heads
from xraykit.report.run_files import RunFiles
from xraykit.report.wording import DASH, number, signed, span, stamp

_TITLE = "Shortcuts"


def shortcuts(run: RunFiles) -> Section:
    """The table of the model's advantage over sex, age and view position alone."""
    figures = run.metrics.get("shortcuts")
    if not figures:
        why = run.metrics.get("shortcuts_why") or "This run has no baseline from sex, age and view position."
        return Section("shortcuts", _TITLE, [Missing(why)])
    words = (
        "How far would sex, age and view position get, without a look at the radiograph? A logistic regression on "
        "them, fitted on the training part, stands beside the model. Portable radiographs (AP) are taken of the "
        "sickest, and a network can tell them from others without seeing the finding."
    )
    table = Table(
        f"ROC AUC of the model and of sex, age and view alone. {stamp(run.metrics)}.",
        heads("Finding", "Model", "Sex, age, view", "Advantage", "Verdict"),
        tuple(Row(label, _cells(each)) for label, each in figures.items()),
        (
            "Below the advantage: its 95 % interval by bootstrap over patients. Where it reaches 0 the model was not "
            "shown to see more than sex, age and view tell; with few positives that may be for want of evidence.",
        ),
    )
    return Section("shortcuts", _TITLE, [Text(words), table])


def _cells(each: Mapping[str, Any]) -> tuple[Cell, ...]:
    verdicts = {True: "no more was shown", False: "sees more", None: DASH}
    advantage = (
        Cell(DASH)
        if each["advantage"] is None
        else Cell(signed(each["advantage"]), span(each["advantage_interval"]), "bad" if each["shortcut"] else "")
    )
    verdict = Cell(verdicts[each["shortcut"]], f"{each['positives']} positives", "bad" if each["shortcut"] else "")
    return Cell(number(each["roc_auc"])), Cell(number(each["metadata_roc_auc"])), advantage, verdict
