"""The records of a run: metrics, parameters, tags and files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.store import Refused, Store

# mlflow.utils.validation, MLflow 3.17: at most so many in one call.
MOST_METRICS = 1000
MOST_TEXTS = 100


@dataclass
class LogBatch(Entry):
    """Metrics ``(name, value, time, step)``, parameters and tags of a run."""

    run: Run
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of metrics, parameters and tags."""
        return len(self.metrics) + len(self.parameters) + len(self.tags)

    def deliver(self, store: Store) -> None:
        """Hand over all of it in one call."""
        from mlflow.entities import Metric, Param, RunTag

        run_id = self.run.known_id()
        metrics = [Metric(*metric) for metric in self.metrics]
        parameters = [Param(*item) for item in self.parameters.items()]
        tags = [RunTag(*item) for item in self.tags.items()]
        with store.calling() as client:
            client.log_batch(run_id, metrics, parameters, tags, synchronous=True)

    def absorb(self, later: Entry) -> bool:
        """Take in the metrics of the same run's next epoch."""
        if not isinstance(later, LogBatch) or later.run is not self.run or later.parameters or later.tags:
            return False
        if len(self.metrics) + len(later.metrics) > MOST_METRICS:
            return False
        self.metrics += later.metrics
        return True

    def refuse(self) -> Sequence[Entry]:
        """Each value by itself, as only one of them may be the cause."""
        if self.size < 2 or self.run.refused:
            return ()
        return (
            *(LogBatch(self.run, metrics=[metric]) for metric in self.metrics),
            *(LogBatch(self.run, parameters={name: text}) for name, text in self.parameters.items()),
            *(LogBatch(self.run, tags={name: text}) for name, text in self.tags.items()),
        )

    def __str__(self) -> str:
        names = [*(metric[0] for metric in self.metrics), *self.parameters, *self.tags]
        return f"{', '.join(names[:3])}{', ...' if len(names) > 3 else ''} of the run {self.run.name!r}"


@dataclass
class LogFile(Entry):
    """A file, or a folder with all that is in it."""

    run: Run
    path: Path
    folder: str = ""

    def deliver(self, store: Store) -> None:
        """Upload it; once more if that fails although the tracking store answers."""
        run_id = self.run.known_id()
        if not self.path.exists():
            raise Refused("it is gone")
        for last in (False, True):
            try:
                return self._upload(store, run_id)
            # The artifacts may be in any cloud, and every cloud's library raises its own errors.
            except Exception as error:  # noqa: BLE001
                with store.calling() as client:
                    client.get_run(run_id)
                if last:
                    raise Refused(store.scrub(f"{type(error).__name__}: {error}")) from None

    def _upload(self, store: Store, run_id: str) -> None:
        with store.calling() as client:
            upload = client.log_artifacts if self.path.is_dir() else client.log_artifact
            upload(run_id, str(self.path), self.folder or None)

    def __str__(self) -> str:
        return f"the file {self.path}"


def in_batches(texts: dict[str, str]) -> list[dict[str, str]]:
    """``texts`` in as many mappings as MLflow needs calls for."""
    items = iter(texts.items())
    return [dict(islice(items, MOST_TEXTS)) for _ in range(0, len(texts), MOST_TEXTS)]
