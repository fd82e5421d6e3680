"""The one file of a Keras Tuner study: oracle, trials and records, replaced as a whole.

Keras Tuner's own ``Tuner`` builds and fits a model, catches whatever that raises and writes its files in place. Here
only its ``Oracle`` is asked, so that a trial is the same training as everywhere else, a programming error ends the
search as itself, and a process killed at any time leaves a study that can be read.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial

from xraykit.errors import XraykitError
from xraykit.search.objective import TrialRecord
from xraykit.search.strategies.keras_tuner_oracles import make_oracle
from xraykit.search.study import Fact, StudyPlan
from xraykit.system.atomic import write_atomically
from xraykit.system.json_files import read_json

_REMEDY = "Move it away to begin the search anew."


class StudyState:
    """What a study knows.

    Args:
        plan: Of the study.
        path: Its file; if there is one, the study goes on where it ends.

    Attributes:
        oracle: Keras Tuner's, with all trials that began.
        records: Number to record of the trials that ended for good.
        starts: Number to how often the trial began and was not given back.
        facts: What was remembered.
        clock: Seconds in which trials ran.

    Raises:
        XraykitError: the file is damaged.
    """

    def __init__(self, plan: StudyPlan, path: Path) -> None:
        self.oracle: Any = make_oracle(plan)
        self.records: dict[int, TrialRecord] = {}
        self.starts: dict[int, int] = {}
        self.facts: dict[str, Fact] = {}
        self.clock = Clock()
        self._path = path
        if path.exists():
            self._continue()

    def queue(self, trial_ids: list[str]) -> None:
        """Let trials be done again, the earliest first; Keras Tuner takes the last of its queue."""
        self.oracle._retry_queue += trial_ids
        self.oracle._retry_queue.sort(key=int, reverse=True)

    def save(self) -> None:
        """Write the file."""
        self.clock.run(bool(self.oracle.ongoing_trials))
        state = {
            "records": [asdict(self.records[number]) for number in sorted(self.records)],
            "starts": self.starts,
            "facts": self.facts,
            "seconds": self.clock.seconds,
            "oracle": self.oracle.get_state(),
            "trials": [trial.get_state() for trial in self.oracle.trials.values()],
        }
        write_atomically(self._path, json.dumps(state).encode())

    def _continue(self) -> None:
        """Go on where the file ends; trials that were running are the first to be run again."""
        try:
            saved = read_json(
                self._path, "a study that this search wrote", finite=False, remedy=_REMEDY, kind=XraykitError
            )
            self.records = {record["number"]: TrialRecord(**record) for record in saved["records"]}
            self.starts = {int(number): starts for number, starts in saved["starts"].items()}
            self.facts = dict(saved["facts"])
            self.clock = Clock(float(saved["seconds"]))
            oracle = saved["oracle"]
            running = list(oracle["ongoing_trials"].values())
            oracle["ongoing_trials"] = {}
            self.oracle.trials = {entry["trial_id"]: Trial.from_state(entry) for entry in saved["trials"]}
            self.oracle.set_state(oracle)
            self.queue(running)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise XraykitError(
                f"{self._path} cannot be used as a study. Expected: a file that this search wrote. "
                f"Received: {type(error).__name__}: {error}. {_REMEDY}"
            ) from error


class Clock:
    """Seconds during which at least one trial ran, over all starts of the study.

    Args:
        seconds: Of earlier starts.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)

    def run(self, running: bool) -> None:
        """Say whether a trial runs from now on."""
        self._before = self.seconds
        self._since = time.monotonic() if running else None
