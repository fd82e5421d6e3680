"""The run folder: written, identified, continued and read."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.runs.contents import DataFacts as DataFacts
    from xraykit.runs.ensemble_contents import EnsembleFacts as EnsembleFacts
    from xraykit.runs.ensemble_contents import FoldLabel as FoldLabel
    from xraykit.runs.ensemble_contents import MemberFacts as MemberFacts
    from xraykit.runs.ensemble_contents import SpreadFacts as SpreadFacts
    from xraykit.runs.environment import EnvironmentRecord as EnvironmentRecord
    from xraykit.runs.evaluations.finished import FinishedEvaluation as FinishedEvaluation
    from xraykit.runs.evaluations.finished import is_evaluation as is_evaluation
    from xraykit.runs.evaluations.finished import open_finished as open_finished
    from xraykit.runs.finished import FinishedRun as FinishedRun
    from xraykit.runs.folder import RunFolder as RunFolder
    from xraykit.runs.identity import check_contents as check_contents
    from xraykit.runs.identity import check_data as check_data
    from xraykit.runs.identity import check_run as check_run
    from xraykit.runs.identity import check_same as check_same
    from xraykit.runs.identity import check_settings as check_settings
    from xraykit.runs.identity import recorded_bit_depth as recorded_bit_depth
    from xraykit.runs.identity import run_identity as run_identity
    from xraykit.runs.identity import training_identity as training_identity
    from xraykit.runs.predictions import KEY as KEY
    from xraykit.runs.predictions import read_frame as read_frame
    from xraykit.runs.predictions import read_predictions as read_predictions
    from xraykit.runs.predictions import same_names as same_names
    from xraykit.runs.predictions import write_predictions as write_predictions
    from xraykit.runs.recording import read_environment as read_environment
    from xraykit.runs.recording import recorded as recorded
    from xraykit.runs.reproduction import Reproduction as Reproduction
    from xraykit.runs.reproduction import compared_with as compared_with
    from xraykit.runs.reproduction import original_of as original_of
    from xraykit.runs.reproduction import record_reproduction as record_reproduction
    from xraykit.runs.reproduction_text import describe_reproduction as describe_reproduction
    from xraykit.runs.resuming import continued as continued
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
