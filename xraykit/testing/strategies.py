"""The contract of a search strategy, checked on a study with a toy objective."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError
from xraykit.search import StudyPlan, TrialRecord, TrialReporter, open_study
from xraykit.testing.contract import require

_SPACE = {
    "training.learning_rate": {"low": 1e-5, "high": 1e-1, "log": True},
    "training.batch_size": {"choices": [8, 16]},
}


def check_strategy(name: str, search: Mapping[str, Any] | None = None, n_trials: int = 6) -> tuple[TrialRecord, ...]:
    """Check that a registered search strategy keeps the contract.

    A study of ``n_trials`` trials is run on a toy objective, and is then continued by a second start: all trials have
    values of the space, and none is lost or added.

    Args:
        name: As in ``search.engine``.
        search: Further keys of the section ``search``; a small space, unless it has one.
        n_trials: Number of trials.

    Returns:
        The trials, for further checks.

    Raises:
        RegistryError: nothing is registered under ``name``, or the code of the strategy failed.
        ExperimentError: the contract is broken; the message says where.
    """
    values = {"space": _SPACE, **(search or {}), "engine": name}
    with tempfile.TemporaryDirectory() as folder:
        half = _run({**values, "n_trials": n_trials // 2}, Path(folder))
        _require(name, len(half) == n_trials // 2, f"ends after {len(half)} of {n_trials // 2} trials")
        trials = _run({**values, "n_trials": n_trials}, Path(folder))
    _require(name, len(trials) == n_trials, f"ends after {len(trials)} of {n_trials} trials of a continued study")
    before = [dict(trial.values) for trial in half]
    _require(name, [dict(trial.values) for trial in trials[: len(half)]] == before, "changes trials that ended")
    return trials


def _run(search: Mapping[str, Any], folder: Path) -> tuple[TrialRecord, ...]:
    section = load_experiment({"search": dict(search)}).search
    if section is None:
        raise ExperimentError("The section `search` is empty. Expected: a space. Give it one.")
    plan = StudyPlan(section, folder, "contract", seed=7, epochs=9)
    with open_study(plan) as study:
        study.work(_objective)
        return study.trials()


def _objective(values: Mapping[str, Any], reporter: TrialReporter) -> dict[str, float]:
    """Best, 1, at a learning rate of 1e-3."""
    score = 1 - (math.log10(values.get("training.learning_rate", 1e-3)) + 3) ** 2 / 16
    reporter.report(0, score)
    return {"macro_roc_auc": score}


def _require(name: str, kept: bool, broken: str) -> None:
    require(ExperimentError, f"The search engine {name!r}", kept, broken)
