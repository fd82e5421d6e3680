"""The report of a run or an external validation, or of several runs: ``python -m xraykit.report RUN [RUN ...]``."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xraykit.errors import DataError
from xraykit.runs import FinishedEvaluation, open_finished
from xraykit.system import check_ending, file_path, run_command

logger = logging.getLogger(__name__)

_COMPARISON = Path("comparison.html")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m xraykit.report",
        description="Make the report of a run again from its folder, or compare two or more runs on one page.",
    )
    parser.add_argument(
        "run",
        nargs="+",
        type=file_path,
        help="folder of a finished run, such as runs/NAME/TIMESTAMP, or of an external validation in it",
    )
    parser.add_argument(
        "--to",
        type=file_path,
        metavar="FILE",
        help=f"where the page goes; left out: report.html in the run folder, or {_COMPARISON} here for several runs",
    )
    parser.add_argument("--verbose", action="store_true", help="more detailed messages")
    given = parser.parse_args(arguments)

    def work() -> int:
        check_ending(given.to, (".html", ".htm"))
        runs = [open_finished(path) for path in given.run]
        folders = [run.files for run in runs]
        evaluations = [run for run in runs if isinstance(run, FinishedEvaluation)]
        if evaluations and len(runs) > 1:
            raise DataError(
                f"Several external validations have no page side by side. Received: {', '.join(map(str, given.run))}. "
                f"Compare two on the same radiographs with python -m xraykit.compare, or give one."
            )
        # Matplotlib is imported late: mistakes are reported before it takes its seconds.
        from xraykit.report import write_comparison, write_evaluation, write_report

        several = len(folders) > 1
        with _shape_reported(given.run):
            if evaluations:
                print(write_evaluation(evaluations[0], given.to))
                return 0
            page = write_comparison(folders, given.to or _COMPARISON) if several else write_report(folders[0], given.to)
        print(page)
        return 0

    return run_command(work, verbose=given.verbose)


@contextmanager
def _shape_reported(runs: Sequence[Path]) -> Iterator[None]:
    """Reports files that pass the first check but contain, say, text in place of a number."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        logger.debug("The report could not be made.", exc_info=True)
        raise DataError(
            f"The report of {', '.join(map(str, runs))} cannot be made: metrics.json, data.json or a table has an "
            f"unexpected form ({type(error).__name__}: {error}). Expected: the files as this version of xraykit writes "
            f"them. Restore them from a copy of the run folder; if they are unchanged, this is a bug in xraykit."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
