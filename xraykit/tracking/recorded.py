"""Trackers that write files or have a library of their own, behind the interface of a tracker."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xraykit.system import STOPPING_CALL_SECONDS, masked
from xraykit.tracking.accepted import finite, flattened
from xraykit.tracking.lane import Lane
from xraykit.tracking.tracker import Dataset, State, Tracker


class Recorder(ABC):
    """One run as a tracker's own library records it; called by one thread, in order. Any method may raise anything."""

    @abstractmethod
    def open(self) -> None:
        """Begin; called before all others."""

    @abstractmethod
    def parameters(self, values: Mapping[str, Any]) -> None:
        """Flat parameters."""

    @abstractmethod
    def metrics(self, values: Mapping[str, float], step: int | None) -> None:
        """Finite numbers of a step, or of the whole run."""

    @abstractmethod
    def tags(self, values: Mapping[str, str]) -> None:
        """Facts about the run."""

    @abstractmethod
    def dataset(self, dataset: Dataset) -> None:
        """The data of the run."""

    @abstractmethod
    def description(self, text: str) -> None:
        """Markdown about the run and its result."""

    @abstractmethod
    def name(self, text: str) -> None:
        """Another name of the run, where it has one."""

    @abstractmethod
    def child(self, name: str) -> "Recorder":
        """A run inside this one, which may be open in another process or not at all."""

    @abstractmethod
    def close(self, state: State, reason: str | None) -> None:
        """End the run."""


class RecordedTracker(Tracker):
    """A run that a :class:`Recorder` records, in a thread.

    Files and models are not recorded: they are in the run folder.

    Args:
        recorder: Of the run.
        lane: The way to it, which a run shares with its children.
        outermost: Whether this one is no child of another, so that its end is the end of the lane.
        guest: The run belongs to another process: only its children are recorded here.
    """

    def __init__(self, recorder: Recorder, lane: Lane, *, outermost: bool = True, guest: bool = False) -> None:
        self._recorder = recorder
        self._lane = lane
        self._outermost = outermost
        self._guest = guest
        self._opened = self._finished = False
        if not guest:
            lane.put(self._open)

    @property
    def run_id(self) -> None:
        """Nothing is continued by an id."""
        return None

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters; passwords in addresses are redacted."""
        values = {name: _redacted(value) for name, value in flattened(parameters)}
        self._put(lambda: self._recorder.parameters(values))

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record metrics."""
        numbers = finite(metrics)
        if numbers:
            self._put(lambda: self._recorder.metrics(numbers, step))

    def log_file(self, path: Path, folder: str = "") -> None:
        """Files stay in the run folder alone."""

    def log_model(self, bundle: Path) -> None:
        """The network stays in the run folder alone."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags; passwords in addresses are redacted."""
        values = {name: masked(text) for name, text in tags.items()}
        self._put(lambda: self._recorder.tags(values))

    def log_dataset(self, dataset: Dataset) -> None:
        """Record the data."""
        self._put(lambda: self._recorder.dataset(dataset))

    def describe(self, text: str, report: str | None = None) -> None:
        """Record a text about the run; the report itself is in the run folder."""
        self._put(lambda: self._recorder.description(masked(text)))

    def rename(self, name: str) -> None:
        """Rename the run, where it has a name."""
        self._put(lambda: self._recorder.name(name))

    def begin(self) -> None:
        """Load the library and open the run now, in a thread."""
        self._lane.begin()

    def child(
        self, name: str, run_id: str | None = None, *, on_started: Callable[[str], None] | None = None
    ) -> "RecordedTracker":
        """A run inside this one."""
        return RecordedTracker(self._recorder.child(name), self._lane, outermost=False)

    def finish(self, state: State, reason: str | None = None) -> None:
        """End the run; the outermost waits for what is still to be recorded, for a limited time."""
        if self._finished:
            return
        shown_reason = None if reason is None else masked(reason)
        self._put(lambda: self._recorder.close(state, shown_reason))
        self._finished = True
        if self._outermost:
            self._lane.close(STOPPING_CALL_SECONDS if state == "interrupted" else None)

    def end_orphans(self, ends: Mapping[str, tuple[State, str | None]]) -> None:
        """A run whose process was killed ends where its records end."""

    def leave(self) -> None:
        """This process's part of the run is complete."""
        self.finish("complete")

    def _open(self) -> None:
        self._recorder.open()
        self._opened = True

    def _put(self, call: Callable[[], None]) -> None:
        if not self._guest and not self._finished:
            self._lane.put(lambda: call() if self._opened else None)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    return [_redacted(each) for each in value] if isinstance(value, list | tuple) else value
