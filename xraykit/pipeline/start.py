"""The start of a run: what is logged of its data, the record of what it is, and its tracker."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from xraykit.config import Experiment
from xraykit.data import (
    Parts,
    SealedData,
    describe_briefly,
    describe_understood,
    load_sealed,
    reading_facts,
    remarks,
    respellings,
)
from xraykit.evaluation.predictions import label_warnings
from xraykit.model import backend
from xraykit.pipeline.data import split_table
from xraykit.pipeline.tracked import commit_of, dataset_of, describe_start, run_name
from xraykit.runs import RunFolder, check_run, recorded, run_identity
from xraykit.tracking import Tracker, open_trackers
from xraykit.version import VERSION

logger = logging.getLogger(__name__)


@contextmanager
def begun_run(
    experiment: Experiment, folder: RunFolder | None, data: SealedData | None
) -> Iterator[tuple[Experiment, RunFolder, SealedData]]:
    """While a run is going on, its folder is claimed: experiment with absolute paths, folder and data.

    Args:
        experiment: Of the run.
        folder: Where results go; None: a new ``output.root/NAME/TIMESTAMP``.
        data: The experiment's data, if they were loaded before.

    Raises:
        CheckpointError: the folder is that of another experiment, or of other data.
        DataError: the data are invalid.
    """
    folder = folder or RunFolder.begin(experiment)
    with folder.claimed(), recorded(folder, experiment, backend.describe(), backend.accelerators()):
        if not folder.experiment.is_file():
            folder.write_experiment(experiment)
        # All steps of a run mean the same files, even if the working directory changes meanwhile.
        experiment = experiment.with_absolute_paths()
        data = data or load_sealed(experiment.data, experiment.split_seed)
        log_data(experiment, data.parts)
        record_identity(experiment, data.parts, folder)
        yield experiment, folder, data


def log_data(experiment: Experiment, parts: Parts) -> None:
    """Log the size of each part, and warn of cells and labels that will limit the results."""
    logger.info(describe_briefly(parts))
    for understood in parts.catalog_of("train").all_understood():
        logger.info("\n".join(describe_understood(understood)))
    facts = reading_facts(parts.catalog_of("train"))
    for remark in remarks(facts):
        logger.warning(remark)
    if respellings(facts):
        logger.info(respellings(facts))
    for warning in label_warnings(parts, experiment.evaluation.min_positive_patients):
        logger.warning("%s", warning)
    for path, key in experiment.without_effect.items():
        logger.warning("%s has no effect with %s.", path, key)


def record_identity(experiment: Experiment, parts: Parts, folder: RunFolder) -> None:
    """Record what this run is and how its data are divided, or check that it still is what was recorded.

    Raises:
        CheckpointError: it is another experiment, or has other data.
    """
    record, found = folder.read_record(), run_identity(experiment, parts)
    check_run(record, found, folder.path, begun=folder.history.is_file())
    if "identity" not in record:
        folder.write_record({"identity": found})
    if not folder.split.is_file():
        folder.write_table(folder.split, split_table(experiment, parts, folder))


def open_run_tracker(
    experiment: Experiment, parts: Parts, folder: RunFolder, run_id: str | None = None, *, later: bool = False
) -> Tracker:
    """The tracker of a run, with parameters and tags.

    Args:
        experiment: Of the run.
        parts: Its parts, sealed or not.
        folder: Its folder, which records the tracker's run.
        run_id: The tracker's run that the trials of its search belong to, if there is one.
        later: See :func:`xraykit.tracking.open_trackers`; the record names the tracker's run once it is known.
    """
    known = folder.read_record().get("tracking_run")
    about = about_run(parts)
    folder.write_record({"tracking_run": known, "finished": False, "split": parts.split.as_values(), **about})
    tracker = open_trackers(
        experiment,
        folder.path,
        run_name=run_name(experiment, folder),
        commit=commit_of(folder),
        resume_run_id=known or run_id,
        on_started=lambda started: folder.write_record({"tracking_run": started}),
        later=later,
    )
    if run_id is None or tracker.run_id != run_id:
        # A run that another process started already has its parameters, which cannot be changed in MLflow.
        tracker.log_parameters(experiment.shown())
        tracker.describe(describe_start(experiment, parts, folder))
    tracker.set_tags({**about, "split": str(parts.split)})
    tracker.log_dataset(dataset_of(experiment, parts))
    return tracker


def about_run(parts: Parts) -> dict[str, str]:
    """What a run's record and its tracker name: data, version and framework."""
    return {"data_fingerprint": parts.fingerprint, "xraykit": VERSION, **backend.describe()}
