"""The worklist of a finished run: ``python -m xraykit.worklist RUN [--corrected reviewed.csv]``."""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xraykit.errors import DataError, XraykitError
from xraykit.system.command_line import check_folder_name, file_path, run_command
from xraykit.system.counting import counted

if TYPE_CHECKING:
    from xraykit.worklist.finished import FinishedRun
    from xraykit.worklist.writing import Pictures

logger = logging.getLogger("xraykit.worklist")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a worklist, or figures with corrected labels; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit status: 0, 2 after an error of the user's, 130 if stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    return run_command(lambda: _remake(options) if options.corrected else _list(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xraykit.worklist",
        description="The cases where model and label disagree most confidently, for a radiologist to look at again; "
        "and the figures once labels were corrected.",
    )
    parser.add_argument("run", metavar="RUN", type=file_path, help="folder of a finished run")
    parser.add_argument("--corrected", metavar="reviewed.csv", type=file_path, help="a worklist that was filled in")
    parser.add_argument(
        "--to", metavar="FOLDER", type=file_path, help="where results go (default: into the run folder)"
    )
    parser.add_argument("--limit", type=int, default=60, help="number of cases at most (default: 60)")
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module or .py file first: for a data format of its own, from somebody you trust. Plug-ins "
        "that the run folder names are not imported",
    )
    parser.add_argument("--size", type=int, default=512, help="side of the page's pictures in pixels (default: 512)")
    return parser


def _list(options: argparse.Namespace) -> int:
    check_folder_name(options.to)
    from xraykit.runs.folder import RunFolder
    from xraykit.worklist import finished_run, write_worklist
    from xraykit.worklist.files import check_blank
    from xraykit.worklist.writing import not_looked_at

    if not 32 <= options.size <= 2048:
        raise XraykitError(f"--size must be within 32 and 2048. Received: {options.size}. Leave it out for 512.")
    run = finished_run(options.run)
    folder = RunFolder(options.to) if options.to else run.folder
    check_blank(folder.worklist, ("corrected", "remark"))
    pictures = _pictures(run, options.size, options.plugin)
    cases = write_worklist(
        folder, run.predictions, run.decision_rule, pictures, split=str(run.split), limit=options.limit
    )
    radiographs = cases["image"].nunique()
    print(f"{counted(len(cases), 'case')} on {counted(radiographs, 'radiograph')} of the test part, split: {run.split}")
    missing = not_looked_at(run.decision_rule)
    if missing:
        print(f"Not looked at, as they have no operating point: {', '.join(missing)}")
    print(folder.worklist)
    if pictures is not None:
        print(folder.worklist_page)
    return 0


def _remake(options: argparse.Namespace) -> int:
    check_folder_name(options.to)
    from xraykit.worklist.files import fresh_folder

    # What can be wrong is told before scikit-learn takes its second to be imported.
    folder = fresh_folder(options.to or options.run / "reviewed" / options.corrected.stem)
    from xraykit.worklist import finished_run, read_corrections, remake_figures
    from xraykit.worklist.remade import before_and_after

    run = finished_run(options.run)
    corrections = read_corrections(options.corrected, run.predictions, run.decision_rule.labels)
    remade = remake_figures(run, corrections)
    remade.write(folder)
    print(before_and_after(run, remade))
    print(folder.path)
    return 0


def _pictures(run: "FinishedRun", size: int, plugins: Sequence[str]) -> "Pictures | None":
    """How the radiographs of the run's data are read; None, and it is logged, if they are not there."""
    import numpy as np

    from xraykit.config import load_experiment
    from xraykit.data import load_catalog, read_radiograph
    from xraykit.registry import FORMATS
    from xraykit.runs.identity import check_pictures, check_settings

    try:
        # The run folder may be a stranger's: only what the user names is imported.
        experiment = load_experiment(run.folder.experiment, plugins=plugins)
        if experiment.data.format not in FORMATS:
            raise DataError(
                f"Their format {experiment.data.format!r} is of a plug-in. If you trust it, give it with --plugin. The "
                f"experiment had: {', '.join(experiment.plugins) or 'none'}."
            )
        catalog, record = load_catalog(experiment), run.folder.read_record()
        check_settings(record, experiment, run.folder.path)
        check_pictures(record, catalog, run.folder.path)
        table = catalog.table
        path_of = dict(zip(table["image"], table["path"], strict=True))
        gone = set(run.predictions["image"]) - set(path_of)
        if gone:
            raise DataError(f"{len(gone)} of its radiographs are not there any more, such as {min(gone)}.")
    except XraykitError as error:
        logger.warning("There will be no page, as the radiographs of the run cannot be had. %s", error)
        return None
    most = experiment.data.max_megapixels

    def read(part: str, images: list[str]) -> np.ndarray:
        return np.stack([read_radiograph(path_of[image], size, most) for image in images])

    return read


if __name__ == "__main__":
    sys.exit(main())
