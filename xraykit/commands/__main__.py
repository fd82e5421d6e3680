"""Shell completion: ``xraykit completion bash``."""

import sys
from collections.abc import Sequence

from xraykit.commands.completion import SHELLS, completion_script
from xraykit.system import CommandParser, Result, run_command

_EPILOG = """\
To switch it on:
  bash  xraykit completion bash > ~/.local/share/bash-completion/completions/xraykit
  zsh   xraykit completion zsh > FOLDER/_xraykit, where FOLDER is in $fpath
  fish  xraykit completion fish > ~/.config/fish/completions/xraykit.fish
Then start a new shell. Write the file again after an update of xraykit.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the completion script of a shell; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: Result(completion_script(options.shell)))


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser("completion", "Print a script that completes commands and options at a TAB.", _EPILOG)
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


if __name__ == "__main__":
    sys.exit(main())
