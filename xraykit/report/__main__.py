"""The report of a run or an external validation, or of several runs: ``xraykit report RUN [RUN ...]``."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xraykit import report
from xraykit.config import FIGURE_KINDS
from xraykit.errors import DataError
from xraykit.system import (
    CommandParser,
    Result,
    check_ending,
    file_path,
    run_command,
)

logger = logging.getLogger(__name__)

_COMPARISON = Path("comparison.html")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a report; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _report(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "report",
        "Make the report of a run again from its folder, or compare two or more runs on one page.",
    )
    parser.add_argument(
        "run",
        nargs="+",
        metavar="RUN",
        type=file_path,
        help="folder of a finished run, such as runs/NAME/TIMESTAMP, or of an external validation in it",
    )
    parser.add_argument(
        "--to",
        type=file_path,
        metavar="FILE",
        help=f"where the page goes; left out: report.html in the run folder, or {_COMPARISON} here for several runs",
    )
    parser.add_argument(
        "--figures",
        type=_kinds,
        metavar="KINDS",
        help="of a run: kinds of its figures' files, such as png,svg,pdf; left out: output.figures of the experiment",
    )
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",")]
    if not set(kinds) <= set(FIGURE_KINDS):
        raise argparse.ArgumentTypeError(f"expected some of {','.join(FIGURE_KINDS)}, received {text!r}")
    return kinds


def _report(options: argparse.Namespace) -> Result:
    check_ending(options.to, (".html", ".htm"))
    write = _writer(options.run, options.to, options.figures)
    with _shape_reported(options.run):
        page = write()
    return Result(str(page), {"report": page})


def _writer(paths: Sequence[Path], to: Path | None, kinds: Sequence[str] | None) -> Callable[[], Path]:
    """What writes the page; Matplotlib is imported by it, after mistakes are reported."""
    from xraykit.runs import FinishedEvaluation, RunFolder, open_finished

    recalibration = RunFolder(paths[0])
    if len(paths) == 1 and recalibration.recalibration.is_file() and not recalibration.metrics.is_file():
        return lambda: report.write_recalibration(recalibration, to)
    runs = [open_finished(path) for path in paths]
    evaluations = [run for run in runs if isinstance(run, FinishedEvaluation)]
    if evaluations and len(runs) > 1:
        raise DataError(
            f"Several external validations have no page side by side. Received: {', '.join(map(str, paths))}. Compare "
            f"two on the same radiographs with xraykit compare, or give one."
        )
    if evaluations:
        return lambda: report.write_evaluation(evaluations[0], to)
    folders = [run.files for run in runs]
    if len(folders) > 1:
        return lambda: report.write_comparison(folders, to or _COMPARISON)
    return lambda: report.write_report(folders[0], to, kinds=kinds)


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
