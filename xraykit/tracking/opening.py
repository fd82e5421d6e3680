"""From an experiment's section ``tracking`` to the trackers of a run."""

import os
from collections.abc import Callable
from pathlib import Path

from xraykit.config import Experiment
from xraykit.tracking.lane import Lane
from xraykit.tracking.mlflow_tracker import join_run, open_tracker
from xraykit.tracking.recorded import RecordedTracker, Recorder
from xraykit.tracking.several import SeveralTrackers
from xraykit.tracking.tensorboard_tracker import FOLDER, TensorboardRecorder
from xraykit.tracking.tracker import NoTracker, Tracker
from xraykit.tracking.wandb_tracker import WandbRecorder, without_places


def open_trackers(
    experiment: Experiment,
    folder: Path,
    *,
    run_name: str,
    commit: str | None = None,
    resume_run_id: str | None = None,
    on_started: Callable[[str], None] | None = None,
    later: bool = False,
) -> Tracker:
    """Start a run in each tracker of an experiment.

    Args:
        experiment: Of the run.
        folder: Its run folder.
        run_name: Of the run, unless its user has chosen another; see :func:`chosen_run_name`.
        commit: Of the git checkout that the run was started in, if it is one.
        resume_run_id: MLflow's run to continue.
        on_started: Called with MLflow's run id; see :func:`.open_tracker`.
        later: See :func:`.open_tracker`.

    Raises:
        ExperimentError: MLflow knows no such address, or its driver is not installed.
    """
    tracking = experiment.tracking
    chosen = chosen_run_name(experiment)
    found: list[Tracker] = []
    if tracking.mlflow_uri is not None:
        found.append(
            open_tracker(
                tracking.mlflow_uri,
                root=Path(experiment.output.root),
                experiment=mlflow_experiment(experiment),
                experiment_id=mlflow_experiment_id(experiment),
                run_name=chosen or run_name,
                named_by_user=chosen is not None,
                commit=commit,
                registered=tracking.registered_model,
                resume_run_id=resume_run_id or _given_run_id(),
                on_started=on_started,
                later=later,
            )
        )
    found += _recorded(experiment, folder, run_name, held=later, guest=False)
    return _as_one(found)


def join_trackers(experiment: Experiment, folder: Path, run_id: str | None) -> Tracker:
    """Join a run that another process started and will end, as the workers of a search do.

    Args:
        experiment: Of the run.
        folder: Its run folder.
        run_id: MLflow's run; where it is None, MLflow records nothing.

    Raises:
        ExperimentError: as :func:`open_trackers`.
    """
    found: list[Tracker] = []
    uri = experiment.tracking.mlflow_uri
    if uri is not None and run_id is not None:
        root = Path(experiment.output.root)
        known = mlflow_experiment_id(experiment)
        found.append(
            join_run(uri, root=root, experiment=mlflow_experiment(experiment), run_id=run_id, experiment_id=known)
        )
    return _as_one([*found, *_recorded(experiment, folder, folder.name, held=False, guest=True)])


def chosen_run_name(experiment: Experiment) -> str | None:
    """The name that the user gives a run: in the experiment, or else in the variable ``MLFLOW_RUN_NAME``."""
    return experiment.tracking.run_name or _variable("MLFLOW_RUN_NAME")


def mlflow_experiment(experiment: Experiment) -> str:
    """The name of MLflow's experiment: ``tracking.experiment``, ``MLFLOW_EXPERIMENT_NAME``, or ``name``."""
    return experiment.tracking.experiment or _variable("MLFLOW_EXPERIMENT_NAME") or experiment.name


def mlflow_experiment_id(experiment: Experiment) -> str | None:
    """``MLFLOW_EXPERIMENT_ID``, where neither the experiment nor ``MLFLOW_EXPERIMENT_NAME`` gives a name."""
    named = experiment.tracking.experiment or _variable("MLFLOW_EXPERIMENT_NAME")
    return None if named else _variable("MLFLOW_EXPERIMENT_ID")


def _given_run_id() -> str | None:
    """``MLFLOW_RUN_ID``, as ``mlflow run`` sets it; once, as in MLflow itself: a second run is another one."""
    return os.environ.pop("MLFLOW_RUN_ID", "").strip() or None


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _as_one(trackers: list[Tracker]) -> Tracker:
    if not trackers:
        return NoTracker()
    return trackers[0] if len(trackers) == 1 else SeveralTrackers(trackers)


def _recorded(experiment: Experiment, folder: Path, run_name: str, *, held: bool, guest: bool) -> list[Tracker]:
    recorders: dict[str, Recorder] = {}
    given = experiment.tracking.run_name
    for name in experiment.tracking.to:
        if name == "tensorboard":
            recorders["TensorBoard"] = TensorboardRecorder(folder / FOLDER, folder.name)
        elif name == "wandb":
            fixed = given or _variable("WANDB_NAME")
            recorders["Weights & Biases"] = WandbRecorder(
                folder, experiment.name, fixed or run_name, fixed=fixed is not None
            )
    return [
        RecordedTracker(recorder, Lane(name, lambda text: str(without_places(str(text)))[:300], held=held), guest=guest)
        for name, recorder in recorders.items()
    ]
