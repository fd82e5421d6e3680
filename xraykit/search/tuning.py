"""From an experiment with a search to its winner, alone or together with other machines."""

import hashlib
import logging
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xraykit.config import Experiment, load_experiment
from xraykit.data import Parts
from xraykit.errors import CheckpointError, XraykitError
from xraykit.runs.folder import RunFolder
from xraykit.search import SearchResult, Study, TrialRecord, done, open_study, result_of
from xraykit.search.places import Places, origin_of
from xraykit.search.results.outcome import end_orphans, leave_behind, told, verdict
from xraykit.search.storage.ledger import Ledger
from xraykit.search.trial_training import TrialTraining
from xraykit.search.workers.pool import Workers, check_importable
from xraykit.system.files import sha256_of
from xraykit.system.redaction import masked
from xraykit.tracking import Tracker
from xraykit.tracking.store import chosen_uri

logger = logging.getLogger(__name__)

_TESTED = "test part met by "
WAIT_SECONDS = 60


class Tuning:
    """The search of one experiment, as one command takes part in it.

    Args:
        experiment: With its search.
        parts: With a sealed test part.
        folder: The run folder of this command.
    """

    def __init__(self, experiment: Experiment, parts: Parts, folder: RunFolder) -> None:
        if experiment.search is not None and experiment.search.workers > 1:
            check_importable(experiment)
        self._experiment = experiment
        self._parts = parts
        self._folder = folder
        self._places = Places.of(experiment, parts)
        self._search = self._places.search
        self._ledger = Ledger(self._places)
        self._was_open = folder.read_record().get("search") == "complete"
        self._me = f"{socket.gethostname()}:{folder.path.resolve()}"

    def winner(self, tracker: Tracker) -> Experiment | None:
        """Search, or go on with a search, and say what to train.

        Returns:
            The winner; ``None`` if another process that took part trains it.

        Raises:
            XraykitError: no trial completed, or the study cannot be used.
        """
        if self._folder.read_record().get("search") == "complete":
            return self._known_winner()
        with self._opened(told(self._places)) as study:
            self._work(study, tracker)
            trials = study.trials()
            trainer = study.remember(f"winner of {done(trials)} trials trained by", self._me)
        if trainer is None:
            logger.info("The study is complete. The chief has its results and trains its winner.")
            return None
        self._leave_behind(trials, tracker, final=True)
        if trainer == self._me or self._is_gone(str(trainer)):
            return self._take(result_of(self._search, trials), tracker)
        logger.info(
            "The study is complete, and its winner belongs to %s: if it did not finish there, go on with --resume. To "
            "train it once more, run %s.",
            trainer,
            self._folder.best_experiment,
        )
        return None

    def tracking_run(self) -> tuple[str | None, bool]:
        """The tracker's run that this study's trials belong to.

        Returns:
            Its name, if the study has one to go on with, and whether this process is the one to begin it.
        """
        if self._experiment.tracking.uri is None:
            # Nobody begins one, so nobody must be waited for.
            return None, False
        with self._opened() as study:
            facts = study.facts()
            if done(study.trials()) >= self._search.n_trials:
                return None, False
            known = facts.get(self._run_key)
            if known is not None:
                return str(known), False
            beginner = study.remember(f"{self._run_key} begun by", self._me)
        if beginner in (self._me, None):
            return None, beginner is not None
        return self._wait_for_run(), False

    def begin_run(self, run: str | None) -> None:
        """Tell the others which of the tracker's runs the trials belong to."""
        if run is not None:
            with self._opened() as study:
                study.remember(self._run_key, run)

    def before_test(self) -> dict[str, Any]:
        """Write down that a winner of this study meets the test part, before it does.

        Returns:
            For ``metrics.json``: the study, and how often winners of it have met the test part, this time included.
        """
        with self._opened() as study:
            when = datetime.now(timezone.utc).isoformat(timespec="seconds")
            study.remember(f"{_TESTED}{_short(self._me)}", f"{when} {self._me}")
            others = [str(fact) for key, fact in study.facts().items() if key.startswith(_TESTED)]
            trials = done(study.trials())
        met = self._ledger.note_use(self._me, {by: then for then, _, by in (each.partition(" ") for each in others)})
        if met > 1:
            logger.warning(
                "Winners of this study have now met the test part %d times. Figures chosen from several looks at the "
                "test part are too good; report the first.",
                met,
            )
        return {"study": {"name": self._places.name, "trials": trials, "test_part_met": met}}

    @property
    def _run_key(self) -> str:
        """Another tracking store has another run."""
        uri = chosen_uri(self._experiment.tracking.uri or "none")
        place = uri if uri != "auto" else f"auto {self._places.folder.resolve()}"
        return f"tracking run {_short(masked(place))}"

    def _wait_for_run(self) -> str | None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(1)
            with self._opened() as study:
                known = study.facts().get(self._run_key)
            if known is not None:
                return str(known)
        return None

    @contextmanager
    def _opened(self, *on_trial_end: Callable[[TrialRecord, tuple[TrialRecord, ...]], None]) -> Iterator[Study]:
        """The study; once it was open, opening it again has patience with its database."""
        with open_study(self._places.plan(*on_trial_end, patient=self._was_open)) as study:
            self._was_open = True
            if study.sees_all:
                self._ledger.check(study.trials())
            yield study

    def _work(self, study: Study, tracker: Tracker) -> None:
        try:
            if self._search.workers > 1:
                logs = self._folder.search / "logs"
                Workers(self._experiment, self._places, tracker.run_id, logs).work(study)
            else:
                study.work(TrialTraining(self._places, self._parts, tracker))
        except KeyboardInterrupt:
            try:
                self._leave_behind(study.trials(), tracker, final=False)
            except XraykitError as error:
                logger.warning("The table of the search's trials is not written: %s", error)
            raise

    def _leave_behind(self, trials: tuple[TrialRecord, ...], tracker: Tracker, *, final: bool) -> None:
        self._places.forget(trials)
        end_orphans(tracker, trials)
        completed = any(trial.state == "complete" for trial in trials)
        said = verdict(self._places, result_of(self._search, trials), final=final) if completed else None
        logger.info("%s", said or "No trial has completed yet.")
        leave_behind(self._places, trials, self._folder, said)

    def _is_gone(self, trainer: str) -> bool:
        """Whether the run folder that took the winner was on this machine and is there no more."""
        host, _, folder = trainer.partition(":")
        return host == socket.gethostname() and not Path(folder).is_dir()

    def _take(self, result: SearchResult, tracker: Tracker) -> Experiment:
        if self._search.winner == "checkpoint":
            checkpoints = self._places.checkpoints(origin_of(result.best))
            if checkpoints.is_dir():
                shutil.copytree(checkpoints, self._folder.checkpoints, dirs_exist_ok=True)
            else:
                logger.warning(
                    "The winner's weights are not in %s (another machine's disk?); it is trained again.", checkpoints
                )
        scores = {f"search/best_{name}": score for name, score in result.best.scores.items()}
        tracker.log_metrics({**scores, "search/trials": done(result.trials)})
        self._folder.write_record({"search": "complete", "winner": sha256_of(self._folder.best_experiment)})
        return self._known_winner()

    def _known_winner(self) -> Experiment:
        recorded, best = self._folder.read_record().get("winner"), self._folder.best_experiment
        # Versions up to 0.1 recorded no winner.
        if recorded is not None and (not best.is_file() or sha256_of(best) != recorded):
            raise CheckpointError(
                f"{best} is not the winner that the search found: it was changed or removed since. It is not trained "
                f"as the winner. Take the file from a copy of the run, or run the changed file as a new experiment."
            )
        return load_experiment(self._folder.best_experiment).with_values(
            {"tracking.uri": self._experiment.tracking.uri}
        )


def _short(text: str) -> str:
    """Databases hold the keys of facts short."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
