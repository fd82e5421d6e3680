"""What all commands have in common: what is logged, and how an error, Ctrl-C or a scheduler ends them."""

import logging
import signal
import sys
from collections.abc import Callable
from types import FrameType

from xraykit.errors import XraykitError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def run_command(work: Callable[[], int], *, verbose: bool = False) -> int:
    """Do a command's work as a user expects of a command.

    Args:
        work: Returns the exit status.
        verbose: Say more.

    Returns:
        The exit status: that of the work, 2 after an error of the user's, 130 if stopped by Ctrl-C or SIGTERM.
    """
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("xraykit").setLevel(logging.DEBUG if verbose else logging.INFO)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return work()
    except XraykitError as error:
        print(f"xraykit: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print("xraykit: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A scheduler's SIGTERM ends a command as Ctrl-C does: trials and tracked runs are closed."""
    raise KeyboardInterrupt
