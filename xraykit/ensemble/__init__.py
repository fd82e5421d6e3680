"""Several networks as one: cross-validation and seeds, from their trainings to the metrics of the ensemble.

The module ``run`` contains the chain of steps, and the functions that run any experiment. Importing this package is
cheap.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.ensemble.members import Member as Member
    from xraykit.ensemble.members import members_of as members_of
    from xraykit.ensemble.run import go_on as go_on
    from xraykit.ensemble.run import resume as resume
    from xraykit.ensemble.run import run_experiment as run_experiment
    from xraykit.ensemble.summary import describe_ensemble as describe_ensemble
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
