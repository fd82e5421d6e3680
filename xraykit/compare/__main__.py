"""Paired comparison of two runs on the same radiographs: ``xraykit compare RUN RUN``."""

import argparse
import sys
from collections.abc import Sequence

from xraykit.compare import compare_runs, comparison_table
from xraykit.errors import DataError
from xraykit.system import (
    CommandParser,
    Result,
    check_ending,
    file_path,
    home_expanded,
    run_command,
)

PARTS = ("test", "validation", "out_of_fold")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two runs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _compare(options), as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "compare",
        "Two runs on the same radiographs: paired differences with intervals, per finding and on average. "
        "Two external validations on the same collection (RUN/evaluations/NAME) are compared likewise.",
    )
    parser.add_argument(
        "first", type=home_expanded, metavar="RUN", help="folder of the reference run, or of its evaluation"
    )
    parser.add_argument("second", type=home_expanded, metavar="RUN", help="folder of the new run, or of its evaluation")
    parser.add_argument("--part", choices=PARTS, help="which part of runs (default: test, if there is one)")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples of patients (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
    parser.add_argument("--to", metavar="FILE.json", type=file_path, help="also write the metrics to this file")
    parser.add_json_option()
    return parser


def _compare(options: argparse.Namespace) -> Result:
    check_ending(options.to, (".json",))
    if options.resamples < 0 or options.seed < 0:
        raise DataError(
            f"--resamples and --seed must be 0 or more. Received: {options.resamples} and {options.seed}. Leave them "
            f"out for 1000 resamples with seed 0."
        )
    figures = compare_runs(
        options.first, options.second, part=options.part, resamples=options.resamples, seed=options.seed
    )
    if options.to:
        from xraykit.runs import RunFolder

        RunFolder(options.to.parent).write_json(options.to, figures)
    return Result(comparison_table(figures), figures)


if __name__ == "__main__":
    sys.exit(main())
