"""The chain from an experiment to a finished run: search, train, calibrate, evaluate, explain, pack, report."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from xraykit.config import Experiment
from xraykit.data import SealedData
from xraykit.errors import ExperimentError
from xraykit.pipeline.network import train_and_evaluate
from xraykit.pipeline.processes import join_others, share_folder, take_part
from xraykit.pipeline.start import begun_run, open_run_tracker
from xraykit.runs import FinishedRun, RunFolder, check_settings, continued
from xraykit.search import ExperimentSearch

logger = logging.getLogger(__name__)


class Run(FinishedRun):
    """A finished run; its metrics are empty if another process evaluates it: in a shared search, or as process 0."""


def load_run(path: str | Path) -> Run:
    """A finished run, from its folder.

    Raises:
        DataError: the folder is not that of a finished run, or its ``metrics.json`` is damaged.
    """
    return Run.open(path)


def run_experiment(
    experiment: Experiment,
    folder: RunFolder | None = None,
    *,
    data: SealedData | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Run an experiment from its label file to its report.

    Args:
        experiment: See :func:`xraykit.load_experiment`.
        folder: Where results go; left out, a new ``output.root/NAME/TIMESTAMP``.
        data: The experiment's data, if they were loaded before.
        callbacks: Keras callbacks of the training, called after each epoch was scored: ``logs`` has ``val_roc_auc``.
            One that sets ``self.model.stop_training = True`` ends the training. The trials of a search have none, the
            training of its winner has. Their own state is not in the checkpoints.

    Returns:
        The run; without metrics if another process evaluates it: in a search whose winner another machine trains, and
        in all but the first of several processes that train one network.

    Raises:
        XraykitError: the message says what was wrong and what to do.
    """
    if experiment.is_ensemble:
        raise ExperimentError("This experiment trains several networks. Run it with xraykit.run_experiment.")
    processes = join_others(experiment)
    if processes.number > 0:
        return Run(take_part(experiment, data, callbacks), {})
    with begun_run(experiment, folder, data) as (experiment, folder, data):
        if processes.count > 1:
            share_folder(folder.path)
        metrics = (_run_single if experiment.search is None else _run_search)(experiment, data, folder, callbacks)
        return Run(folder.path, metrics)


def resume(
    path: str | Path, overrides: Sequence[str] = (), *, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> Run:
    """Continue a run that was stopped or killed, from its last whole epoch.

    Args:
        path: Its run folder.
        overrides: Of ``tracking``, ``search.storage`` and ``search.workers``, as the run folder does not keep
            passwords; of ``data.root`` and ``data.cache``, where data were moved.
        callbacks: See :func:`run_experiment`; the run does not keep those of its start.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    return go_on(*continued(path, overrides), callbacks)


def go_on(
    folder: RunFolder,
    experiment: Experiment,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    run: Callable[..., Run] = run_experiment,
) -> Run:
    """Continue a run whose folder and experiment are known; see :func:`resume`.

    Args:
        folder: The run.
        experiment: Its experiment.
        callbacks: See :func:`run_experiment`.
        run: What runs an experiment, as :func:`run_experiment` does.
    """
    # Runs of earlier versions have no such mark.
    if folder.metrics.is_file() and folder.read_record().get("finished", True):
        check_settings(folder.read_record(), experiment, folder.path)
        logger.info("%s is finished; nothing is left to do.", folder.path)
        return Run.open(folder.path)
    return run(experiment, folder, callbacks=callbacks)


def _run_single(
    experiment: Experiment, data: SealedData, folder: RunFolder, callbacks: Sequence[keras.callbacks.Callback]
) -> Mapping[str, Any]:
    with open_run_tracker(experiment, data.parts, folder, later=True) as tracker:
        metrics = train_and_evaluate(experiment, data, folder, tracker, callbacks=callbacks)
    return _finished(folder, metrics)


def _run_search(
    experiment: Experiment, data: SealedData, folder: RunFolder, callbacks: Sequence[keras.callbacks.Callback]
) -> Mapping[str, Any]:
    with ExperimentSearch(experiment, data.parts, folder) as search:
        run_id, begins = search.tracking_run()
        with open_run_tracker(experiment, data.parts, folder, run_id) as tracker:
            if begins:
                search.save_tracking_run(tracker.run_id)
            winner = search.winner(tracker)
            if winner is None:
                tracker.leave()
                return {}
            logger.info("Training the winner of the search.")
            metrics = train_and_evaluate(winner, data, folder, tracker, search.before_test, callbacks)
        return _finished(folder, metrics)


def _finished(folder: RunFolder, metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Mark a run as finished, after its results have reached the tracker."""
    folder.write_record({"finished": True})
    return metrics
