"""What an experiment and its data contain, before anything is trained: ``xraykit check FILE``."""

import argparse
import sys
from collections.abc import Sequence

from xraykit.config import experiment_words, load_experiment
from xraykit.system import EXIT_DONE, check_framework, home_expanded, run_command, typed

_EPILOG = """\
key=value arguments override the file: training.epochs=3 data.root=/data/nih search=null
xraykit is for research; it is not a medical device.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Check an experiment file; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = _parser().parse_intermixed_args(arguments)
    return run_command(lambda: _check(options), verbose=options.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=typed("check"),
        description="Show an experiment and what its data contain; train nothing.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="EXPERIMENT key=value",
        type=home_expanded,
        help="experiment file, and values that override the file's",
    )
    parser.add_argument("--verbose", action="store_true", help="log details")
    return parser


def _check(options: argparse.Namespace) -> int:
    check_framework()
    file, overrides = experiment_words(options.words)
    experiment = load_experiment(file, overrides)
    from xraykit.check import check_experiment

    check_experiment(experiment, print)
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
