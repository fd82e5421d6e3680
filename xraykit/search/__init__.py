"""Hyperparameter search over one engine-neutral space, run by Optuna or Keras Tuner, scored on validation alone."""

from xraykit.search.objective import Objective, SearchResult, TrialPruned, TrialRecord, TrialReporter
from xraykit.search.results.table import write_trials
from xraykit.search.space import suggest
from xraykit.search.study import Fact, Study, StudyPlan, done, open_study, study_name
from xraykit.search.winner import pareto_front, result_of, rule

__all__ = [
    "Fact",
    "Objective",
    "SearchResult",
    "Study",
    "StudyPlan",
    "TrialPruned",
    "TrialRecord",
    "TrialReporter",
    "done",
    "open_study",
    "pareto_front",
    "result_of",
    "rule",
    "study_name",
    "suggest",
    "write_trials",
]
