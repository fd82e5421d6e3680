"""The exit codes of all commands, in one table; ``docs/commands.md`` shows it."""

import signal

EXIT_DONE = 0
EXIT_PARTLY = 1
EXIT_ERROR = 2
EXIT_BUG = 70
EXIT_NOT_READ = 141

SIGNALLED = 128
"""A command that a signal stopped ends with this and the signal's number, as shells report it."""


def exit_code_of_signal(number: int) -> int:
    """The exit code of a command that the signal stopped: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return SIGNALLED + number


EXIT_INTERRUPTED = exit_code_of_signal(signal.SIGINT)

EXIT_CODES = {
    EXIT_DONE: "done",
    EXIT_PARTLY: "done in part: predict could not read some pictures, recalibrate could fit no label again",
    EXIT_ERROR: "an error that the message explains: arguments, experiment, data, files, or a missing package",
    EXIT_BUG: "an unexpected error with a traceback: a bug in xraykit",
    129: "stopped by SIGHUP: its terminal was closed",
    EXIT_INTERRUPTED: "stopped by Ctrl-C (SIGINT)",
    EXIT_NOT_READ: "the reader of its output has ended, as in `... | head` (SIGPIPE)",
    143: "stopped by SIGTERM: by a scheduler, or by kill",
}
"""What each exit code means. A process that is ended by force (SIGKILL, no memory) has 137, which is the shell's."""
