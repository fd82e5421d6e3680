"""What all commands share: the log, and how an error, Ctrl-C or a scheduler ends them."""

import argparse
import logging
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import datetime
from pathlib import Path

from xraykit.errors import DataError, XraykitError
from xraykit.system.exit_codes import EXIT_BUG, EXIT_ERROR, EXIT_INTERRUPTED, EXIT_NOT_READ
from xraykit.system.invocation import is_own_process
from xraykit.system.processes.stopping import STOP_SECONDS, Stopped, end_at_once, stop_signals
from xraykit.system.terminal.progress_bars import close_bars
from xraykit.system.terminal.results import Result, result_json
from xraykit.system.terminal.streams import OutputLost, drop_output, steady_streams

_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")

_FILES = {".csv", ".html", ".json", ".pdf", ".png", ".tsv", ".txt", ".xlsx", ".yaml", ".zip"}


def home_expanded(text: str) -> str:
    """An argument that is a path, with ``~`` expanded: a shell leaves it in ``--to=~/x``. For argparse's ``type``."""
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"there is no home folder for {text.partition('/')[0]!r}") from None


def file_path(text: str) -> Path:
    """:func:`home_expanded` as a path."""
    return Path(home_expanded(text))


def run_command(
    work: Callable[[], int | Result],
    *,
    verbose: bool = False,
    as_json: bool = False,
    stop_seconds: float = STOP_SECONDS,
) -> int:
    """Run a command's work; handle its errors, signals and output.

    Args:
        work: Returns its result, which is printed, or the exit code alone.
        verbose: Log details.
        as_json: Print the result as JSON, and nothing else on standard output: what else is printed, such as by a
            plug-in, goes to standard error.
        stop_seconds: From the first signal to the forced end of the process.

    Returns:
        The exit code: that of the work, or another of :data:`xraykit.system.exit_codes.EXIT_CODES`.
    """
    with steady_streams(), stop_signals(stop_seconds):
        return _logged(lambda: _deliver(work, as_json), verbose)


# For completion in a shell; see xraykit.system.command_parser.
home_expanded.is_path = file_path.is_path = True  # type: ignore[attr-defined]


def check_ending(target: Path | None, endings: Sequence[str], option: str = "--to") -> None:
    """Check the ending of a file to be written, which decides its format.

    Args:
        target: The file; None: none was given.
        endings: The possible ones, in lower case.
        option: The command's option for it.

    Raises:
        DataError: it has another one.
    """
    if target is not None and target.suffix.lower() not in endings:
        raise DataError(f"{option} must end in {' or '.join(endings)}, which decides the format. Received: {target}.")


def check_folder_name(target: Path | None, option: str = "--to") -> None:
    """Check that a folder to be written is not named like a file.

    Raises:
        DataError: it is.
    """
    if target is not None and target.suffix.lower() in _FILES and not target.is_dir():
        raise DataError(
            f"{option} must name a folder, into which several files are written. Received: {target}. Omit the ending."
        )


def _deliver(work: Callable[[], int | Result], as_json: bool) -> int:
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        outcome = work()
    if isinstance(outcome, int):
        return outcome
    text = result_json(outcome.values) if as_json else outcome.text
    if text:
        print(text)
    return outcome.status


def _logged(work: Callable[[], int], verbose: bool) -> int:
    start_logging(verbose=verbose)
    return _status_of(work)


def start_logging(*, verbose: bool = False) -> None:
    """Write events to standard error: without date and time on a terminal, with them in a file or a pipe."""
    stamp = "" if sys.stderr.isatty() else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr, format=f"{stamp}%(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.WARNING
    )
    logging.getLogger("xraykit").setLevel(logging.DEBUG if verbose else logging.INFO)


def without_stamp(line: str) -> str:
    """A line of a log file without its date and time."""
    return _STAMP.sub("", line)


def _status_of(work: Callable[[], int]) -> int:
    try:
        status = work()
        sys.stdout.flush()
        return status
    except OutputLost as error:
        drop_output()
        _say(str(error))
        return EXIT_ERROR
    except BrokenPipeError:
        # The reader of the output has closed it.
        drop_output()
        return EXIT_NOT_READ
    except XraykitError as error:
        _say(str(error))
        return EXIT_ERROR
    except OSError as error:
        logging.getLogger(__name__).debug("The operating system reported an error.", exc_info=True)
        _say(refused_by_system(error))
        return EXIT_ERROR
    except Stopped as stop:
        _say(f"{stop}.")
        end_at_once(stop.exit_status)
        return stop.exit_status
    except KeyboardInterrupt:
        _say("stopped.")
        return EXIT_INTERRUPTED
    except SystemExit as end:
        _say(_ended_by_a_plugin(end))
        return EXIT_ERROR
    except Exception:
        # A program that calls the command sees the exception itself.
        if not is_own_process():
            raise
        close_bars()
        traceback.print_exc()
        _say("this is a bug in xraykit. Please report it with the text above.")
        return EXIT_BUG


def show_message(text: str) -> None:
    """Print a message to standard error: with date and time in the file or pipe of a command."""
    close_bars()
    stamp = f"{datetime.now():%Y-%m-%d %H:%M:%S} " if is_own_process() and not sys.stderr.isatty() else ""
    print(f"{stamp}{text}", file=sys.stderr)


def _say(sentence: str) -> None:
    show_message(f"xraykit: {sentence}")


def _ended_by_a_plugin(end: SystemExit) -> str:
    """xraykit itself never ends the process during its work."""
    *_, last = traceback.extract_tb(end.__traceback__)
    return (
        f"{last.filename}, line {last.lineno}, ended the process with sys.exit({end.code!r}) before the work was done. "
        f"Expected: plug-ins that raise an error where they cannot continue. Remove the call, or the plug-in."
    )


def refused_by_system(error: OSError) -> str:
    """The message for an unexpected error of the operating system."""
    reason = error.strerror or str(error) or type(error).__name__
    if "temporary directory" in reason:
        return f"{reason}, which TensorFlow needs. Free some space there, or set TMPDIR to a writable folder."
    return (
        f"{'The operating system' if error.filename is None else error.filename}: {reason}. Check that the disk has "
        f"free space and that the file or folder exists and is accessible, then run the command again. Where the "
        f"command has it, --verbose shows where the error occurred."
    )
