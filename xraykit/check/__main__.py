"""What an experiment and its data contain, before anything is trained: ``xraykit check FILE``."""

import argparse
import sys
from collections.abc import Sequence

from xraykit.config import experiment_words, load_experiment
from xraykit.system import CommandParser, Result, check_framework, home_expanded, run_command

_EPILOG = """\
key=value arguments override the file, such as:
  training.epochs=3 data.root=/data/nih search=null
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check an experiment file; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_intermixed_args(arguments)
    return run_command(lambda: _check(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "check",
        "Show an experiment and what its data contain; train nothing.",
        _EPILOG,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="EXPERIMENT key=value",
        type=home_expanded,
        help="experiment file, and values that override the file's",
    )
    parser.add_argument("--all", action="store_true", help="show every key, also those at their defaults")
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _check(options: argparse.Namespace) -> Result:
    check_framework()
    file, overrides = experiment_words(options.words)
    experiment = load_experiment(file, overrides)
    from xraykit.check import check_experiment

    # Shown part by part, as the pictures take a while; with --json this goes to standard error.
    return Result("", check_experiment(experiment, print, everything=options.all))


if __name__ == "__main__":
    sys.exit(main())
