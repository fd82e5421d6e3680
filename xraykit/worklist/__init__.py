"""The worklist: cases in which model and label disagree most confidently, and the metrics after a radiologist's review.

Importing this package is cheap: the command reports mistakes before anything heavy is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.worklist.corrected_metrics import CorrectedMetrics as CorrectedMetrics
    from xraykit.worklist.corrected_metrics import metrics_with_corrections as metrics_with_corrections
    from xraykit.worklist.files import fresh_folder as fresh_folder
    from xraykit.worklist.files import new_folder as new_folder
    from xraykit.worklist.radiographs import radiographs_of as radiographs_of
    from xraykit.worklist.ranking import COLUMNS as COLUMNS
    from xraykit.worklist.ranking import disagreements as disagreements
    from xraykit.worklist.review import Corrections as Corrections
    from xraykit.worklist.review import apply_corrections as apply_corrections
    from xraykit.worklist.review import read_corrections as read_corrections
    from xraykit.worklist.writing import write_worklist as write_worklist
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
