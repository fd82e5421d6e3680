"""``--check``: the resolved experiment and what its data contain, before anything is trained.

Importing this package is cheap: typos in an experiment are reported before its data are read.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.check.experiment import check_experiment as check_experiment
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
