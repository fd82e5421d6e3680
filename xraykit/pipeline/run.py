"""The chain from an experiment to a finished run: search, train, calibrate, evaluate, explain, pack, report."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from xraykit.config import Experiment
from xraykit.data import SealedData, load_boxes
from xraykit.errors import ExperimentError
from xraykit.evaluation.predictions import with_probabilities
from xraykit.pipeline.beginning import at_first_step
from xraykit.pipeline.calibration import fit_decision_rule
from xraykit.pipeline.data import odd_training_pictures, record_contents, unseal, with_patient_ids
from xraykit.pipeline.evaluation import evaluate_test_part
from xraykit.pipeline.explanation import explain
from xraykit.pipeline.packing import pack
from xraykit.pipeline.processes import join_others, share_folder, take_part
from xraykit.pipeline.reporting import epoch_recorder, track_results, write_data_facts, write_results
from xraykit.pipeline.start import begun_run, open_run_tracker
from xraykit.runs import FinishedRun, RunFolder, check_settings, continued
from xraykit.search import ExperimentSearch
from xraykit.system import Deferred
from xraykit.tracking import Tracker
from xraykit.training import trainer_for

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


def train_and_evaluate(
    experiment: Experiment,
    data: SealedData,
    folder: RunFolder,
    tracker: Tracker,
    before_unsealing: Callable[[], dict[str, Any]] = dict,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    pages: bool = True,
) -> dict[str, Any]:
    """Every step of a run without a search, in order; a training whose checkpoints are in ``folder`` continues.

    Args:
        experiment: Its search section is not read.
        data: With a sealed test part.
        folder: The run.
        tracker: Receives metrics and files besides the run folder.
        before_unsealing: Called before the test part is unsealed; its result is added to ``metrics.json``.
        callbacks: See :func:`run_experiment`.
        pages: Whether plots, worklist and report are written; a member of an ensemble has none.

    Returns:
        The content of ``metrics.json``.

    Raises:
        XraykitError: data, model, training or disk failed; the message says what to do.
    """
    # A wrong row of boxes or a wrong backbone is reported before hours of decoding and days of training.
    boxes = load_boxes(experiment.data)
    trainer = trainer_for(experiment, parts=data.parts)
    model = trainer.build()
    training_data = trainer.load()
    record_contents(training_data, folder)
    odd = Deferred(lambda: odd_training_pictures(training_data), "xraykit-odd-pictures")
    watched = at_first_step(trainer, tracker.begin, odd.begin)
    fit = trainer.fit(model, training_data, folder.checkpoints, epoch_recorder(folder, tracker), [*watched, *callbacks])
    validation = trainer.predict(model, training_data, "validation")
    rule = fit_decision_rule(experiment, validation, training_data)

    # The only place where the test part is unsealed: weights, calibration and thresholds are final from here on.
    search_facts = before_unsealing()
    opened = unseal(experiment, data, folder)
    test = trainer.predict(model, opened, "test")
    predictions = with_probabilities(pd.concat([validation, test], ignore_index=True), rule)
    predictions = with_patient_ids(experiment, predictions, folder)
    metrics = {**evaluate_test_part(experiment, predictions, rule, opened, fit), **search_facts}
    metrics |= explain(experiment, model, opened, predictions, rule, boxes, folder)

    pack(experiment, model, opened, rule, folder)
    write_data_facts(folder, opened, odd.result())
    metrics = write_results(experiment, opened, predictions, rule, fit, metrics, folder, pages=pages)
    track_results(tracker, folder, metrics)
    return metrics
