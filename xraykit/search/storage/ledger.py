"""What the folder of all runs knows of a study by itself: a database that was emptied or swapped is noticed."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xraykit.errors import XraykitError
from xraykit.search import TrialRecord, done
from xraykit.search.places import Places
from xraykit.system.atomic import write_atomically
from xraykit.system.counting import counted
from xraykit.system.json_files import Each, Shape, json_text, read_json
from xraykit.system.locks import held_lock
from xraykit.system.redaction import masked

logger = logging.getLogger(__name__)

_RECORD: dict[str, Shape] = {"trials": int}
_USES: dict[str, Shape] = {"uses": Each(Each(str))}


class Ledger:
    """Two files: how many trials a study had, and which of its winners met the test part.

    They are apart so that a search can be begun anew, by moving the first away, without forgetting what the second
    says. A study in a database on a server has one in each folder of runs that takes part.

    Args:
        places: Of the study.

    Attributes:
        record: ``output.root/NAME/study/STUDY.record.json``.
        uses: ``output.root/NAME/test-part-uses.json``, for all studies of that name.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.record = places.folder / f"{places.name}.record.json"
        self.uses = places.folder.parent / "test-part-uses.json"

    def check(self, trials: tuple[TrialRecord, ...]) -> None:
        """Compare what the study has with what it had.

        Raises:
            XraykitError: it had trials, and there are none; or a file is damaged.
        """
        known = int(self._read(self.record, _RECORD).get("trials", 0))
        found = done(trials)
        if known and not trials:
            raise XraykitError(
                f"The study {self._places.name} had {counted(known, 'trial')}, as {self.record} says, and "
                f"{self._storage} has none of them: it was emptied, or it is another one. Restore it, or correct "
                f"search.storage. To begin the search anew, move {self.record} away; how often winners met the test "
                f"part stays counted."
            )
        if found < known:
            logger.warning(
                "The study %s had %s, and %s has %d: an older copy? Those that are missing are done again.",
                self._places.name,
                counted(known, "trial"),
                self._storage,
                found,
            )

    def note_trials(self, trials: tuple[TrialRecord, ...]) -> None:
        """Write down how many trials have ended."""
        with self._alone():
            known = self._read(self.record, _RECORD)
            if done(trials) > known.get("trials", 0):
                self._write(self.record, {"study": self._places.name, "trials": done(trials), "in": self._storage})

    def note_use(self, by: str, others: Mapping[str, str]) -> int:
        """Write down that a winner of the study meets the test part.

        Args:
            by: Who trained it.
            others: Who did before, and when, as the study itself knows.

        Returns:
            How many different winners of this study have met it.
        """
        when = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._alone():
            uses = self._read(self.uses, _USES).get("uses", {})
            mine = {**others, **uses.get(self._places.name, {})}
            mine.setdefault(by, when)
            self._write(self.uses, {"uses": {**uses, self._places.name: mine}})
        return len(mine)

    @property
    def _storage(self) -> str:
        given = self._places.search.storage
        return masked(given) if given else f"the study in {self._places.folder}"

    def _alone(self) -> AbstractContextManager[None]:
        self._places.folder.mkdir(parents=True, exist_ok=True)
        return held_lock(self._places.folder / "ledger.lock")

    def _read(self, path: Path, shape: Mapping[str, Shape]) -> dict[str, Any]:
        if not path.exists():
            return {}
        remedy = "Take it from a copy, or move it away: what it counted is then forgotten."
        return read_json(path, "what is known of a study", shape, remedy=remedy, kind=XraykitError)

    def _write(self, path: Path, values: Mapping[str, Any]) -> None:
        write_atomically(path, json_text(values).encode())
