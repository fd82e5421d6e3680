"""The run folder: where a run leaves what it found."""

import errno
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit.config import Experiment
from xraykit.errors import CheckpointError, DataError
from xraykit.runs.contents import METRICS, RECORD
from xraykit.system.atomic import write_atomically
from xraykit.system.json_files import Shape, json_text, read_json
from xraykit.system.leftovers import is_temporary, remove_leftovers, temporary_beside
from xraykit.system.locks import try_lock
from xraykit.system.spreadsheets import table_as_csv
from xraykit.version import VERSION

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFolder:
    """The files of one run.

    Attributes:
        path: ``ROOT/NAME/TIMESTAMP``.
    """

    path: Path

    @classmethod
    def begin(cls, experiment: Experiment) -> "RunFolder":
        """Make the folder of a new run of ``experiment``, which appears with its experiment file in it or not at all.

        Raises:
            DataError: it cannot be made.
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
                f"The run folder in {root / name} cannot be made: {error.strerror}. Give another output.root."
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    @property
    def experiment(self) -> Path:
        """The resolved experiment."""
        return self.path / "experiment.yaml"

    @property
    def metrics(self) -> Path:
        """Figures of the test part."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """Probabilities of each radiograph of the validation and test parts."""
        return self.path / "predictions.csv"

    @property
    def history(self) -> Path:
        """One row per epoch."""
        return self.path / "history.csv"

    @property
    def checkpoints(self) -> Path:
        """Training in progress."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """Pictures of the figures."""
        return self.path / "figures"

    @property
    def gradcam(self) -> Path:
        """Heat maps over radiographs."""
        return self.path / "gradcam"

    @property
    def search(self) -> Path:
        """What the search of this run found."""
        return self.path / "search"

    @property
    def best_experiment(self) -> Path:
        """The experiment with the winner's values; runs as it is."""
        return self.search / "best.yaml"

    @property
    def bundle(self) -> Path:
        """The folder of the trained network and all that belongs to it; it can be handed over as it is."""
        return self.path / "model"

    @property
    def model(self) -> Path:
        """The trained network."""
        return self.bundle / "model.keras"

    @property
    def about(self) -> Path:
        """What belongs to the network: labels, preprocessing, where it comes from."""
        return self.bundle / "model.json"

    @property
    def decision_rule(self) -> Path:
        """Calibration and thresholds of the network (see :func:`decision_rule_file`)."""
        return decision_rule_file(self.bundle)

    @property
    def golden(self) -> Path:
        """The made-up radiograph on which the network is checked at each load."""
        return self.bundle / "golden.png"

    @property
    def data(self) -> Path:
        """What the data were: counts of each part, what was left out."""
        return self.path / "data.json"

    @property
    def gallery(self) -> Path:
        """The table of the heat maps in :attr:`gradcam`."""
        return self.gradcam / "gallery.csv"

    @property
    def report(self) -> Path:
        """The report, in one page."""
        return self.path / "report.html"

    @property
    def worklist(self) -> Path:
        """The radiographs where model and label disagree most confidently."""
        return self.path / "worklist.csv"

    @property
    def worklist_page(self) -> Path:
        """The worklist with its radiographs."""
        return self.path / "worklist.html"

    @property
    def record(self) -> Path:
        """What a continued run needs to know: tracking run, versions."""
        return self.path / "run.json"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Be the only process that works on this run; free when the process ends, however it ends.

        Raises:
            CheckpointError: another process works on it.
        """
        with ExitStack() as stack:
            try:
                claimed = stack.enter_context(try_lock(self.path / "run.lock")).held
            except OSError as error:
                logger.warning("%s cannot be locked (%s): do not start it twice.", self.path, error.strerror)
                claimed = True
            if not claimed:
                raise CheckpointError(
                    f"Another process works on the run {self.path}. Two at once would spoil its checkpoints and "
                    f"results. Wait until it has ended, or stop it first."
                )
            yield

    def artifacts(self) -> list[tuple[Path, str]]:
        """The files of the run's results that go to a tracker, each with the folder it stands in.

        Not among them are :attr:`predictions`, whose patients are nobody's business there, and :attr:`bundle`, which
        the tracker takes as a model.
        """
        results = (self.experiment, self.metrics, self.history, self.data, self.report)
        files = [(path, "") for path in (*results, self.worklist, self.worklist_page)]
        for place in (self.figures, self.gradcam, self.search):
            files += [(path, place.name) for path in sorted(place.glob("*"))]
        return [(path, place) for path, place in files if path.is_file() and not is_temporary(path)]

    def write_text(self, path: Path, text: str) -> None:
        """Write a file whole or not at all.

        Raises:
            DataError: the disk is full or the folder cannot be written.
        """
        write_atomically(path, text.encode())

    def write_experiment(self, experiment: Experiment) -> None:
        """Write :attr:`experiment` as it can be gone on with from any working directory."""
        text = experiment.with_absolute_paths().to_yaml(comment=f"xraykit {VERSION}, resolved experiment")
        self.write_text(self.experiment, text)

    def write_json(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write plain values as JSON; NaN and infinity are refused."""
        self.write_text(path, json_text(values))

    def read_record(self) -> dict[str, Any]:
        """What :attr:`record` holds; empty if there is none yet.

        Raises:
            CheckpointError: it is damaged.
        """
        if not self.record.is_file():
            return {}
        remedy = "Take it from a copy of the run folder, or start a new run: without it nothing can be gone on with."
        return read_json(self.record, "what a run wrote down to go on", RECORD, remedy=remedy, kind=CheckpointError)

    def read_metrics(self, needed: Mapping[str, Shape] | None = None) -> dict[str, Any]:
        """What :attr:`metrics` holds.

        Args:
            needed: What of it is relied on; left out, whatever a report shows.

        Raises:
            DataError: this is no folder of a finished run, or the file is damaged.
        """
        if not self.metrics.is_file():
            raise DataError(
                f"{self.path} is no folder of a finished run: it has no {self.metrics.name}. Expected: the folder of a "
                f"finished run, such as runs/NAME/TIMESTAMP; the last line of python -m xraykit.run names it. A run "
                f"that was interrupted goes on with --resume."
            )
        remedy = "Take it from a copy of the run folder, or run the experiment again."
        return read_json(self.metrics, "the figures of a finished run", needed or METRICS, remedy=remedy)

    def write_record(self, facts: Mapping[str, Any]) -> None:
        """Add facts to :attr:`record`."""
        self.write_json(self.record, {**self.read_record(), **facts})

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
                # Another process was quicker.
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
    raise DataError(f"There are 1000 runs of this second in {unfinished.parent}. Wait, or give another output.root.")


def decision_rule_file(bundle: Path) -> Path:
    """The file of calibration and thresholds in a bundle's folder: ``decision_rule.json``.

    Versions before 0.2.0 call it ``reading.json``; that file is returned where only it exists.
    """
    current, earlier = bundle / "decision_rule.json", bundle / "reading.json"
    return earlier if earlier.is_file() and not current.exists() else current
