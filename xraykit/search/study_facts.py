"""Facts that the processes of a study share. Each is stored with the study once, by the first process."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from xraykit.search.study import Fact, Study

_WINNER, _RUN, _STARTER, _SCORED = "winner_trained_by", "tracking_run", "tracking_run_started_by", "scored_winner"


@dataclass(frozen=True)
class ScoredWinner:
    """A winner that was scored on the test part.

    Attributes:
        run: Machine and run folder, ``HOST:FOLDER``.
        at: When, as ISO 8601 in UTC.
    """

    run: str
    at: str


class StudyFacts:
    """The shared facts of a study. Facts that earlier versions stored as sentences are understood.

    Args:
        study: Open. It may be shared with other processes.
    """

    def __init__(self, study: Study) -> None:
        self._study = study

    def claim_winner(self, trials: int, run: str) -> str:
        """The run that trains the winner of this many trials: ``run``, or the one that claimed it earlier."""
        return self._first(f"{_WINNER}/{trials}", f"winner of {trials} trials trained by", run)

    def claim_tracking_run(self, store: str, run: str) -> str:
        """The run that starts the tracker's run in a tracking store: ``run``, or the one that claimed it earlier."""
        return self._first(f"{_STARTER}/{_short(store)}", f"tracking run {_short(store)} begun by", run)

    def tracking_run(self, store: str) -> str | None:
        """The tracker's name of the run that the trials belong to, if it was started in this tracking store."""
        facts = self._study.facts()
        known = facts.get(f"{_RUN}/{_short(store)}", facts.get(f"tracking run {_short(store)}"))
        return None if known is None else str(known)

    def save_tracking_run(self, store: str, name: str) -> None:
        """Publish the name to the other processes; see :meth:`tracking_run`."""
        self._study.remember(f"{_RUN}/{_short(store)}", name)

    def save_scored_winner(self, run: str) -> None:
        """Record, before it happens, that the winner trained by ``run`` is scored on the test part."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._study.remember(f"{_SCORED}/{_short(run)}", asdict(ScoredWinner(run, now)))

    def scored_winners(self) -> tuple[ScoredWinner, ...]:
        """All winners of this study that were scored on the test part, each once."""
        first: dict[str, ScoredWinner] = {}
        for winner in self._scored():
            first.setdefault(winner.run, winner)
        return tuple(first.values())

    def _scored(self) -> Iterator[ScoredWinner]:
        for key, fact in sorted(self._study.facts().items(), reverse=True):
            if key.startswith("test part met by "):
                at, _, run = str(fact).partition(" ")
                yield ScoredWinner(run, at)
            elif key.startswith(f"{_SCORED}/") and isinstance(fact, dict):
                yield ScoredWinner(**fact)

    def _first(self, key: str, earlier_key: str, value: str) -> str:
        known: Fact = self._study.facts().get(earlier_key)
        return str(self._study.remember(key, value) if known is None else known)


def _short(text: str) -> str:
    """Databases limit the length of a key."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
