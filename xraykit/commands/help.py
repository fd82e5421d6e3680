"""The one help page, for a terminal of 80 columns."""

import textwrap
from itertools import groupby

from xraykit.commands.table import COMMANDS
from xraykit.system import EXIT_CODES, program

WIDTH = 80
_NAME = 15


def help_page() -> str:
    """All commands by their groups, the options of xraykit itself, examples and exit codes."""
    called = program()
    parts = [
        f"usage: {called} COMMAND [arguments]",
        "xraykit trains, tunes, evaluates, explains and packs chest X-ray classifiers\nfrom one YAML file.",
    ]
    for group, commands in groupby(COMMANDS, key=lambda command: command.group):
        parts.append(_section(group, {command.name: command.summary for command in commands}))
    parts += [
        _section("Options", {"-h, --help": "show this page", "--version": "show the version"}),
        f"{called} COMMAND --help shows the arguments of a command.",
        _section("Exit codes", {str(code): meaning for code, meaning in EXIT_CODES.items()}),
        "xraykit is for research; it is not a medical device.",
    ]
    return "\n\n".join(parts)


def _section(title: str, rows: dict[str, str]) -> str:
    return "\n".join([f"{title}:", *(_row(name, text) for name, text in rows.items())])


def _row(name: str, text: str) -> str:
    first = f"  {name:{_NAME - 2}}"
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * _NAME)
