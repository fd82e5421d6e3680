"""From an experiment to its run folder: search, if one is asked for, then train, evaluate and explain the winner."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit.bundle import Classifier, load_model
from xraykit.config import Experiment
from xraykit.data import Parts, describe_briefly, load_parts, reading_facts, remarks, respellings
from xraykit.evaluation.predictions import label_warnings
from xraykit.model import backend
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import check_run, check_settings, run_identity
from xraykit.runs.predictions import read_frame, read_predictions
from xraykit.runs.resuming import continued
from xraykit.search.experiment_search import ExperimentSearch
from xraykit.tracking import Tracker, open_tracker
from xraykit.training import trainer_for
from xraykit.version import VERSION

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: Where everything is.
        metrics: The content of ``metrics.json``; empty if the winner of a shared search is trained elsewhere.
    """

    folder: Path
    metrics: Mapping[str, Any]

    def predictions(self) -> pd.DataFrame:
        """The table of ``predictions.csv``; see :func:`xraykit.runs.predictions.read_predictions`."""
        return read_predictions(RunFolder(self.folder).predictions, self.metrics)

    def history(self) -> pd.DataFrame:
        """One row per epoch."""
        return read_frame(RunFolder(self.folder).history, ("stage",))

    def classifier(self) -> Classifier:
        """The trained network, to predict with."""
        return load_model(self.folder)


def run_experiment(experiment: Experiment, folder: RunFolder | None = None, *, parts: Parts | None = None) -> Run:
    """Run an experiment from its label file to its figures.

    Args:
        experiment: See :func:`xraykit.load_experiment`.
        folder: Where results go; left out, a new ``output.root/NAME/TIMESTAMP``.
        parts: The experiment's parts with a sealed test part, if they were loaded before.

    Returns:
        The run; without metrics if it took part in a search whose winner another machine trains.

    Raises:
        XraykitError: the message says what was wrong, and what to do.
    """
    folder = folder or RunFolder.begin(experiment)
    with folder.claimed():
        return _run_claimed(experiment, folder, parts)


def _run_claimed(experiment: Experiment, folder: RunFolder, parts: Parts | None) -> Run:
    if not folder.experiment.is_file():
        folder.write_experiment(experiment)
    # Whatever changes the working directory meanwhile, all parts of a run mean the same files.
    experiment = experiment.with_absolute_paths()
    parts = parts or load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    logger.info(describe_briefly(parts))
    facts = reading_facts(parts.catalog_of("train"))
    for remark in remarks(facts):
        logger.warning(remark)
    if respellings(facts):
        logger.info(respellings(facts))
    for warning in label_warnings(parts, experiment.evaluation.min_positive_patients):
        logger.warning("%s", warning)
    _recognise(folder, experiment, parts)
    if experiment.search is not None:
        with ExperimentSearch(experiment, parts, folder) as search:
            return _search_and_train(experiment, search, parts, folder)
    with _tracker(experiment, parts, folder, None) as tracker:
        run = Run(folder.path, trainer_for(experiment, tracker, parts=parts).run(folder))
    return _finished(folder, run)


def _recognise(folder: RunFolder, experiment: Experiment, parts: Parts) -> None:
    """Record what this run is, or see that it still is what was recorded."""
    record, found = folder.read_record(), run_identity(experiment, parts)
    check_run(record, found, folder.path, begun=folder.history.is_file())
    if "identity" not in record:
        folder.write_record({"identity": found})


def _finished(folder: RunFolder, run: Run) -> Run:
    """Mark a run as finished: not before its results have reached the tracker."""
    folder.write_record({"finished": True})
    return run


def _search_and_train(experiment: Experiment, search: ExperimentSearch, parts: Parts, folder: RunFolder) -> Run:
    run_id, begins = search.tracking_run()
    with _tracker(experiment, parts, folder, run_id) as tracker:
        if begins:
            search.save_tracking_run(tracker.run_id)
        winner = search.winner(tracker)
        if winner is None:
            tracker.leave()
            return Run(folder.path, {})
        logger.info("Now the winner is trained.")
        trainer = trainer_for(winner, tracker, parts=parts, before_test=search.before_test)
        run = Run(folder.path, trainer.run(folder))
    return _finished(folder, run)


def resume(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """Go on with a run that was stopped or killed, from its last whole epoch.

    Args:
        path: Its run folder.
        overrides: Of ``tracking``, ``search.storage`` and ``search.workers``, as the run folder does not keep
            passwords; of ``data.root`` and ``data.cache``, where data were moved.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    return go_on(*continued(path, overrides))


def go_on(folder: RunFolder, experiment: Experiment) -> Run:
    """Go on with a run whose folder and experiment are known; see :func:`resume`."""
    # Runs of earlier versions have no such mark.
    if folder.metrics.is_file() and folder.read_record().get("finished", True):
        check_settings(folder.read_record(), experiment, folder.path)
        logger.info("%s is finished; nothing is left to do.", folder.path)
        return Run(folder.path, folder.read_metrics())
    return run_experiment(experiment, folder)


def _tracker(experiment: Experiment, parts: Parts, folder: RunFolder, run_id: str | None) -> Tracker:
    tracker = open_tracker(
        experiment.tracking.uri,
        root=Path(experiment.output.root),
        experiment=experiment.name,
        run_name=folder.path.name,
        resume_run_id=folder.read_record().get("tracking_run") or run_id,
    )
    if run_id is None or tracker.run_id != run_id:
        # A run that others began already has its parameters, which MLflow lets nobody change.
        tracker.log_parameters(experiment.shown())
    about = {"data_fingerprint": parts.fingerprint, "xraykit": VERSION, **backend.describe()}
    tracker.set_tags({**about, "split": str(parts.split)})
    folder.write_record({"tracking_run": tracker.run_id, "finished": False, "split": parts.split.as_values(), **about})
    return tracker
