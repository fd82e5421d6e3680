"""The page to review cases: ``xraykit review RUN [FOLDER|TABLE]``."""

import argparse
import getpass
import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import DataError, XraykitError
from xraykit.system import CommandParser, check_folder_name, counted, file_path, home_expanded, run_command

if TYPE_CHECKING:
    from xraykit.review.session import Session

logger = logging.getLogger("xraykit.review")

_EPILOG = """\
The page answers on this machine alone, to who knows the token in its address.
Each reading is saved at once: REVIEW/reviewed.csv is what `worklist
--corrected` reads; Ctrl-C ends the server.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Review cases in a browser; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`: 130 once Ctrl-C ended the server.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _review(options))


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "review", "A page on this machine to review cases: the radiographs of a run's test part, or others.", _EPILOG
    )
    parser.add_argument("run", metavar="RUN", type=file_path, help="folder of a finished run")
    parser.add_argument(
        "source",
        nargs="?",
        metavar="FOLDER|TABLE",
        type=home_expanded,
        help="other radiographs, which are predicted first: a folder, or a CSV table with a column image",
    )
    parser.add_argument("--reader", default="", metavar="NAME", help="proposed as the reader's name")
    parser.add_argument("--blind", action="store_true", help="label first, model afterwards; at the end the agreement")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="with --blind: a random sample of N radiographs (default: all)"
    )
    parser.add_argument("--to", metavar="FOLDER", type=file_path, help="where readings go (default: RUN/review)")
    parser.add_argument("--port", type=int, default=0, help="where to listen (default: any port that is free)")
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module or .py file first: for a plug-in's data format or layers, from a source that you "
        "trust. Plug-ins that the run folder names are not imported",
    )
    parser.add_argument(
        "--data-root",
        action="append",
        default=[],
        metavar="FOLDER",
        help="folder of the radiographs, if they were moved; of a run with data.sources NAME=FOLDER, once for each",
    )
    return parser


def _review(options: argparse.Namespace) -> int:
    _check(options)
    from xraykit.review.serving import served

    session = _session(options)
    with served(session, options.port) as server:
        print(f"{counted(len(session.cases), 'radiograph')} to review: {session.cases.title}")
        print(f"Readings are saved in {session.readings.folder}")
        print(f"Open {server.address}")
        print("Ctrl-C ends the server.", flush=True)
        server.wait()
    return 0


def _check(options: argparse.Namespace) -> None:
    """Mistakes in the arguments are reported before anything heavy is imported."""
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise XraykitError(
            f"The page needs {' and '.join(missing)}, which the base installation does not contain. Install with: "
            f"pip install 'xraykit[serve]'"
        )
    check_folder_name(options.to)
    if not 0 <= options.port <= 65535:
        raise XraykitError(f"--port must be within 0 and 65535. Received: {options.port}.")
    if options.limit is not None and (options.limit < 1 or not options.blind):
        raise XraykitError(
            f"--limit is the size of the random sample of --blind, 1 or more. Received: {options.limit}"
            f"{'' if options.blind else ' without --blind'}."
        )
    if options.source is not None and not Path(options.source).exists():
        raise DataError(f"{options.source} does not exist. Expected: a folder of radiographs, or a CSV table of them.")
    if options.reader:
        from xraykit.review.readings import reader_name

        reader_name(options.reader)


def _session(options: argparse.Namespace) -> "Session":
    from xraykit.runs import FinishedRun

    run = FinishedRun.open(options.run)
    from xraykit.review.building import ReviewSettings, session_of_files, session_of_run

    settings = ReviewSettings(
        options.to, options.blind, options.limit, options.plugin, options.data_root, options.reader or _user()
    )
    return session_of_run(run, settings) if options.source is None else session_of_files(run, options.source, settings)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
