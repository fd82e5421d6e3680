"""Shell completion: a script for bash, zsh or fish in which every command and option is written out.

At a TAB the shell runs that script alone, without Python, so that it answers at once.
"""

import argparse

from xraykit.commands.table import COMMANDS
from xraykit.errors import XraykitError
from xraykit.system import PROGRAM
from xraykit.version import VERSION

SHELLS = ("bash", "zsh", "fish")
"""The shells."""


def completion_script(shell: str) -> str:
    """The script.

    Args:
        shell: One of :data:`SHELLS`.

    Raises:
        XraykitError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise XraykitError("Shell completion needs the package shtab. Install it: pip install shtab") from None
    script: str = shtab.complete(_all_commands(), shell)
    return script


def _all_commands() -> argparse.ArgumentParser:
    """One parser with all commands, as shtab reads it."""
    parser = argparse.ArgumentParser(prog=PROGRAM)
    parser.add_argument("--version", action="version", version=VERSION, help="show the version")
    commands = parser.add_subparsers(dest="command")
    for command in COMMANDS:
        commands.add_parser(command.name, parents=[command.parser()], add_help=False, help=command.summary)
    return parser
