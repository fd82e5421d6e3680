"""The model compared with a baseline that sees no picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.evaluation import OLDER, columns_in_words, reasons, taken_into_account, verdict_of
from xraykit.report.blocks import Block, Cell, Missing, Row, Section, Table, Text, heads
from xraykit.report.wording import DASH, between, listed, number, scope, signed
from xraykit.runs import FinishedRun
from xraykit.system import counted

_TITLE = "Shortcuts"
_VERDICTS = {
    "more_than_metadata": "outperforms metadata",
    "not_shown": "not shown",
    "not_judged": "not judged",
}


def shortcuts(run: FinishedRun) -> Section:
    """The table of the model's advantage over sex, age and view position alone."""
    figures = run.metrics.get("shortcuts")
    if not figures:
        why = run.metrics.get("shortcuts_why") or "This run has no baseline from sex, age and view position."
        return Section("shortcuts", _TITLE, [Missing(why)])
    known = taken_into_account(figures)
    of_several = ", the source" if "source" in known else ""
    words = (
        f"How well do sex, age{of_several} and view position predict the findings without the radiograph? A logistic "
        "regression on them, fitted on the training part, is compared with the model. Portable radiographs (AP) are "
        "taken of the sickest patients, and a network can recognise them without seeing the finding."
    )
    blocks: list[Block] = [Text(words), *map(Text, _not_known(known)), *map(Text, _not_judged(figures))]
    table = Table(
        f"ROC AUC of the model and of {columns_in_words(known) or 'no metadata'} alone. {scope(run.metrics)}.",
        heads("Finding", "Model", columns_in_words(known).capitalize() or "Metadata", "Advantage", "Verdict"),
        tuple(Row(label, _cells(each)) for label, each in figures.items()),
        (
            "Beside the advantage: its 95 % interval by bootstrap over patients. Where it contains 0 there is no "
            "evidence that the model outperforms the metadata; with few positives this may be for lack of cases.",
        ),
        "metadata_baseline",
    )
    return Section("shortcuts", _TITLE, [*blocks, table])


def _not_known(known: list[str]) -> Iterator[str]:
    """What could not be taken into account."""
    missing = [name for name in ("sex", "age", "view") if name not in known]
    if known and missing:
        yield (
            f"Not taken into account, because it is unknown for most radiographs or the same for all: "
            f"{columns_in_words(missing)}. The verdicts do not cover it."
        )


def _not_judged(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for reason, labels in reasons(figures).items():
        yield f"Not judged: {listed(labels)}. {reason}"


def _cells(each: Mapping[str, Any]) -> tuple[Cell, ...]:
    verdict = verdict_of(each)
    mark = "bad" if verdict == "not_shown" else ""
    advantage = (
        Cell(DASH)
        if each["advantage"] is None
        else Cell(signed(each["advantage"]), mark=mark, interval=between(each["advantage_interval"]))
    )
    small = counted(each["positives"], "positive")
    if verdict == "not_judged":
        small = "\n".join([small, each.get("not_judged_reason") or OLDER])
    model, metadata = (
        Cell(DASH if each[name] is None else number(each[name])) for name in ("roc_auc", "metadata_roc_auc")
    )
    return model, metadata, advantage, Cell(_VERDICTS[verdict], small, mark)
