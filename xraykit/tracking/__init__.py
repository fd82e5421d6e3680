"""Tracking: parameters, metrics and results of a training, recorded in MLflow or not at all.

A tracking store that goes away costs a warning, never the training: see :mod:`xraykit.tracking.delivery`.
MLflow is imported by :func:`open_tracker` alone, and only if something is tracked.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.system import masked as masked
    from xraykit.tracking.mlflow_tracker import MlflowTracker as MlflowTracker
    from xraykit.tracking.mlflow_tracker import join_run as join_run
    from xraykit.tracking.mlflow_tracker import open_tracker as open_tracker
    from xraykit.tracking.model_files import MLMODEL as MLMODEL
    from xraykit.tracking.model_files import check_mlmodel as check_mlmodel
    from xraykit.tracking.model_files import write_model_files as write_model_files
    from xraykit.tracking.store import chosen_uri as chosen_uri
    from xraykit.tracking.tracker import NoTracker as NoTracker
    from xraykit.tracking.tracker import State as State
    from xraykit.tracking.tracker import Tracker as Tracker
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
