"""Several trackers of one run as one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xraykit.tracking.tracker import Dataset, State, Tracker


class SeveralTrackers(Tracker):
    """Hands everything to each of several trackers; what one of them does not manage, the others still get.

    Args:
        trackers: One or more. The first that has a run with an id gives :attr:`run_id` and continues children.
    """

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self.trackers = tuple(trackers)

    @property
    def run_id(self) -> str | None:
        """The id of the first tracker's run."""
        return self.trackers[0].run_id

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters in each."""
        self._each(lambda tracker: tracker.log_parameters(parameters))

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record metrics in each."""
        self._each(lambda tracker: tracker.log_metrics(metrics, step))

    def log_file(self, path: Path, folder: str = "") -> None:
        """Record a file in each that keeps files."""
        self._each(lambda tracker: tracker.log_file(path, folder))

    def log_model(self, bundle: Path) -> None:
        """Record the network in each that keeps models."""
        self._each(lambda tracker: tracker.log_model(bundle))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags in each."""
        self._each(lambda tracker: tracker.set_tags(tags))

    def log_dataset(self, dataset: Dataset) -> None:
        """Record the data in each."""
        self._each(lambda tracker: tracker.log_dataset(dataset))

    def describe(self, text: str, report: str | None = None) -> None:
        """Describe the run in each."""
        self._each(lambda tracker: tracker.describe(text, report))

    def rename(self, name: str) -> None:
        """Rename the run in each."""
        self._each(lambda tracker: tracker.rename(name))

    def begin(self) -> None:
        """Begin to record in each."""
        self._each(lambda tracker: tracker.begin())

    def child(
        self, name: str, run_id: str | None = None, *, on_started: Callable[[str], None] | None = None
    ) -> "SeveralTrackers":
        """A child in each; ``run_id`` and ``on_started`` are of the first."""
        first, *others = self.trackers
        return SeveralTrackers(
            [first.child(name, run_id, on_started=on_started), *(other.child(name) for other in others)]
        )

    def finish(self, state: State, reason: str | None = None) -> None:
        """End the run in each."""
        self._each(lambda tracker: tracker.finish(state, reason))

    def end_orphans(self, ends: Mapping[str, tuple[State, str | None]]) -> None:
        """End children whose process was killed, in each."""
        self._each(lambda tracker: tracker.end_orphans(ends))

    def leave(self) -> None:
        """Stop recording in each."""
        self._each(lambda tracker: tracker.leave())

    def _each(self, call: Callable[[Tracker], None]) -> None:
        """An error of a tracker, which is a fault of its code, is raised after the others have been called."""
        errors = []
        for tracker in self.trackers:
            try:
                call(tracker)
            except Exception as error:  # noqa: BLE001
                errors.append(error)
        if errors:
            raise errors[0]
