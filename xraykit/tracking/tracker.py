"""The interface of a tracker, and a tracker that records nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

T = TypeVar("T", bound="Tracker")
State = Literal["complete", "pruned", "failed", "interrupted"]

EPOCH = "epoch/"
"""Before the names of an epoch's numbers: MLflow sorts its charts by name, and the curves are to be the first."""


@dataclass(frozen=True)
class Dataset:
    """The data of a run, without names of patients, files and folders.

    Attributes:
        name: Of the data, such as the format and the names of several collections.
        digest: Fingerprint of label file and split.
        source: The label file's name, without its folder.
        facts: Numbers of radiographs by part, and the labels.
    """

    name: str
    digest: str
    source: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Tracker(ABC):
    """One run: an experiment's, or one trial's of a search.

    As a context manager it finishes its run: as failed or interrupted if an exception leaves the block, with
    ``Type: message`` for a reason; as complete if :meth:`finish` was not called inside.
    """

    @property
    @abstractmethod
    def run_id(self) -> str | None:
        """The store's id of the run; None if there is none (yet)."""

    @abstractmethod
    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record the parameters of the run.

        Args:
            parameters: The resolved experiment; nested mappings become ``training.learning_rate``.
        """

    @abstractmethod
    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record metrics.

        Args:
            metrics: Name to value; None, NaN and infinite values are left out.
            step: The epoch, or None for metrics of the whole run.
        """

    def log_epoch(self, row: Mapping[str, Any]) -> None:
        """Record the numbers of an epoch.

        Args:
            row: Of the history of a training; its ``epoch`` becomes the step, and ``loss`` is ``epoch/loss``.
        """
        numbers = {f"{EPOCH}{name}": value for name, value in row.items() if name not in {"epoch", "stage"}}
        self.log_metrics(numbers, step=row["epoch"])

    @abstractmethod
    def log_file(self, path: Path, folder: str = "") -> None:
        """Record a copy of a file, or of a folder with all that is in it.

        Args:
            path: The file; it must stay until the run is finished.
            folder: Where the copy goes, below the run's artifacts.
        """

    @abstractmethod
    def log_model(self, bundle: Path) -> None:
        """Record the trained network as a model that can be served.

        Args:
            bundle: The folder of the bundle; it must stay until the run is finished.
        """

    @abstractmethod
    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record facts about the run that are not parameters, such as the data's fingerprint."""

    def log_dataset(self, dataset: Dataset) -> None:  # noqa: B027
        """Record which data the run is of."""

    def describe(self, text: str, report: str | None = None) -> None:  # noqa: B027
        """Describe the run and its result.

        Args:
            text: A few lines of Markdown; they replace earlier ones.
            report: Name of the report among the files of :meth:`log_file`, to be linked to where there is a link.
        """

    def rename(self, name: str) -> None:  # noqa: B027
        """Give the run another name, unless its user has chosen the one that it has."""

    def begin(self) -> None:  # noqa: B027
        """Begin to record what has waited until now; see :func:`open_tracker`. Does nothing if it has begun."""

    @abstractmethod
    def child(
        self, name: str, run_id: str | None = None, *, on_started: Callable[[str], None] | None = None
    ) -> "Tracker":
        """A run inside this one: one trial of a search, or one member of an ensemble.

        Args:
            name: Of the run.
            run_id: A child to continue; if the store no longer has it, a new one is started.
            on_started: Called with the store's id of the run once it is known, perhaps in another thread.
        """

    @abstractmethod
    def finish(self, state: State, reason: str | None = None) -> None:
        """End the run; a second call does nothing.

        Args:
            state: How it ended.
            reason: Why, in one sentence, if it did not end well.
        """

    @abstractmethod
    def end_orphans(self, ends: Mapping[str, tuple[State, str | None]]) -> None:
        """End child runs whose process was killed, perhaps before they were recorded.

        Those that ended normally remain as they are.

        Args:
            ends: Name of the child to how it ended, and why.
        """

    @abstractmethod
    def leave(self) -> None:
        """Stop recording; the run itself continues in another process."""

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish("complete")
        else:
            state: State = "failed" if isinstance(error, Exception) else "interrupted"
            self.finish(state, f"{type(error).__name__}: {error}".removesuffix(": "))


class NoTracker(Tracker):
    """A tracker that records nothing (null object)."""

    @property
    def run_id(self) -> None:
        """There is no run."""
        return None

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Nothing is recorded."""

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Nothing is recorded."""

    def log_file(self, path: Path, folder: str = "") -> None:
        """Nothing is recorded."""

    def log_model(self, bundle: Path) -> None:
        """Nothing is recorded."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Nothing is recorded."""

    def child(
        self, name: str, run_id: str | None = None, *, on_started: Callable[[str], None] | None = None
    ) -> "NoTracker":
        """The same tracker of nothing."""
        return self

    def end_orphans(self, ends: Mapping[str, tuple[State, str | None]]) -> None:
        """Nothing is recorded."""

    def leave(self) -> None:
        """Nothing is recorded."""

    def finish(self, state: State, reason: str | None = None) -> None:
        """Nothing is recorded."""
