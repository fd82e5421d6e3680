"""The one command line: ``xraykit COMMAND``, the console script, and ``python -m xraykit COMMAND``."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from xraykit.commands import COMMAND, help_page
from xraykit.system import EXIT_DONE, EXIT_ERROR, EXIT_INTERRUPTED, program, show_message
from xraykit.version import VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; see ``--help``.

    Args:
        arguments: Of the command line, the command first; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(words)
    except KeyboardInterrupt:
        # Before the command handles it itself, such as during an import.
        show_message("xraykit: stopped.")
        return EXIT_INTERRUPTED


def _dispatch(words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    if not words or words[0] in ("-h", "--help"):
        print(help_page())
        return EXIT_DONE
    if words[0] in ("-V", "--version"):
        print(f"xraykit {VERSION}")
        return EXIT_DONE
    command = COMMAND.get(words[0])
    if command is None:
        show_message(f"xraykit: {_unknown(words[0])}")
        return EXIT_ERROR
    return command.run(words[1:])


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"Unknown option {word!r}. Expected: a command first. {program()} --help lists them."
    if word.endswith((".yaml", ".yml")) or Path(word).is_file():
        return f"{word} is a file. Expected: a command first, such as {program()} run {word}."
    near = difflib.get_close_matches(word, COMMAND, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Unknown command {word!r}.{hint} Known: {', '.join(COMMAND)}. See {program()} --help."


if __name__ == "__main__":
    sys.exit(main())
