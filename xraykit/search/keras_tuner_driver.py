"""The study as Keras Tuner runs it: its oracles say what to try next, the objective is called from here.

Keras Tuner's own ``Tuner`` builds and fits a model, catches whatever that raises and writes its files in place. Here
only its ``Oracle`` is asked, so that a trial is the same training as everywhere else, a programming error ends the
search as itself, and a process killed at any time leaves a study that can be read: oracle, trials and records are
one file, replaced as a whole.

Hyperband (Li et al. 2018) divides ``epochs`` itself: it starts many trials with few epochs, given to the objective as
``training.epochs``, and repeats the best ones with ``factor`` times as many, trained anew. How many trials one sweep
has follows from ``epochs`` and ``factor``; sweeps are repeated until ``search.n_trials`` trials have ended, be it in
the middle of one. No method prunes by what is reported.
"""

import json
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial, TrialStatus

from xraykit.config.search_section import Choices, Value
from xraykit.errors import ExperimentError, XraykitError
from xraykit.search.drivers import DRIVERS, StudyPlan
from xraykit.search.files import study_lock, write_atomically
from xraykit.search.keras_tuner_oracles import SCORE, make_oracle
from xraykit.search.objective import TrialRecord
from xraykit.search.space import Parameter, Space, assemble, parameters
from xraykit.search.trials import KILLED, MOST_RETRIES, Outcome, Reports, attempt

LOGGER = logging.getLogger(__name__)

EPOCHS_KEY = "training.epochs"


def run(plan: StudyPlan) -> tuple[TrialRecord, ...]:
    """Run a study with Keras Tuner; see :data:`xraykit.search.drivers.Driver`.

    The engine itself may end it early, when a random draw finds nothing but values that were tried.

    Raises:
        ExperimentError: Hyperband is asked to search ``training.epochs``, which it chooses itself.
        XraykitError: another process works on the study, or its file is damaged.
    """
    if plan.search.keras_tuner.method == "hyperband" and EPOCHS_KEY in plan.search.space:
        raise ExperimentError(
            f"search.space.{EPOCHS_KEY}: Hyperband chooses the epochs of each trial itself. Remove the key, or choose "
            "another search.keras_tuner.method."
        )
    path = _study_path(plan)
    with study_lock(path.with_suffix(".lock")) as lock:
        if lock.taken:
            raise XraykitError(f"Another process works on the study {path}. Wait for it, or stop it first.")
        study = _Study(plan, path)
        plan.begun(len(study.records))
        while len(study.records) < plan.search.n_trials and study.run_next():
            pass
        return study.trials()


def _study_path(plan: StudyPlan) -> Path:
    """Another method, or Hyperband with other epochs, is another study: their states do not fit each other."""
    settings = plan.search.keras_tuner
    divided = f"-{plan.epochs}-{settings.factor}" if settings.method == "hyperband" else ""
    return plan.folder / "keras_tuner" / f"{settings.method}{divided}-{plan.name}.json"


class _Study:
    """An oracle, and what became of each of its trials.

    Attributes:
        records: Number to record of the trials that ended for good.
    """

    def __init__(self, plan: StudyPlan, path: Path) -> None:
        self.records: dict[int, TrialRecord] = {}
        self._plan = plan
        self._path = path
        self._starts: dict[int, int] = {}
        self._oracle = make_oracle(plan)
        if path.exists():
            self._continue()

    def trials(self) -> tuple[TrialRecord, ...]:
        """The records by number."""
        return tuple(self.records[number] for number in sorted(self.records))

    def run_next(self) -> bool:
        """Run the oracle's next trial; ``False`` if it has none."""
        with _engine_warnings_ignored():
            trial = self._oracle.create_trial("tuner0")
        if trial.status != TrialStatus.RUNNING:
            LOGGER.info("the engine ended the study after %d trials: it finds no new values", len(self.records))
            return False
        number = int(trial.trial_id)
        self._count_start(number, 1)
        began = time.monotonic()
        reports = Reports(number, lambda epoch, score: None)
        values = _values(self._plan.search.space, trial)
        outcome = self._attempt(number, values, reports)
        seconds = round(time.monotonic() - began, 3)
        record = TrialRecord(number, outcome.state, values, outcome.score, reports.epochs, seconds, outcome.reason)
        self._end(trial, record)
        return True

    def _attempt(self, number: int, values: dict[str, Any], reports: Reports) -> Outcome:
        if self._starts[number] > MOST_RETRIES + 1:
            return Outcome("failed", None, KILLED)
        try:
            return attempt(self._plan.objective, values, reports)
        except BaseException:
            self._count_start(number, -1)
            raise

    def _count_start(self, number: int, change: int) -> None:
        """Only a killed process leaves a start that is not taken back."""
        self._starts[number] = self._starts.get(number, 0) + change
        self._save()

    def _end(self, trial: Trial, record: TrialRecord) -> None:
        trial.status = TrialStatus.FAILED if record.state != "complete" else TrialStatus.COMPLETED
        trial.message = record.reason
        with _engine_warnings_ignored():
            if record.state == "complete":
                self._oracle.update_trial(trial.trial_id, {SCORE: record.score})
            self._oracle.end_trial(trial)
        self.records[record.number] = record
        self._save()
        self._plan.ended(record, self.records.values(), len(self.records))

    def _save(self) -> None:
        state = {
            "records": [asdict(record) for record in self.trials()],
            "starts": self._starts,
            "oracle": self._oracle.get_state(),
            "trials": [trial.get_state() for trial in self._oracle.trials.values()],
        }
        write_atomically(self._path, json.dumps(state))

    def _continue(self) -> None:
        """Go on where the file ends; trials that were running are the first to be run again."""
        try:
            saved = json.loads(self._path.read_text(encoding="utf-8"))
            self.records = {record["number"]: TrialRecord(**record) for record in saved["records"]}
            self._starts = {int(number): starts for number, starts in saved["starts"].items()}
            state = saved["oracle"]
            state["retry_queue"] += state["ongoing_trials"].values()
            state["ongoing_trials"] = {}
            self._oracle.trials = {entry["trial_id"]: Trial.from_state(entry) for entry in saved["trials"]}
            self._oracle.set_state(state)
        except (ValueError, KeyError, TypeError) as error:
            raise XraykitError(
                f"{self._path} cannot be used as a study. Expected: a file that this search wrote. "
                f"Received: {type(error).__name__}: {error}. Move it away to begin the search anew."
            ) from error


def _values(space: Space, trial: Trial) -> dict[str, Any]:
    drawn = trial.hyperparameters.values
    known = {entry.name: _decoded(entry, drawn[entry.name]) for entry in parameters(space) if entry.name in drawn}
    values = assemble(space, known)
    if "tuner/epochs" in drawn:
        values[EPOCHS_KEY] = int(drawn["tuner/epochs"])
    return values


def _decoded(parameter: Parameter, value: Any) -> Value:
    return json.loads(value) if isinstance(parameter.domain, Choices) else value  # type: ignore[no-any-return]


@contextmanager
def _engine_warnings_ignored() -> Iterator[None]:
    """Deprecations inside Keras Tuner, and Gaussian processes that did not converge: no reader can act on them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


DRIVERS.add("keras_tuner", run)
