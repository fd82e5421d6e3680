"""The entries of the queue in front of the store: one for each thing that a run records.

An entry may be delivered twice, as it may have arrived although the answer was lost.
"""

import logging
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from xraykit.system import counted
from xraykit.tracking.store import Refused, Store

logger = logging.getLogger(__name__)


def now() -> int:
    """Milliseconds since 1970, MLflow's clock."""
    return time.time_ns() // 1_000_000


@dataclass
class Run:
    """A run with the ``id`` of the store, which is known once its :class:`StartRun` is delivered.

    Then ``on_started`` is called with it, in the thread that delivers.
    """

    name: str
    id: str | None = None
    refused: bool = False
    on_started: Callable[[str], None] | None = None

    def known_id(self) -> str:
        """The store's name for the run.

        Raises:
            Refused: the store refused the run, so it cannot accept anything that belongs to it.
        """
        if self.refused or self.id is None:
            raise Refused(f"the run {self.name!r} was refused earlier")
        return self.id


class Entry(ABC):
    """Something to be recorded, in the order of the queue."""

    essential: ClassVar[bool] = False
    """Whether a full queue accepts it nevertheless."""

    @property
    def size(self) -> int:
        """Number of values in it."""
        return 1

    @abstractmethod
    def deliver(self, store: Store) -> None:
        """Hand it to the store.

        Raises:
            Unreachable: the store does not answer.
            Refused: the store will never accept it.
        """

    def absorb(self, later: "Entry") -> bool:
        """Merge the next entry into this one, so that one call delivers both; False if that is impossible."""
        return False

    def refuse(self) -> Sequence["Entry"]:
        """The entries to send instead after the store refused this one, if any."""
        return ()

    def note_missing(self, values: int) -> None:  # noqa: B027
        """Called before it is delivered if ``values`` earlier values were left out."""


@dataclass
class StartRun(Entry):
    """Create a run, or continue the one with ``run.id``."""

    run: Run
    parent: Run | None = None
    started: int = field(default_factory=now)
    origin: dict[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    tried: bool = False
    essential: ClassVar[bool] = True

    def deliver(self, store: Store) -> None:
        """Create the run, unless an earlier attempt has created it."""
        if self.run.id is None or not self._resumed(store, self.run.id):
            self._create(store)
        if self.run.on_started is not None:
            self.run.on_started(self.run.known_id())

    def _create(self, store: Store) -> None:
        tags = {**self.origin, "xraykit.key": self.key, "xraykit.state": "running"}
        if self.parent is not None:
            tags["mlflow.parentRunId"] = self.parent.known_id()
        experiment = store.experiment_id()
        made = self._made_before(store, experiment) if self.tried else None
        self.tried = True
        with store.calling() as client:
            self.run.id = made or str(client.create_run(experiment, self.started, tags, self.run.name).info.run_id)

    def refuse(self) -> Sequence[Entry]:
        """What belongs to the run cannot be delivered either."""
        self.run.refused = True
        return ()

    def _made_before(self, store: Store, experiment: str) -> str | None:
        with store.calling() as client:
            found = client.search_runs([experiment], f"tags.`xraykit.key` = '{self.key}'", max_results=1)
            return str(found[0].info.run_id) if found else None

    def _resumed(self, store: Store, run_id: str) -> bool:
        try:
            with store.calling() as client:
                run = client.get_run(run_id)
                client.update_run(run_id, status="RUNNING")
                client.set_tag(run_id, "xraykit.state", "running")
                if "xraykit.reason" in run.data.tags:
                    client.delete_tag(run_id, "xraykit.reason")
        except Refused:
            logger.warning(
                "The tracking store %s no longer has the run %s; a new one is started.", store.address, run_id
            )
            self.run.id = None
            return False
        return True

    def __str__(self) -> str:
        return f"the run {self.run.name!r}"


@dataclass
class EndRun(Entry):
    """The end of a run and how it ended."""

    run: Run
    status: str
    tags: dict[str, str]
    ended: int = field(default_factory=now)
    essential: ClassVar[bool] = True

    def deliver(self, store: Store) -> None:
        """Mark the run as ended."""
        from mlflow.entities import RunTag

        run_id = self.run.known_id()
        with store.calling() as client:
            client.log_batch(run_id, tags=[RunTag(*item) for item in self.tags.items()], synchronous=True)
            client.set_terminated(run_id, self.status, self.ended)

    def note_missing(self, values: int) -> None:
        """Mark the run in the store as incomplete."""
        if values:
            self.tags["xraykit.not_delivered"] = f"{values} entries; the run folder contains everything"

    def __str__(self) -> str:
        return f"the end of the run {self.run.name!r}"


@dataclass
class EndOrphans(Entry):
    """The end of child runs whose process was killed; some may never have been created."""

    run: Run
    ends: dict[str, tuple[str, dict[str, str]]]
    essential: ClassVar[bool] = True

    def deliver(self, store: Store) -> None:
        """End those children that still seem to run, and create those that never arrived."""
        for name, (status, tags) in self.ends.items():
            child, ended = self._child(store, name)
            if not ended:
                if child.id is None:
                    StartRun(child, self.run).deliver(store)
                EndRun(child, status, tags).deliver(store)

    def _child(self, store: Store, name: str) -> tuple[Run, bool]:
        """The child of that name, and whether it has ended."""
        query = f"tags.`mlflow.parentRunId` = '{self.run.known_id()}' and attributes.run_name = '{name}'"
        experiment = store.experiment_id()
        with store.calling() as client:
            found = client.search_runs([experiment], query, max_results=1)
        if not found:
            return Run(name), False
        return Run(name, str(found[0].info.run_id)), found[0].info.status != "RUNNING"

    def __str__(self) -> str:
        return f"the end of {counted(len(self.ends), 'trial')} of {self.run.name!r}"
