"""A second look: where model and label disagree most confidently, and the figures once a radiologist has looked.

Importing this package is cheap, so that the command tells a mistake before anything heavy is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system.lazy import on_demand

if TYPE_CHECKING:
    from xraykit.worklist.finished import FinishedRun, finished_run
    from xraykit.worklist.ranking import COLUMNS, disagreements
    from xraykit.worklist.remade import Remade, remake_figures
    from xraykit.worklist.review import Corrections, apply_corrections, read_corrections
    from xraykit.worklist.writing import write_worklist

_MODULE_OF = {
    "COLUMNS": "ranking",
    "Corrections": "review",
    "FinishedRun": "finished",
    "Remade": "remade",
    "apply_corrections": "review",
    "disagreements": "ranking",
    "finished_run": "finished",
    "read_corrections": "review",
    "remake_figures": "remade",
    "write_worklist": "writing",
}

__all__ = [
    "COLUMNS",
    "Corrections",
    "FinishedRun",
    "Remade",
    "apply_corrections",
    "disagreements",
    "finished_run",
    "read_corrections",
    "remake_figures",
    "write_worklist",
]

__getattr__ = on_demand(__name__, _MODULE_OF)
