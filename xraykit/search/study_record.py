"""What is known of a study outside its database, so that an emptied or replaced database is noticed."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xraykit.errors import XraykitError
from xraykit.search import TrialRecord, done
from xraykit.search.study_setup import StudySetup
from xraykit.system import Each, Shape, counted, held_lock, json_text, masked, read_json, write_atomically

logger = logging.getLogger(__name__)

_RECORD: dict[str, Shape] = {"trials": int}
_USES: dict[str, Shape] = {"uses": Each(Each(str))}


class StudyRecord:
    """Two files: how many trials a study had, and which of its winners were scored on the test part.

    They are separate so that a search can be started again, by moving the first one away, without losing the second.
    A study in a database on a server has one such record in each output folder that takes part.

    Args:
        setup: Of the study.

    Attributes:
        trials_file: ``output.root/NAME/study/STUDY.record.json``.
        uses_file: ``output.root/NAME/test-part-uses.json``, for all studies of that name.
    """

    def __init__(self, setup: StudySetup) -> None:
        self._setup = setup
        self.trials_file = setup.folder / f"{setup.name}.record.json"
        self.uses_file = setup.folder.parent / "test-part-uses.json"

    def check(self, trials: tuple[TrialRecord, ...]) -> None:
        """Compare the study's trials with the recorded number.

        Raises:
            XraykitError: it had trials and has none; or a file is damaged.
        """
        known = int(self._read(self.trials_file, _RECORD).get("trials", 0))
        found = done(trials)
        if known and not trials:
            raise XraykitError(
                f"The study {self._setup.name} had {counted(known, 'trial')} according to {self.trials_file}, but "
                f"{self._storage} contains none of them: it was emptied, or it is another database. Restore it, or "
                f"correct search.storage. To start the search again, move {self.trials_file} away; the count of "
                f"winners that were scored on the test part is kept."
            )
        if found < known:
            logger.warning(
                "The study %s had %s, but %s contains %d. It may be an older copy. The missing trials are repeated.",
                self._setup.name,
                counted(known, "trial"),
                self._storage,
                found,
            )

    def save_trials(self, trials: tuple[TrialRecord, ...]) -> None:
        """Record how many trials have ended."""
        with self._locked():
            known = self._read(self.trials_file, _RECORD)
            if done(trials) > known.get("trials", 0):
                self._write(self.trials_file, {"study": self._setup.name, "trials": done(trials), "in": self._storage})

    def save_use(self, run: str, others: Mapping[str, str]) -> int:
        """Record that a winner of the study is scored on the test part.

        Args:
            run: Its run folder and machine.
            others: Earlier ones, and when, as the study itself records them.

        Returns:
            How many different winners of this study were scored on the test part, this one included.
        """
        when = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._locked():
            uses = self._read(self.uses_file, _USES).get("uses", {})
            of_study = {**others, **uses.get(self._setup.name, {})}
            of_study.setdefault(run, when)
            self._write(self.uses_file, {"uses": {**uses, self._setup.name: of_study}})
        return len(of_study)

    @property
    def _storage(self) -> str:
        given = self._setup.search.storage
        return masked(given) if given else f"the study in {self._setup.folder}"

    def _locked(self) -> AbstractContextManager[None]:
        self._setup.folder.mkdir(parents=True, exist_ok=True)
        return held_lock(self._setup.folder / "ledger.lock")

    def _read(self, path: Path, shape: Mapping[str, Shape]) -> dict[str, Any]:
        if not path.exists():
            return {}
        remedy = "Restore it from a backup, or move it away: its counts then start at zero."
        return read_json(path, "the record of a study", shape, remedy=remedy, kind=XraykitError)

    def _write(self, path: Path, values: Mapping[str, Any]) -> None:
        write_atomically(path, json_text(values).encode())
