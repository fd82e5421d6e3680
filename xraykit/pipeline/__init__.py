"""From an experiment to a finished run: search, train, calibrate, evaluate, explain, pack and report.

The module ``run`` contains the chain of these steps; each step is one call. Importing this package is cheap.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.pipeline.run import Run as Run
    from xraykit.pipeline.run import go_on as go_on
    from xraykit.pipeline.run import load_run as load_run
    from xraykit.pipeline.run import resume as resume
    from xraykit.pipeline.run import run_experiment as run_experiment
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
