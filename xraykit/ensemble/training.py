"""Training the members of an ensemble: one after the other, or several at a time in processes of their own.

Members with a common test part are evaluated on it later, when the decision rule of the ensemble is final.
"""

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras

from xraykit.config import Experiment
from xraykit.data import SealedData, describe_briefly, load_sealed
from xraykit.ensemble.members import Member
from xraykit.errors import CheckpointError, DataError, XraykitError
from xraykit.model import backend
from xraykit.pipeline import about_run, evaluate_trained, record_identity, train_and_evaluate, train_sealed
from xraykit.runs import RunFolder, recorded
from xraykit.tracking import State, Tracker
from xraykit.workers import POLL_SECONDS, Crew, Share, Worker, shares

logger = logging.getLogger(__name__)

MODULE = "xraykit.ensemble.worker"


def train_members(
    experiment: Experiment,
    members: Sequence[Member],
    folder: RunFolder,
    tracker: Tracker,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """Train the members that are not trained; those that were stopped continue from their last whole epoch.

    Args:
        experiment: Of the ensemble; ``training.workers`` of them are trained at a time.
        members: All members.
        folder: The ensemble's run.
        tracker: Its children are the members.
        callbacks: Of each training in this process.

    Raises:
        XraykitError: a member failed; the message names it. The others keep what they have.
    """
    left = [member for member in members if not member.is_trained(folder.path)]
    if len(left) < len(members):
        logger.info("Members: %d of %d are finished.", len(members) - len(left), len(members))
    ends: dict[str, tuple[State, str | None]] = {
        member.name: ("interrupted", "its process ended") for member in left if member.folder(folder.path).path.exists()
    }
    tracker.end_orphans(ends)
    _make(folder.members)
    if experiment.training.workers > 1 and len(left) > 1:
        _in_processes(experiment, left, members, folder, tracker)
        return
    for member in left:
        logger.info("Member %s, %d of %d.", member.name, members.index(member) + 1, len(members))
        train_member(member, folder.path, tracker, callbacks)
        # Nothing of a network that was trained before is kept in memory.
        keras.backend.clear_session()


def train_member(
    member: Member, run: Path, tracker: Tracker, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> None:
    """Train and pack one member in its own folder, as an ordinary run without a report, and evaluate it.

    One that :attr:`~.Member.waits` is evaluated by :func:`evaluate_member`.

    Args:
        member: The member.
        run: The ensemble's run folder.
        tracker: Its child is the member.
        callbacks: Of the training.

    Raises:
        XraykitError: it failed, or another process works on it.
    """
    _make(member.folder(run).path)
    with _opened(member, run) as (experiment, folder, data):
        with tracker.child(member.name, on_started=lambda begun: folder.write_record({"tracking_run": begun})) as child:
            child.log_parameters(experiment.shown())
            about = about_run(data.parts)
            child.set_tags({**about, "xraykit.member": member.name, "split": str(data.parts.split)})
            folder.write_record({"finished": False, "split": data.parts.split.as_values(), **about})
            if member.waits:
                train_sealed(experiment, data, folder, child, callbacks)
            else:
                train_and_evaluate(experiment, data, folder, child, callbacks=callbacks, pages=False)
        if not member.waits:
            folder.write_record({"finished": True})
        # A trained member is never continued, and an ensemble has many.
        shutil.rmtree(folder.checkpoints, ignore_errors=True)


def evaluate_members(members: Sequence[Member], folder: RunFolder, tracker: Tracker) -> None:
    """Evaluate the members that waited for the decision rule of the ensemble, unless they are finished.

    Args:
        members: All members, trained.
        folder: The ensemble's run.
        tracker: See :func:`train_members`.

    Raises:
        XraykitError: a file of a member is damaged, or data or disk failed.
    """
    for member in members:
        if not member.is_finished(folder.path):
            logger.info("Member %s predicts the test part.", member.name)
            _evaluate_member(member, folder.path, tracker)
            keras.backend.clear_session()


def _evaluate_member(member: Member, run: Path, tracker: Tracker) -> None:
    with _opened(member, run) as (experiment, folder, data):
        known = folder.read_record().get("tracking_run")
        with tracker.child(member.name, known) as child:
            evaluate_trained(experiment, data, folder, child)
        folder.write_record({"finished": True})
        # They are in its table of predictions.
        folder.validation.unlink(missing_ok=True)


@contextmanager
def _opened(member: Member, run: Path) -> Iterator[tuple[Experiment, RunFolder, SealedData]]:
    """Its experiment with absolute paths, its folder, which is claimed meanwhile, and its data, which are the same."""
    folder = member.folder(run)
    facts = backend.describe(), backend.accelerators()
    with folder.claimed(), _naming(member), recorded(folder, member.experiment, *facts):
        if not folder.experiment.is_file():
            folder.write_experiment(member.experiment)
        experiment = member.experiment.with_absolute_paths()
        data = load_sealed(experiment.data, experiment.split_seed)
        logger.info("%s", describe_briefly(data.parts))
        _share_salt(RunFolder(run), folder)
        record_identity(experiment, data.parts, folder)
        yield experiment, folder, data


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be created: {error.strerror}. Free some space there.") from error


@contextmanager
def _naming(member: Member) -> Iterator[None]:
    """Errors name the member that failed; those of a checkpoint name its folder."""
    try:
        yield
    except CheckpointError:
        raise
    except XraykitError as error:
        raise type(error)(f"Member {member.name}: {error}") from error


def _share_salt(run: RunFolder, member: RunFolder) -> None:
    """The hash of a patient is the same in the tables of all members (``data.patient_ids: hash``)."""
    if run.patient_salt.is_file() and not member.patient_salt.is_file():
        member.write_salt(run.patient_salt.read_text(encoding="utf-8").strip())


def _in_processes(
    experiment: Experiment, left: Sequence[Member], members: Sequence[Member], folder: RunFolder, tracker: Tracker
) -> None:
    """Each process trains one member and ends; then its share of the machine serves the next one."""
    workers = min(experiment.training.workers, len(left))
    waiting, free, running = list(left), list(shares(workers)), list[tuple[Member, Worker]]()
    done = len(members) - len(left)
    logger.info("%d members are trained at a time; each writes to %s.", workers, folder.members / "NAME" / "train.log")
    afterwards = "it continues from its last whole epoch"
    with Crew(MODULE, work="ensemble", afterwards=afterwards, key="training.workers") as crew:
        while waiting or running:
            while waiting and free:
                running.append(_started(crew, experiment, waiting.pop(0), free, folder, tracker))
            time.sleep(POLL_SECONDS)
            for member, worker in [each for each in running if not crew.lives(each[1])]:
                running.remove((member, worker))
                free.append(worker.share)
                done += 1
                logger.info("Member %s is finished: %d of %d.", member.name, done, len(members))


def _started(
    crew: Crew, experiment: Experiment, member: Member, free: list[Share], folder: RunFolder, tracker: Tracker
) -> tuple[Member, Worker]:
    path = member.folder(folder.path).path
    _make(path)
    job = {
        "experiment": experiment.values(),
        "folder": str(folder.path.absolute()),
        "member": member.name,
        "run": tracker.run_id,
    }
    return member, crew.start(f"Member {member.name}", free.pop(0), path / "train.log", job)
