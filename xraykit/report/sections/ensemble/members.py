"""The members of an ensemble, and how far they are apart."""

from xraykit.report.blocks import Block, Cell, Row, Table, heads
from xraykit.report.wording import DASH, figure_cell, listed, number, stamp
from xraykit.runs import EnsembleFacts, FinishedRun, MemberFacts, SpreadFacts

SCORED_ON = {"out_of_fold": "Own fold", "validation": "Validation part"}
"""By ``chosen_by``: on what the members are scored, to find the best one."""


def members(run: FinishedRun, facts: EnsembleFacts) -> Table:
    """Each network with its scores, and the ensemble below them."""
    tested = any(each.test for each in facts.members)
    columns = [*heads("Network", "Seed", "Best epoch"), Cell(SCORED_ON[facts.chosen_by], "ROC AUC")]
    columns += [Cell("Test part", "ROC AUC")] if tested else []
    rows = [Row(each.name, _cells(each, facts, tested)) for each in facts.members]
    if tested:
        rows.append(Row("The ensemble", (*[Cell(DASH)] * 3, figure_cell(run.metrics["macro"], "roc_auc")), total=True))
    notes = [
        f"Best: the highest score on its {SCORED_ON[facts.chosen_by].lower()}. The test part chooses nothing.",
    ]
    if facts.folds is not None:
        notes.append("Scores on different folds are of different patients: the best member may have the easiest fold.")
    return Table(f"Macro ROC AUC of the members. Split: {run.split}.", tuple(columns), tuple(rows), tuple(notes))


def _cells(each: MemberFacts, facts: EnsembleFacts, tested: bool) -> tuple[Cell, ...]:
    best = each.name == facts.best_member
    score = Cell(number(each.score), "best" if best else "", "good" if best else "")
    cells = [Cell(str(each.seed)), Cell(f"{each.epoch} of {each.epochs}"), score]
    if tested:
        cells.append(Cell(DASH) if each.test is None else figure_cell(each.test.model_dump(), "roc_auc"))
    return tuple(cells)


def spread(run: FinishedRun, facts: EnsembleFacts) -> list[Block]:
    """How far the members' probabilities are apart for a radiograph; nothing where that is not recorded."""
    if facts.spread is None:
        return []
    rows = [Row(label, _spread_cells(each)) for label, each in facts.spread.items()]
    unknown = [label for label, each in facts.spread.items() if each.median is None]
    few = (f"Fewer than two members can be compared for {listed(unknown)}.",) if unknown else ()
    return [
        Table(
            f"Spread between the members: largest minus smallest probability of each radiograph. {stamp(run.metrics)}.",
            heads("Finding", "Half up to", "90 % up to", "Largest"),
            tuple(rows),
            (
                "The column LABEL_spread of xraykit predict gives it for each radiograph. It is no "
                "confidence interval: all members may be wrong together.",
                *few,
            ),
        )
    ]


def _spread_cells(each: SpreadFacts) -> tuple[Cell, ...]:
    return tuple(Cell(DASH if value is None else number(value, 2)) for value in (each.median, each.p90, each.largest))
