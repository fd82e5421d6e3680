"""Running any experiment: one network, or an ensemble from its members to its report."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xraykit.config import Experiment
from xraykit.data import SealedData, load_boxes, load_sealed, new_salt
from xraykit.ensemble.members import members_of
from xraykit.ensemble.results import evaluate_and_pack
from xraykit.ensemble.training import train_members
from xraykit.pipeline import Run, log_data, open_run_tracker, record_contents, record_identity
from xraykit.pipeline import run_experiment as run_single
from xraykit.runs import RunFolder, check_settings, continued
from xraykit.training import load_training_data, trainer_for
from xraykit.workers import check_importable

logger = logging.getLogger(__name__)


def run_experiment(experiment: Experiment, folder: RunFolder | None = None, *, data: SealedData | None = None) -> Run:
    """Run an experiment from its label file to its report.

    With ``data.split.method: folds`` or ``training.seeds`` above 1 several networks are trained, in ``members/`` of the
    run folder, and the run is that of the ensemble. Members that are finished are not trained again.

    Args:
        experiment: See :func:`xraykit.load_experiment`.
        folder: Where results go; left out, a new ``output.root/NAME/TIMESTAMP``.
        data: The experiment's data, if they were loaded before.

    Returns:
        The run; without metrics if it took part in a search whose winner another machine trains.

    Raises:
        XraykitError: the message says what was wrong and what to do.
    """
    if not experiment.is_ensemble:
        return run_single(experiment, folder, data=data)
    if experiment.training.workers > 1:
        check_importable(experiment, "training.workers", experiment.training.workers)
    folder = folder or RunFolder.begin(experiment)
    with folder.claimed():
        if not folder.experiment.is_file():
            folder.write_experiment(experiment)
        # All steps of a run mean the same files, even if the working directory changes meanwhile.
        experiment = experiment.with_absolute_paths()
        data = data or load_sealed(experiment.data, experiment.split_seed)
        log_data(experiment, data.parts)
        record_identity(experiment, data.parts, folder)
        return Run(folder.path, _run_ensemble(experiment, data, folder))


def resume(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """Continue a run that was stopped or killed, from its last whole epoch; of an ensemble, that of each member.

    Args:
        path: Its run folder.
        overrides: Of ``tracking``, ``search.storage``, ``search.workers`` and ``training.workers``, as the run folder
            does not keep passwords; of ``data.root`` and ``data.cache``, where data were moved.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    return go_on(*continued(path, overrides))


def go_on(folder: RunFolder, experiment: Experiment) -> Run:
    """Continue a run whose folder and experiment are known; see :func:`resume`."""
    # Runs of earlier versions have no such mark.
    if folder.metrics.is_file() and folder.read_record().get("finished", True):
        check_settings(folder.read_record(), experiment, folder.path)
        logger.info("%s is finished; nothing is left to do.", folder.path)
        return Run.open(folder.path)
    return run_experiment(experiment, folder)


def _run_ensemble(experiment: Experiment, data: SealedData, folder: RunFolder) -> dict[str, Any]:
    # What no member could be trained with is reported before the first one.
    boxes, members = load_boxes(experiment.data), members_of(experiment)
    trainer_for(experiment).build()
    training_data = load_training_data(experiment, data.parts)
    record_contents(training_data, folder)
    if experiment.data.patient_ids == "hash" and not folder.patient_salt.is_file():
        folder.write_text(folder.patient_salt, new_salt() + "\n")
        folder.patient_salt.chmod(0o600)
    with open_run_tracker(experiment, data.parts, folder) as tracker:
        train_members(experiment, members, folder, tracker)
        metrics = evaluate_and_pack(experiment, members, data, training_data, boxes, folder, tracker)
    folder.write_record({"finished": True})
    return metrics
