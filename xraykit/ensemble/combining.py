"""From the predictions of the members to those of the ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.bundle import BundleFolder, read_decision_rule
from xraykit.config import OUT_OF_FOLD, Experiment
from xraykit.ensemble.members import Member
from xraykit.errors import DataError
from xraykit.evaluation import DecisionRule, alike_rules, combined_logits
from xraykit.evaluation.predictions import of_part
from xraykit.pipeline import sealed_predictions
from xraykit.runs import FinishedRun, RunFolder
from xraykit.system import counted


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished member.

    Attributes:
        member: The member.
        folder: Its run.
        rule: Its own decision rule, as in the ensemble: a label is calibrated by all members or by none.
        predictions: Its table of predictions, of its validation part and, unless that is still sealed, its test part.
    """

    member: Member
    folder: RunFolder
    rule: DecisionRule
    predictions: pd.DataFrame

    @property
    def finished(self) -> FinishedRun:
        """Its run, evaluated on its test part."""
        return FinishedRun.open(self.folder.path)

    def own_rule(self) -> DecisionRule:
        """Its own decision rule, as it was fitted."""
        return read_decision_rule(BundleFolder(self.folder.bundle), listed=True)

    def rows(self, part: str) -> pd.DataFrame:
        """Its predictions for one of its own parts, without probabilities."""
        rows = self.predictions[self.predictions["part"] == part].reset_index(drop=True)
        return rows.drop(columns=[name for name in rows if str(name).endswith("_probability")])


def trained_members(members: Sequence[Member], run: Path) -> tuple[Trained, ...]:
    """The trained members of a run.

    Raises:
        DataError: a file of a member is damaged.
        ModelError: a member's decision rule was changed.
    """
    folders = [member.folder(run) for member in members]
    rules = alike_rules([read_decision_rule(BundleFolder(folder.bundle), listed=True) for folder in folders])
    tables = [
        FinishedRun.open(folder.path).predictions() if member.is_finished(run) else sealed_predictions(folder)
        for member, folder in zip(members, folders, strict=True)
    ]
    return tuple(Trained(*each) for each in zip(members, folders, rules, tables, strict=True))


def untrained_by_any(members: Sequence[Trained]) -> dict[str, str]:
    """The labels that some member could not train, which the ensemble does not predict; each with the reason."""
    found: dict[str, str] = {}
    for each in members:
        for label, reason in each.rule.untrained.items():
            found.setdefault(label, f"Member {each.member.name}: {reason}")
    return found


def out_of_fold(members: Sequence[Trained]) -> pd.DataFrame:
    """The out-of-fold predictions: each radiograph of the folds once, by the members that are tested on its fold.

    The logits are the mean of the calibrated logits of these members, of which there is one for each seed.

    Returns:
        The table of predictions, without probabilities, with the part ``out_of_fold`` and the columns ``fold`` and
        ``members`` (names, joined by ``;``).

    Raises:
        DataError: the members of a fold were tested on other radiographs.
    """
    folds: dict[int, list[Trained]] = {}
    for each in members:
        if each.member.fold is not None:
            folds.setdefault(each.member.fold, []).append(each)
    tables = []
    for fold, of_fold in sorted(folds.items()):
        table = combined([each.rows("test") for each in of_fold], [each.rule for each in of_fold], OUT_OF_FOLD)
        names = ";".join(each.member.name for each in of_fold)
        table.insert(int(np.flatnonzero(table.columns == "part")[0]) + 1, "fold", str(fold))
        table.insert(int(np.flatnonzero(table.columns == "fold")[0]) + 1, "members", names)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def combined(tables: Sequence[pd.DataFrame], rules: Sequence[DecisionRule], part: str) -> pd.DataFrame:
    """One table of predictions, with the mean of the members' calibrated logits.

    Args:
        tables: Of each member, of the same radiographs.
        rules: The members' own, as :func:`trained_members` gives them.
        part: What the part of the new table is called.

    Raises:
        DataError: the tables are of other radiographs.
    """
    first, labels = tables[0], rules[0].labels
    logits = [of_part(_in_order(table, first), None, labels)[1] for table in tables]
    mean = combined_logits(rules, np.stack(logits))
    return first.assign(part=part, **{f"{label}_logit": mean[:, at] for at, label in enumerate(labels)})


def _in_order(table: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table in the order of another one."""
    if sorted(table["image"]) != sorted(first["image"]):
        raise DataError(
            f"The members of the ensemble predicted other radiographs: one {counted(len(first), 'radiograph')}, "
            f"another {counted(len(table), 'radiograph')}. Expected: the same ones. Data or cache changed between "
            f"the trainings; start a new run."
        )
    return table.set_index("image", drop=False).loc[first["image"].tolist()].reset_index(drop=True)


def fit_on_out_of_fold(experiment: Experiment, predictions: pd.DataFrame, untrained: Mapping[str, str]) -> DecisionRule:
    """Calibration and operating points of the ensemble, from out-of-fold predictions.

    Args:
        experiment: Its ``evaluation`` section is read.
        predictions: See :func:`out_of_fold`.
        untrained: Labels that the ensemble does not predict.
    """
    settings, labels = experiment.evaluation, experiment.data.labels
    targets, logits, patients = of_part(predictions, OUT_OF_FOLD, labels)
    return DecisionRule.fit(
        targets,
        logits,
        labels,
        method=settings.calibration,
        rules={label: settings.rule_of(label) for label in labels},
        fitted_on=f"out-of-fold predictions of {counted(len(targets), 'radiograph')} of "
        f"{counted(len(set(patients)), 'patient')}",
        patients=patients,
        min_patients=settings.min_positive_patients,
        untrained=untrained,
    )
