"""Hyperparameter search over one engine-neutral space, run by Optuna or Keras Tuner, scored on validation alone."""

from xraykit.search.drivers import run_search
from xraykit.search.objective import Objective, SearchResult, TrialPruned, TrialRecord, TrialReporter
from xraykit.search.space import suggest
from xraykit.search.table import write_trials

__all__ = [
    "Objective",
    "SearchResult",
    "TrialPruned",
    "TrialRecord",
    "TrialReporter",
    "run_search",
    "suggest",
    "write_trials",
]
