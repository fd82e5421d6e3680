"""Tracking: parameters, metrics and results of a training, in MLflow, TensorBoard, Weights & Biases, or not at all.

A tracker that fails or goes away costs a warning, never the training: see :mod:`xraykit.tracking.delivery` for MLflow
and :mod:`xraykit.tracking.lane` for the others. Their packages are imported only where something is tracked with them.
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
    from xraykit.tracking.opening import join_trackers as join_trackers
    from xraykit.tracking.opening import open_trackers as open_trackers
    from xraykit.tracking.several import SeveralTrackers as SeveralTrackers
    from xraykit.tracking.store import chosen_uri as chosen_uri
    from xraykit.tracking.tracker import Dataset as Dataset
    from xraykit.tracking.tracker import NoTracker as NoTracker
    from xraykit.tracking.tracker import State as State
    from xraykit.tracking.tracker import Tracker as Tracker
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
