"""From an experiment with a search to its winner, alone or together with other machines."""

import logging
import time
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Any

from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.errors import XraykitError
from xraykit.runs import RunFolder, check_same
from xraykit.search import Study, TrialRecord, done, open_study, result_of
from xraykit.search.results.files import write_results, write_winner
from xraykit.search.study_facts import StudyFacts
from xraykit.search.study_record import StudyRecord
from xraykit.search.study_setup import StudySetup
from xraykit.search.trial_training import TrialTraining, after_trial, end_orphans, track_best
from xraykit.search.winner_folder import is_complete, name_of, read_winner, save_winner, was_deleted
from xraykit.search.workers.pool import Workers, check_importable
from xraykit.system import masked
from xraykit.tracking import Tracker, chosen_uri
from xraykit.training import load_training_data

logger = logging.getLogger(__name__)

WAIT_SECONDS = 60


class ExperimentSearch:
    """The search of one experiment, as one command takes part in it.

    A context manager: the study is opened when it is first needed, once, and stays open until the end. A database that
    is away for a while in between, such as during the winner's training, is waited for.

    Args:
        experiment: With its search.
        parts: With a sealed test part.
        folder: The run folder of this command.

    Raises:
        ExperimentError: worker processes cannot import what the experiment names.
    """

    def __init__(self, experiment: Experiment, parts: Parts, folder: RunFolder) -> None:
        if experiment.search is not None and experiment.search.workers > 1:
            check_importable(experiment)
        self._experiment = experiment
        self._parts = parts
        self._folder = folder
        self._setup = StudySetup.of(experiment, parts)
        self._search = self._setup.search
        self._record = StudyRecord(self._setup)
        self._run = name_of(folder)
        self._tracker: Tracker | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "ExperimentSearch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    @cached_property
    def _study(self) -> Study:
        """If the search was complete before, the database's address is known to work: opening it waits for it."""
        report = after_trial(self._setup)

        def ended(trial: TrialRecord, trials: tuple[TrialRecord, ...]) -> None:
            report(trial, trials)
            self._track(trials)

        plan = self._setup.plan(ended, patient=is_complete(self._folder))
        study = self._stack.enter_context(open_study(plan))
        self._record.check(study.trials())
        return study

    @property
    def _facts(self) -> StudyFacts:
        return StudyFacts(self._study)

    def winner(self, tracker: Tracker) -> Experiment | None:
        """Start or continue the search, and return the experiment to train.

        Returns:
            The winner; ``None`` if another process that took part trains it.

        Raises:
            XraykitError: no trial completed, or the study cannot be used.
        """
        if is_complete(self._folder):
            return self._read_winner()
        self._work(tracker)
        trials = self._study.trials()
        trainer = self._facts.claim_winner(done(trials), self._run)
        self._write_results(trials, tracker, final=True)
        if trainer == self._run or was_deleted(trainer):
            save_winner(self._setup, result_of(self._search, trials), self._folder, tracker)
            return self._read_winner()
        logger.info(
            "The study is complete. %s trains its winner. If that run did not finish, continue it there with --resume. "
            "To train the winner again, run %s.",
            trainer,
            self._folder.best_experiment,
        )
        return None

    def tracking_run(self) -> tuple[str | None, bool]:
        """The tracker's run that this study's trials belong to.

        Returns:
            Its name, if the study has one to continue, and whether this process is to start one.
        """
        if self._experiment.tracking.mlflow_uri is None:
            # Nobody starts one, so nobody must be waited for.
            return None, False
        if done(self._study.trials()) >= self._search.n_trials:
            return None, False
        known = self._facts.tracking_run(self._store)
        if known is not None:
            return known, False
        starter = self._facts.claim_tracking_run(self._store, self._run)
        return (None, True) if starter == self._run else (self._wait_for_tracking_run(), False)

    def save_tracking_run(self, name: str | None) -> None:
        """Publish to the other processes which of the tracker's runs the trials belong to."""
        if name is not None:
            self._facts.save_tracking_run(self._store, name)

    def before_test(self) -> dict[str, Any]:
        """Record that a winner of this study is scored on the test part, before that happens.

        Returns:
            For ``metrics.json``: the study, and how many of its winners were scored on the test
            part, this one included.
        """
        trials = self._study.trials()
        self._record.check(trials)
        self._facts.save_scored_winner(self._run)
        count = self._record.save_use(self._run, {each.run: each.at for each in self._facts.scored_winners()})
        if count > 1:
            logger.warning(
                "%d winners of this study have now been scored on the test part. Metrics chosen from several of them "
                "are too good; report the first.",
                count,
            )
        return {"study": {"name": self._setup.name, "trials": done(trials), "test_part_met": count}}

    @property
    def _store(self) -> str:
        """The tracking store: another one has another run."""
        uri = chosen_uri(self._experiment.tracking.mlflow_uri or "none")
        return masked(uri if uri != "auto" else f"auto {self._setup.folder.resolve()}")

    def _wait_for_tracking_run(self) -> str | None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(1)
            known = self._facts.tracking_run(self._store)
            if known is not None:
                return known
        return None

    def _check_pictures(self) -> None:
        """A study continues on other machines and later: all must see the same pictures.

        Not checked where the picture size is searched for, as pictures would be decoded at a size that no trial needs.
        """
        if "data.image_size" in self._search.space:
            return
        found = load_training_data(self._setup.trial_experiment, self._parts).contents
        recorded = self._study.remember("pictures", found)
        check_same({"pictures": recorded}, {"pictures": found}, f"The study {self._setup.name}")

    def _work(self, tracker: Tracker) -> None:
        self._check_pictures()
        self._tracker = tracker
        try:
            if self._search.workers > 1:
                folder = self._folder.path
                Workers(self._experiment, self._setup, tracker.run_id, folder, self._track).work(self._study)
            else:
                self._study.work(TrialTraining(self._setup, self._parts, tracker))
        except KeyboardInterrupt:
            try:
                self._write_results(self._study.trials(), tracker, final=False)
            except XraykitError as error:
                logger.warning("The table of the search's trials is not written: %s", error)
            raise

    def _track(self, trials: tuple[TrialRecord, ...]) -> None:
        if self._tracker is not None:
            track_best(self._tracker, self._setup, trials)

    def _write_results(self, trials: tuple[TrialRecord, ...], tracker: Tracker, *, final: bool) -> None:
        self._setup.delete_unneeded_checkpoints(trials)
        end_orphans(tracker, trials)
        write_results(self._setup, trials, self._folder)
        if any(trial.state == "complete" for trial in trials):
            result = result_of(self._search, trials)
            logger.info("%s", write_winner(self._setup, result, self._folder, final=final))
        else:
            logger.info("No trial has completed yet.")

    def _read_winner(self) -> Experiment:
        return read_winner(self._folder, self._experiment.tracking.uri)
