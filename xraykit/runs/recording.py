"""While a run goes on: its log in ``log.txt``, and its start and end in ``environment.json``."""

import logging
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xraykit.config import Experiment
from xraykit.errors import CheckpointError, DataError, XraykitError
from xraykit.runs.environment import EnvironmentRecord, Outcome, Seeds, Start, now, this_start
from xraykit.runs.folder import RunFolder
from xraykit.system import Stopped, read_record

logger = logging.getLogger(__name__)

_FORMAT = "%(asctime)s %(levelname)s %(message)s"
_PACKAGE = "xraykit"


@contextmanager
def recorded(
    folder: RunFolder, experiment: Experiment, framework: Mapping[str, str], accelerators: list[str]
) -> Iterator[None]:
    """Record a start of a run: everything that is logged, the environment, how it ends and after how long.

    Args:
        folder: The run, which this process has claimed.
        experiment: Of the run.
        framework: See :func:`xraykit.model.backend.describe`.
        accelerators: See :func:`xraykit.model.backend.accelerators`.

    Raises:
        CheckpointError: ``environment.json`` of an earlier start is damaged.
        DataError: the disk is full or the folder cannot be written.
    """
    began, start = time.monotonic(), this_start(framework, accelerators)
    record = _with(_earlier(folder), experiment, start)
    _write(folder, record)
    with _log_in(folder.log) as log:
        outcome: Outcome = "failed"
        try:
            yield
            outcome = "finished"
        except (Stopped, KeyboardInterrupt) as stop:
            outcome = "stopped"
            log.write(logging.WARNING, f"stopped. {stop}".strip())
            raise
        except XraykitError as error:
            log.write(logging.ERROR, str(error))
            raise
        except BaseException:
            log.write(logging.ERROR, traceback.format_exc())
            raise
        finally:
            seconds = round(time.monotonic() - began, 1)
            ended = start.model_copy(update={"ended": now(), "seconds": seconds, "outcome": outcome})
            _end(folder, record.model_copy(update={"starts": [*record.starts[:-1], ended]}))


def read_environment(folder: RunFolder) -> EnvironmentRecord | None:
    """The content of ``environment.json``; None for a run of a version that wrote none.

    Raises:
        CheckpointError: the file is damaged.
    """
    if not folder.environment.is_file():
        return None
    remedy = "Restore it from a copy of the run folder, or remove it: the run then lacks the record of its environment."
    return read_record(
        folder.environment, EnvironmentRecord, "the environment of a run", remedy=remedy, kind=CheckpointError
    )[1]


def _earlier(folder: RunFolder) -> list[Start]:
    record = read_environment(folder)
    return [] if record is None else list(record.starts)


def _with(earlier: list[Start], experiment: Experiment, start: Start) -> EnvironmentRecord:
    seeds = Seeds(experiment=experiment.seed, split=experiment.split_seed)
    return EnvironmentRecord(version=EnvironmentRecord.VERSION, seeds=seeds, starts=[*earlier, start])


def _write(folder: RunFolder, record: EnvironmentRecord) -> None:
    folder.write_json(folder.environment, record.model_dump(mode="json"))


def _end(folder: RunFolder, record: EnvironmentRecord) -> None:
    try:
        _write(folder, record)
    except (DataError, OSError) as error:
        # Whatever ended the run is what its user must see.
        logger.warning("The end of the run is not recorded in %s: %s", folder.environment.name, error)


class _RunLog(logging.FileHandler):
    """A log file that never ends a run: a full disk is reported once, and the run goes on without it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
        self._failed = False

    def write(self, level: int, text: str) -> None:
        """Add what the command itself shows on the terminal, or the program that called xraykit."""
        self.handle(logger.makeRecord(logger.name, level, __file__, 0, text, (), None))

    def emit(self, record: logging.LogRecord) -> None:
        if self._failed:
            return
        try:
            super().emit(record)
        except OSError:
            # The file is opened for the first line, outside of what logging handles.
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        self._failed = True
        logger.warning("%s cannot be written; the run goes on without its log.", self.baseFilename)


@contextmanager
def _log_in(path: Path) -> Iterator[_RunLog]:
    log, package, root = _RunLog(path), logging.getLogger(_PACKAGE), logging.getLogger()
    level = package.level
    added: list[logging.Handler] = [log]
    if not root.handlers and logging.lastResort is not None:
        # A program that has not set up logging sees what it saw before: warnings alone, which Python shows only
        # while there is no handler.
        added.append(logging.lastResort)
        if level == logging.NOTSET:
            package.setLevel(logging.INFO)
    for handler in added:
        root.addHandler(handler)
    try:
        yield log
    finally:
        for handler in added:
            root.removeHandler(handler)
        package.setLevel(level)
        log.close()
