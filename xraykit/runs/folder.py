"""The run folder: how a run writes its files."""

import errno
import logging
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit.config import Experiment
from xraykit.errors import CheckpointError, DataError
from xraykit.runs.contents import MetricsRecord, RunState
from xraykit.runs.paths import RunPaths
from xraykit.system import (
    atomic_file,
    is_temporary,
    json_text,
    read_record,
    remove_leftovers,
    table_as_csv,
    temporary_beside,
    try_lock,
    write_atomically,
)
from xraykit.version import VERSION

logger = logging.getLogger(__name__)

# The thread that reaches the tracking store adds the id of its run to the record.
_RECORDING = threading.Lock()


@dataclass(frozen=True)
class RunFolder(RunPaths):
    """The folder of one run: where its files are, and how they are written."""

    @classmethod
    def begin(cls, experiment: Experiment) -> "RunFolder":
        """Create the folder of a new run of ``experiment``; it appears together with its experiment file.

        Raises:
            DataError: it cannot be created.
        """
        root, name = Path(experiment.output.root), experiment.name
        unfinished = temporary_beside(root / name / f"{datetime.now():%Y%m%d-%H%M%S}")
        try:
            unfinished.mkdir(parents=True)
            remove_leftovers(root / name)
            cls(unfinished).write_experiment(experiment)
            return cls(_renamed(unfinished))
        except OSError as error:
            raise DataError(
                f"The run folder in {root / name} cannot be created: {error.strerror}. Give another output.root."
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Be the only process that works on this run; released when the process ends, however it ends.

        Raises:
            CheckpointError: another process works on it.
        """
        with ExitStack() as stack:
            try:
                claimed = stack.enter_context(try_lock(self.path / "run.lock")).held
            except OSError as error:
                logger.warning("%s cannot be locked (%s): do not start this run twice.", self.path, error.strerror)
                claimed = True
            if not claimed:
                raise CheckpointError(
                    f"Another process is working on the run {self.path}. Two at once would damage its checkpoints and "
                    f"results. Wait until it ends, or stop it first."
                )
            yield

    def artifacts(self) -> list[tuple[Path, str]]:
        """The files of the run's results that go to a tracker, each with its folder.

        Without :attr:`predictions`, which name patients, and without :attr:`bundle`, which the tracker stores as a
        model.
        """
        results = (self.experiment, self.metrics, self.history, self.data, self.report)
        paper = (self.methods, self.checklist, self.checklist_table)
        files = [(path, "") for path in (*results, *paper, self.worklist, self.worklist_page)]
        for folder in (self.figures, self.tables, self.gradcam, self.search):
            files += [(path, folder.name) for path in sorted(folder.glob("*"))]
        return [(path, folder) for path, folder in files if path.is_file() and not is_temporary(path)]

    def write_text(self, path: Path, text: str) -> None:
        """Write a file completely or not at all.

        Raises:
            DataError: the disk is full or the folder cannot be written.
        """
        write_atomically(path, text.encode())

    def write_salt(self, text: str) -> None:
        """Write :attr:`patient_salt`, which only its owner may read from the first moment on.

        Args:
            text: The salt, as :func:`xraykit.data.new_salt` draws it.

        Raises:
            DataError: the disk is full or the folder cannot be written.
        """
        with atomic_file(self.patient_salt) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(text + "\n", encoding="utf-8")

    def write_experiment(self, experiment: Experiment) -> None:
        """Write :attr:`experiment` such that the run can continue from any working directory."""
        text = experiment.with_absolute_paths().to_yaml(comment=f"xraykit {VERSION}, resolved experiment")
        self.write_text(self.experiment, text)

    def write_json(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write plain values as JSON; NaN and infinity are refused."""
        self.write_text(path, json_text(values))

    def read_record(self) -> dict[str, Any]:
        """The content of :attr:`record`; empty if the file does not exist yet.

        Raises:
            CheckpointError: it is damaged.
        """
        if not self.record.is_file():
            return {}
        remedy = "Restore it from a copy of the run folder, or start a new run: the run cannot continue without it."
        return read_record(self.record, RunState, "the state of a run", remedy=remedy, kind=CheckpointError)[0]

    def write_metrics(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Write :attr:`metrics` with the version of the file, and return its content."""
        content = {"version": MetricsRecord.VERSION, **metrics}
        self.write_json(self.metrics, content)
        return content

    def write_record(self, facts: Mapping[str, Any]) -> None:
        """Add facts to :attr:`record`; may be called from several threads."""
        with _RECORDING:
            self.write_json(self.record, {"version": RunState.VERSION, **self.read_record(), **facts})

    def write_table(self, path: Path, rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> None:
        """Write a table as CSV; unknown values are left blank, text is escaped (:mod:`xraykit.system.spreadsheets`)."""
        self.write_text(path, table_as_csv(pd.DataFrame(rows)))


def _renamed(unfinished: Path) -> Path:
    """The folder under its final name; two runs that start in one second get two names."""
    stamp = unfinished.name.split(".")[1]
    for number in range(1000):
        path = unfinished.with_name(stamp if number == 0 else f"{stamp}-{number}")
        if not path.exists():
            try:
                return unfinished.rename(path)
            except OSError as error:
                # Another process created a folder of that name meanwhile.
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
    raise DataError(
        f"There are already 1000 runs with this timestamp in {unfinished.parent}. Wait, or give another output.root."
    )
