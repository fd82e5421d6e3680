"""Training curves and search history."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from xraykit.report.blocks import Block, Cell, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.pages import embedded_png
from xraykit.report.wording import count, number
from xraykit.runs import EnsembleFacts, FinishedRun

_MOST_TRIALS = 25
_LEFT_OUT = ("seconds", "epochs", "reason", "again")


def training(run: FinishedRun, figures: Mapping[str, str]) -> Section:
    """The training curves."""
    if run.summary.ensemble is not None:
        return Section("training", "Training", [Text(_of_members(run.summary.ensemble))])
    if "training_curves" not in figures:
        missing = Missing(f"The training curves are missing: this run has no {run.files.history.name}.")
        return Section("training", "Training", [missing])
    best = run.metrics.get("validation") or {}
    words = (
        f"The weights are those of epoch {best['epoch']} of {best['epochs']}, the best on the validation part (macro "
        f"ROC AUC {number(best['roc_auc'])}). The epoch was chosen by this metric, which is therefore too good"
        f"{_of_the_test_part(run)}."
        if {"epoch", "epochs", "roc_auc"} <= set(best)
        else "The best epoch is marked."
    )
    epochs = len(run.history()) if run.files.history.is_file() else 0
    drawn = Picture(
        figures["training_curves"],
        f"Loss, validation macro ROC AUC and learning rate over {epochs} epochs.",
        f"Training and validation parts, split: {run.split}.",
    )
    return Section("training", "Training", [Text(words), drawn])


def _of_members(facts: EnsembleFacts) -> str:
    return (
        f"Each of the {len(facts.members)} networks was trained by itself; the weights are those of its best epoch on "
        f"its validation part. xraykit report with a member's folder, members/NAME, draws its training "
        f"curves."
    )


def _of_the_test_part(run: FinishedRun) -> str:
    met = (run.metrics.get("study") or {}).get("test_part_met", 1)
    if met > 1:
        return f"; winners of this search have used the test part {met} times, so that its metrics may be too"
    return "; the metrics of the test part, on which nothing was chosen, are not"


def search(run: FinishedRun) -> Section:
    """The history of the search, if there was one."""
    pictures = sorted(run.files.search.glob("*.png"))
    trials = run.trials()
    if trials is None and not pictures:
        return Section("search", "Search", [Missing("This run did not search for hyperparameters.")])
    study = run.metrics.get("study") or {}
    words = "All trials are scored on the validation part; the test part was not loaded during the search."
    if "test_part_met" in study:
        times = study["test_part_met"]
        words += f" Winners of this search have used the test part {'once' if times == 1 else f'{times} times'}."
    blocks: list[Block] = [Text(words)]
    for path in pictures:
        name = path.stem.replace("_", " ")
        blocks.append(Picture(embedded_png(path), f"Plot of the search: {name}.", f"{name.capitalize()}."))
    if trials is not None and not trials.empty:
        blocks.append(_trials(run, trials))
    return Section("search", "Search", blocks)


def _trials(run: FinishedRun, trials: pd.DataFrame) -> Table:
    shown = trials.drop(columns=[name for name in _LEFT_OUT if name in trials])
    few = shown.head(_MOST_TRIALS)
    note = f"The first {_MOST_TRIALS} of {count(len(trials))} trials; the others are in search/trials.csv."
    rows = [
        Row(_text(values[0]), tuple(Cell(_text(value)) for value in values[1:]))
        for values in few.itertuples(index=False, name=None)
    ]
    caption = f"Trials, scored on the validation part, split: {run.split}."
    columns = heads("trial", *map(str, shown.columns[1:]))
    return Table(caption, columns, tuple(rows), (note,) if len(trials) > len(few) else ())


def _text(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
