"""The winner in the run folder that trains it: recorded, and read again by ``--resume``."""

import logging
import shutil
import socket
from pathlib import Path

from xraykit.config import Experiment, load_experiment
from xraykit.errors import CheckpointError
from xraykit.runs import RunFolder
from xraykit.search import SearchResult, done
from xraykit.search.study_setup import StudySetup, origin_of
from xraykit.system import sha256_of
from xraykit.tracking import Tracker

logger = logging.getLogger(__name__)


def name_of(folder: RunFolder) -> str:
    """The name of a run among all machines: ``HOST:FOLDER``."""
    return f"{socket.gethostname()}:{folder.path.resolve()}"


def was_deleted(run: str) -> bool:
    """Whether the run folder of this name (:func:`name_of`) was on this machine and no longer exists."""
    host, _, folder = run.partition(":")
    return host == socket.gethostname() and not Path(folder).is_dir()


def is_complete(folder: RunFolder) -> bool:
    """Whether the search of this run is complete and its winner is recorded."""
    return bool(folder.read_record().get("search") == "complete")


def save_winner(setup: StudySetup, result: SearchResult, folder: RunFolder, tracker: Tracker) -> None:
    """Record that this run trains the winner; with ``search.winner: checkpoint`` copy its trial's checkpoint.

    Args:
        setup: Of the study.
        result: Of the search; the winner's experiment file is written already.
        folder: The run folder.
        tracker: Is given the scores.
    """
    if setup.search.winner == "checkpoint":
        checkpoints = setup.checkpoints(origin_of(result.best))
        if checkpoints.is_dir():
            shutil.copytree(checkpoints, folder.checkpoints, dirs_exist_ok=True)
        else:
            logger.warning(
                "The winner's weights are not in %s (on another machine's disk?). The winner is trained again.",
                checkpoints,
            )
    scores = {f"search/best_{name}": score for name, score in result.best.scores.items()}
    tracker.log_metrics({**scores, "search/trials": done(result.trials)})
    folder.write_record({"search": "complete", "winner": sha256_of(folder.best_experiment)})


def read_winner(folder: RunFolder, tracking_uri: str | None) -> Experiment:
    """The recorded winner.

    Args:
        folder: The run folder.
        tracking_uri: ``tracking.uri`` of this run; the winner's file does not contain passwords.

    Raises:
        CheckpointError: the winner's experiment file was changed or removed since.
    """
    recorded, best = folder.read_record().get("winner"), folder.best_experiment
    # Versions up to 0.1 recorded no winner.
    if recorded is not None and (not best.is_file() or sha256_of(best) != recorded):
        raise CheckpointError(
            f"{best} is not the winner of the search: it was changed or removed. It is not trained as the winner. "
            f"Restore the file from a copy of the run, or run the changed file as a new experiment."
        )
    return load_experiment(best).with_values({"tracking.uri": tracking_uri})
