"""Tracking with MLflow, without its global state of active runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xraykit.config import RegisteredModel
from xraykit.system import STOPPING_CALL_SECONDS
from xraykit.tracking.about import Describe, LogDataset, Rename, origin_tags
from xraykit.tracking.accepted import LONGEST_TAG, accepted_text, finite_numbers, parameter_texts, tag_texts
from xraykit.tracking.delivery import Delivery
from xraykit.tracking.entries import EndOrphans, EndRun, Run, StartRun, now
from xraykit.tracking.models import LogModel
from xraykit.tracking.records import MOST_METRICS, LogBatch, LogFile, in_batches
from xraykit.tracking.registering import RegisterModel
from xraykit.tracking.store import Store
from xraykit.tracking.tracker import Dataset, NoTracker, State, Tracker

_STATUS: dict[State, str] = {
    "complete": "FINISHED",
    "pruned": "KILLED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}


class MlflowTracker(Tracker):
    """A run in an MLflow store.

    Nothing here waits for the store but :attr:`run_id` and the :meth:`finish` of the outermost run, and nothing raises
    because of it: see :mod:`xraykit.tracking.delivery`.

    Args:
        delivery: The way to the store, which a run shares with its children.
        run: The run, whose start is queued here.
        parent: The run that this one belongs to.
        guest: The run belongs to another process, which starts and ends it.
        origin: See :func:`.origin_tags`; its children have it too.
        named_by_user: Whether its name stays, whatever comes out.
        registered: Where the model registry keeps the network of this run; children have no such place.
    """

    def __init__(
        self,
        delivery: Delivery,
        run: Run,
        parent: Run | None = None,
        *,
        guest: bool = False,
        origin: Mapping[str, str] | None = None,
        named_by_user: bool = False,
        registered: RegisteredModel | None = None,
    ) -> None:
        self._delivery = delivery
        self._run = run
        self._parent = parent
        self._guest = guest
        self._finished = False
        self._origin = dict(origin or {})
        self._named_by_user = named_by_user
        self._registered = registered
        if not guest:
            delivery.put(StartRun(run, parent, origin=self._origin))

    @property
    def run_id(self) -> str | None:
        """MLflow's run id; None while the store has not answered yet."""
        if self._run.id is None and not self._run.refused:
            self._delivery.wait()
        return self._run.id

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Record parameters; long texts are cut to MLflow's limit, and passwords in addresses are redacted."""
        for batch in in_batches(parameter_texts(parameters)):
            self._delivery.put(LogBatch(self._run, parameters=batch))

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record metrics in one call; those of the whole run have MLflow's step 0."""
        time = now()
        rows = [(name, value, time, step or 0) for name, value in finite_numbers(metrics).items()]
        for start in range(0, len(rows), MOST_METRICS):
            self._delivery.put(LogBatch(self._run, metrics=rows[start : start + MOST_METRICS]))

    def log_file(self, path: Path, folder: str = "") -> None:
        """Record a copy of a file or folder, taken when the store answers."""
        self._delivery.put(LogFile(self._run, Path(path).absolute(), folder))

    def log_model(self, bundle: Path) -> None:
        """Record a bundle as the model ``classifier`` of this run, which ``mlflow models serve`` serves."""
        model = LogModel(self._run, Path(bundle).absolute())
        self._delivery.put(model)
        if self._registered is not None:
            self._delivery.put(RegisterModel(self._run, model, self._registered))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Record tags; passwords in addresses are redacted."""
        for batch in in_batches(tag_texts(tags)):
            self._delivery.put(LogBatch(self._run, tags=batch))

    def log_dataset(self, dataset: Dataset) -> None:
        """Record the data as an input of the run."""
        self._delivery.put(LogDataset(self._run, dataset))

    def describe(self, text: str, report: str | None = None) -> None:
        """Record the description that MLflow shows above everything else; passwords in addresses are redacted."""
        self._delivery.put(Describe(self._run, text, report))

    def rename(self, name: str) -> None:
        """Give the run another name, unless its user has chosen the one that it has."""
        if not self._named_by_user:
            self._delivery.put(Rename(self._run, name))

    def begin(self) -> None:
        """Open the store now, in another thread."""
        self._delivery.begin()

    def child(
        self, name: str, run_id: str | None = None, *, on_started: Callable[[str], None] | None = None
    ) -> "MlflowTracker":
        """A nested run, which MLflow's pages show below this one."""
        return MlflowTracker(
            self._delivery, Run(name, run_id, on_started=on_started), self._run, origin=self._origin, named_by_user=True
        )

    def finish(self, state: State, reason: str | None = None) -> None:
        """End the run as FINISHED, FAILED or KILLED, with the tags ``xraykit.state`` and ``xraykit.reason``."""
        if self._finished:
            return
        limit = STOPPING_CALL_SECONDS if state == "interrupted" else None
        if self._guest:
            self._finished = True
            self._delivery.close(limit)
            return
        self._finished = True
        self._delivery.put(EndRun(self._run, _STATUS[state], self._end_tags(state, reason)))
        if self._parent is None:
            self._delivery.close(limit)

    def end_orphans(self, ends: Mapping[str, tuple[State, str | None]]) -> None:
        """End child runs whose process has ended."""
        known = {name: (_STATUS[state], self._end_tags(state, reason)) for name, (state, reason) in ends.items()}
        if known:
            self._delivery.put(EndOrphans(self._run, known))

    def leave(self) -> None:
        """Send the queue, and leave the run to the process that ends it."""
        self._finished = True
        self._delivery.close()

    def _end_tags(self, state: State, reason: str | None) -> dict[str, str]:
        tags: dict[str, str] = {"xraykit.state": state}
        if reason is not None:
            tags["xraykit.reason"] = accepted_text(self._delivery.store.scrub(reason), LONGEST_TAG)
        return tags


def open_tracker(
    uri: str | None,
    *,
    root: Path,
    experiment: str,
    run_name: str,
    experiment_id: str | None = None,
    named_by_user: bool = False,
    commit: str | None = None,
    registered: RegisteredModel | None = None,
    resume_run_id: str | None = None,
    on_started: Callable[[str], None] | None = None,
    later: bool = False,
) -> Tracker:
    """Start a run.

    Args:
        uri: ``auto`` for an SQLite file below ``root``, any MLflow tracking URI, or None to track nothing. Requests
            to a server are given up after 5 s and not repeated, unless MLFLOW_HTTP_REQUEST_TIMEOUT and
            MLFLOW_HTTP_REQUEST_MAX_RETRIES are set otherwise.
        root: Folder of all runs, ``runs/``.
        experiment: Name of the MLflow experiment, made if it is not there.
        run_name: Name of the run.
        experiment_id: MLflow's id of an experiment that exists already, instead of its name.
        named_by_user: Whether the name stays; see :meth:`.Tracker.rename`.
        commit: Of the git checkout in the working directory, if it is one.
        registered: Where MLflow's model registry keeps the network.
        resume_run_id: A run to continue; if the store no longer has it, a new one is started.
        on_started: Called with MLflow's run id once the store has answered, perhaps in another thread.
        later: Whether an SQLite file may be opened at :meth:`.Tracker.begin`: importing MLflow and opening its file
            take as long as building a network. Other stores are asked at once.

    Returns:
        The run. A store that does not answer costs a warning and is tried again later.

    Raises:
        ExperimentError: MLflow knows no such URI, or its driver is not installed.
    """
    if uri is None:
        return NoTracker()
    store = Store(uri, root, experiment, experiment_id)
    held = later and store.is_file
    delivery = Delivery(store, held=held)
    tracker = MlflowTracker(
        delivery,
        Run(run_name, resume_run_id, on_started=on_started),
        origin=origin_tags(commit),
        named_by_user=named_by_user,
        registered=registered,
    )
    if not held:
        delivery.drain()
    return tracker


def join_run(
    uri: str | None, *, root: Path, experiment: str, run_id: str | None, experiment_id: str | None = None
) -> Tracker:
    """Join a run that another process started and will end, as the workers of a search do.

    Args:
        uri: As in :func:`open_tracker`.
        root: Folder of all runs.
        experiment: Name of the MLflow experiment.
        run_id: The run; where it is None, nothing is tracked.
        experiment_id: See :func:`open_tracker`.

    Raises:
        ExperimentError: MLflow knows no such URI, or its driver is not installed.
    """
    if uri is None or run_id is None:
        return NoTracker()
    store = Store(uri, root, experiment, experiment_id)
    return MlflowTracker(Delivery(store), Run(f"run {run_id}", run_id), guest=True, origin=origin_tags(None))
