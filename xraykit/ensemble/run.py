"""Running any experiment: one network, or an ensemble from its members to its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from xraykit.config import Experiment
from xraykit.data import SealedData, load_boxes, new_salt
from xraykit.ensemble.members import members_of
from xraykit.ensemble.results import evaluate_and_pack
from xraykit.ensemble.training import train_members
from xraykit.errors import ExperimentError
from xraykit.pipeline import Run, begun_run, join_others, open_run_tracker, record_contents
from xraykit.pipeline import go_on as go_on_with
from xraykit.pipeline import run_experiment as run_single
from xraykit.runs import RunFolder, continued
from xraykit.training import check_callbacks, load_training_data, trainer_for
from xraykit.workers import check_importable


def run_experiment(
    experiment: Experiment,
    folder: RunFolder | None = None,
    *,
    data: SealedData | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Run an experiment from its label file to its report.

    With ``data.split.method: folds`` or ``training.seeds`` above 1 several networks are trained, in ``members/`` of the
    run folder, and the run is that of the ensemble. Members that are finished are not trained again.

    Args:
        experiment: See :func:`xraykit.load_experiment`.
        folder: Where results go; left out, a new ``output.root/NAME/TIMESTAMP``.
        data: The experiment's data, if they were loaded before.
        callbacks: Keras callbacks of the training, called after each epoch was scored: ``logs`` has ``val_roc_auc``.
            One that sets ``self.model.stop_training = True`` ends the training. The trials of a search have none, the
            training of its winner has; each member of an ensemble has them. Their own state is not in the checkpoints.

    Returns:
        The run; without metrics if another process evaluates it: in a search whose winner another machine trains, and
        in all but the first of several processes that train one network.

    Raises:
        XraykitError: the message says what was wrong and what to do.
    """
    check_callbacks(callbacks)
    if not experiment.is_ensemble:
        return run_single(experiment, folder, data=data, callbacks=callbacks)
    join_others(experiment)
    if callbacks and experiment.training.workers > 1:
        raise ExperimentError(
            f"callbacks are objects of this process, and training.workers is {experiment.training.workers}: other "
            f"processes cannot call them. Set training.workers: 1."
        )
    if experiment.training.workers > 1:
        check_importable(experiment, "training.workers", experiment.training.workers)
    with begun_run(experiment, folder, data) as (experiment, folder, data):
        return Run(folder.path, _run_ensemble(experiment, data, folder, callbacks))


def resume(
    path: str | Path, overrides: Sequence[str] = (), *, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> Run:
    """Continue a run that was stopped or killed, from its last whole epoch; of an ensemble, that of each member.

    Args:
        path: Its run folder.
        overrides: Of ``tracking``, ``search.storage``, ``search.workers`` and ``training.workers``, as the run folder
            does not keep passwords; of ``data.root`` and ``data.cache``, where data were moved.
        callbacks: See :func:`run_experiment`; the run does not keep those of its start.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    return go_on(*continued(path, overrides), callbacks)


def go_on(folder: RunFolder, experiment: Experiment, callbacks: Sequence[keras.callbacks.Callback] = ()) -> Run:
    """Continue a run whose folder and experiment are known; see :func:`resume`."""
    return go_on_with(folder, experiment, callbacks, run=run_experiment)


def _run_ensemble(
    experiment: Experiment, data: SealedData, folder: RunFolder, callbacks: Sequence[keras.callbacks.Callback]
) -> dict[str, Any]:
    # What no member could be trained with is reported before the first one.
    boxes, members = load_boxes(experiment.data), members_of(experiment)
    trainer_for(experiment).build()
    training_data = load_training_data(experiment, data.parts)
    record_contents(training_data, folder)
    if experiment.data.patient_ids == "hash" and not folder.patient_salt.is_file():
        folder.write_salt(new_salt())
    with open_run_tracker(experiment, data.parts, folder) as tracker:
        train_members(experiment, members, folder, tracker, callbacks)
        metrics = evaluate_and_pack(experiment, members, data, training_data, boxes, folder, tracker)
    folder.write_record({"finished": True})
    return metrics
