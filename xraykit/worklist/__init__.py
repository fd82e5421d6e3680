"""A second look: where model and label disagree most confidently, and the figures once a radiologist has looked.

Importing this package is cheap, so that the command tells a mistake before anything heavy is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.worklist.files import fresh_folder as fresh_folder
    from xraykit.worklist.files import new_folder as new_folder
    from xraykit.worklist.ranking import COLUMNS as COLUMNS
    from xraykit.worklist.ranking import disagreements as disagreements
    from xraykit.worklist.remade import Remade as Remade
    from xraykit.worklist.remade import remake_metrics as remake_metrics
    from xraykit.worklist.review import Corrections as Corrections
    from xraykit.worklist.review import apply_corrections as apply_corrections
    from xraykit.worklist.review import read_corrections as read_corrections
    from xraykit.worklist.writing import write_worklist as write_worklist
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
