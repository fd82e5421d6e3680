"""Hyperparameter search over one engine-neutral space, run by Optuna or Keras Tuner, scored on validation alone."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.search.experiment_search import ExperimentSearch as ExperimentSearch
    from xraykit.search.objective import Objective as Objective
    from xraykit.search.objective import SearchResult as SearchResult
    from xraykit.search.objective import TrialPruned as TrialPruned
    from xraykit.search.objective import TrialRecord as TrialRecord
    from xraykit.search.objective import TrialReporter as TrialReporter
    from xraykit.search.opening import open_study as open_study
    from xraykit.search.results.table import write_trials as write_trials
    from xraykit.search.space import suggest as suggest
    from xraykit.search.study import Fact as Fact
    from xraykit.search.study import Study as Study
    from xraykit.search.study import StudyPlan as StudyPlan
    from xraykit.search.study import done as done
    from xraykit.search.study import study_name as study_name
    from xraykit.search.winner import pareto_front as pareto_front
    from xraykit.search.winner import result_of as result_of
    from xraykit.search.winner import rule as rule
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
