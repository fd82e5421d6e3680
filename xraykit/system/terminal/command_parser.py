"""The parser of a command's arguments, with what all commands share."""

import argparse
import re
import textwrap
from typing import Any

from xraykit.system.invocation import typed

WIDTH = 80
"""Columns that text of the commands fits into: help pages and tables."""

_RESEARCH = "xraykit is for research; it is not a medical device."
_FOLDERS = {"RUN", "FOLDER", "RUN_DIR"}


class CommandParser(argparse.ArgumentParser):
    """The parser of a command.

    Args:
        command: Its name, such as ``run``. The usage line shows the form that was typed.
        description: What it does.
        epilog: Below the arguments. Lines that are too long are wrapped.
    """

    def __init__(self, command: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=typed(command),
            description=wrapped(description),
            epilog=wrapped("\n".join(filter(None, [epilog.strip("\n"), _RESEARCH]))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """See :meth:`argparse.ArgumentParser.add_argument`; a path is marked for shell completion."""
        action = super().add_argument(*names, **options)
        if getattr(options.get("type"), "is_path", False):
            # Read by shtab; see xraykit.commands.completion.
            action.complete = "directory" if options.get("metavar") in _FOLDERS else "file"  # type: ignore[attr-defined]
        return action

    def add_json_option(self) -> None:
        """Add ``--json``; see :class:`xraykit.system.results.Result`."""
        self.add_argument(
            "--json", action="store_true", help="print the result as one JSON document; messages go to standard error"
        )

    def add_verbose_option(self) -> None:
        """Add ``--verbose``."""
        self.add_argument("--verbose", action="store_true", help="log details")


def wrapped(text: str, width: int = WIDTH) -> str:
    """Text whose lines are wrapped where they are too long; below a term, the lines of its meaning are aligned."""
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    term = re.match(r"\s*\S+\s{2,}|\s*", line)
    indent = " " * (term.end() if term else 0)
    head, rest = line[: len(indent)], line[len(indent) :]
    return textwrap.fill(
        rest, width, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
