"""What all commands have in common: what is logged, and how an error, Ctrl-C or a scheduler ends them."""

import argparse
import logging
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from xraykit.errors import DataError, XraykitError
from xraykit.system.progress_bars import close_bars
from xraykit.system.stopping import Stopped, end_at_once, stop_signals
from xraykit.system.streams import OutputLost, drop_output, steady_streams

_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")

_FILES = {".csv", ".html", ".json", ".pdf", ".png", ".tsv", ".txt", ".xlsx", ".yaml", ".zip"}

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_NOT_READ = 141


def home_expanded(text: str) -> str:
    """An argument that is a path, with ``~`` expanded: a shell leaves it in ``--to=~/x``. For argparse's ``type``."""
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"there is no home folder for {text.partition('/')[0]!r}") from None


def file_path(text: str) -> Path:
    """:func:`home_expanded` as a path."""
    return Path(home_expanded(text))


def run_command(work: Callable[[], int], *, verbose: bool = False) -> int:
    """Do a command's work as a user expects of a command.

    Args:
        work: Returns the exit status.
        verbose: Say more.

    Returns:
        The exit status: that of the work, 2 after an error of the user's; if a signal stopped it, 128 and the
        signal's number: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP; 141 (SIGPIPE) if nobody reads what it prints
        any more, as in ``… | head``.
    """
    with steady_streams(), stop_signals():
        return _logged(work, verbose)


def check_ending(target: Path | None, endings: Sequence[str], option: str = "--to") -> None:
    """See that a file to be written has an ending that says what is written.

    Args:
        target: The file; None: none was given.
        endings: Those that are possible, in lower case.
        option: How the user named it.

    Raises:
        DataError: it has another one.
    """
    if target is not None and target.suffix.lower() not in endings:
        raise DataError(f"{option} must end in {' or '.join(endings)}, which says what is written. Received: {target}.")


def check_folder_name(target: Path | None, option: str = "--to") -> None:
    """See that a folder to be written is not named as a file of results.

    Raises:
        DataError: it is.
    """
    if target is not None and target.suffix.lower() in _FILES and not target.is_dir():
        raise DataError(
            f"{option} names a folder, into which several files are written. Received: {target}. Leave its ending out."
        )


def _logged(work: Callable[[], int], verbose: bool) -> int:
    start_logging(verbose=verbose)
    return _status_of(work)


def start_logging(*, verbose: bool = False) -> None:
    """Write events to standard error: as they are on a terminal, with date and time into a file or a pipe."""
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
        # Whoever read the output has seen enough.
        drop_output()
        return EXIT_NOT_READ
    except XraykitError as error:
        _say(str(error))
        return EXIT_ERROR
    except OSError as error:
        logging.getLogger(__name__).debug("The operating system refused something.", exc_info=True)
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


def _say(sentence: str) -> None:
    close_bars()
    print(f"xraykit: {sentence}", file=sys.stderr)


def _ended_by_a_plugin(end: SystemExit) -> str:
    """Nothing of xraykit's ends the process in the midst of its work."""
    *_, last = traceback.extract_tb(end.__traceback__)
    return (
        f"{last.filename}, line {last.lineno}, ended the process with sys.exit({end.code!r}) before the work was done. "
        f"Expected: plug-ins that raise an error where they cannot go on. Remove the call, or leave the plug-in out."
    )


def refused_by_system(error: OSError) -> str:
    """An error of the operating system that nobody expected, in a sentence."""
    reason = error.strerror or str(error) or type(error).__name__
    if "temporary directory" in reason:
        return f"{reason}, which TensorFlow needs. Make room there, or set TMPDIR to a folder that can be written."
    return (
        f"{'The operating system' if error.filename is None else error.filename}: {reason}. Check that the disk has "
        f"room and that the file or folder is there and may be used, then run the command again; --verbose, where "
        f"the command has it, shows where it happened."
    )
