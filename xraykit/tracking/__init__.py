"""Tracking: what a training was, how it went and what came of it, written to MLflow or to nothing.

A tracking store that goes away costs a warning, never the training: see :mod:`xraykit.tracking.delivery`.
MLflow is imported by :func:`open_tracker` alone, and only if something is tracked.
"""

from xraykit.system.redaction import masked
from xraykit.tracking.mlflow_tracker import MlflowTracker, join_run, open_tracker
from xraykit.tracking.tracker import NoTracker, State, Tracker

__all__ = ["MlflowTracker", "NoTracker", "State", "Tracker", "join_run", "masked", "open_tracker"]
