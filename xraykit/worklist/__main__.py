"""The worklist of a finished run: ``xraykit worklist RUN [--corrected reviewed.csv]``."""

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xraykit.config import part_text
from xraykit.errors import DataError, XraykitError
from xraykit.system import (
    CommandParser,
    Result,
    check_folder_name,
    counted,
    file_path,
    run_command,
)

if TYPE_CHECKING:
    from xraykit.runs import FinishedRun
    from xraykit.worklist.writing import Pictures

logger = logging.getLogger("xraykit.worklist")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a worklist, or metrics with corrected labels; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _remake(options) if options.corrected else _list(options), as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "worklist",
        "The cases where model and label disagree most confidently, for a radiologist to review; "
        "and the metrics with corrected labels.",
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
        help="import this module or .py file first: for a plug-in's data format, from a source that you trust. "
        "Plug-ins that the run folder names are not imported",
    )
    parser.add_argument(
        "--data-root",
        action="append",
        default=[],
        metavar="FOLDER",
        help="folder of the radiographs, if they were moved; of a run with data.sources NAME=FOLDER, once for each",
    )
    parser.add_argument("--size", type=int, default=512, help="side of the page's pictures in pixels (default: 512)")
    parser.add_json_option()
    return parser


def _list(options: argparse.Namespace) -> Result:
    check_folder_name(options.to)
    from xraykit.runs import FinishedRun, RunFolder
    from xraykit.worklist import write_worklist
    from xraykit.worklist.files import check_blank
    from xraykit.worklist.writing import not_covered

    if not 32 <= options.size <= 2048:
        raise XraykitError(f"--size must be within 32 and 2048. Received: {options.size}. Leave it out for 512.")
    run = FinishedRun.open(options.run)
    predictions, decision_rule = run.predictions(), run.decision_rule()
    folder = RunFolder(options.to) if options.to else run.files
    check_blank(folder.worklist, ("corrected", "remark"))
    pictures = _pictures(run, set(predictions["image"]), options)
    part, split = run.summary.part, str(run.split)
    cases = write_worklist(folder, predictions, decision_rule, pictures, split=split, limit=options.limit, part=part)
    radiographs = cases["image"].nunique()
    where = f"the {part_text(part).lower()}, split: {split}"
    missing = not_covered(decision_rule)
    page = None if pictures is None else folder.worklist_page
    lines = [
        f"{counted(len(cases), 'case')} on {counted(radiographs, 'radiograph')} of {where}",
        *([f"Not covered, because they have no operating point: {', '.join(missing)}"] if missing else []),
        *(str(path) for path in (folder.worklist, page) if path is not None),
    ]
    values = {
        "worklist": folder.worklist,
        "page": page,
        "cases": len(cases),
        "radiographs": radiographs,
        "part": part,
        "split": split,
        "not_covered": list(missing),
    }
    return Result("\n".join(lines), values)


def _remake(options: argparse.Namespace) -> Result:
    check_folder_name(options.to)
    from xraykit.worklist.files import fresh_folder

    # Mistakes in the arguments are reported before scikit-learn takes its second to be imported.
    folder = fresh_folder(options.to or options.run / "reviewed" / options.corrected.stem)
    from xraykit.runs import FinishedRun
    from xraykit.worklist import metrics_with_corrections, read_corrections
    from xraykit.worklist.corrected_metrics import before_and_after

    run = FinishedRun.open(options.run)
    corrections = read_corrections(options.corrected, run.predictions(), run.labels, run.summary.part)
    corrected_metrics = metrics_with_corrections(run, corrections)
    corrected_metrics.write(folder)
    text = before_and_after(run, corrected_metrics)
    values = {"folder": folder.path, "before": run.metrics, "metrics": corrected_metrics.metrics}
    return Result(f"{text}\n{folder.path}", values)


def _pictures(run: "FinishedRun", images: set[str], options: argparse.Namespace) -> "Pictures | None":
    """How the radiographs of the run are read; None, which is logged, if they are not available."""
    import numpy as np

    from xraykit.data import read_radiograph
    from xraykit.runs import recorded_bit_depth
    from xraykit.worklist import radiographs_of

    try:
        experiment, path_of = radiographs_of(run, options.plugin, options.data_root)
        missing = images - set(path_of)
        if missing:
            raise DataError(f"{len(missing)} of its radiographs no longer exist, such as {min(missing)}.")
    except XraykitError as error:
        logger.warning("No page is written, because the radiographs of the run are not available. %s", error)
        return None
    most, size, depth = experiment.data.max_megapixels, options.size, recorded_bit_depth(run.state())

    def read(part: str, images: list[str]) -> np.ndarray:
        return np.stack([read_radiograph(path_of[image], size, most, bit_depth=depth) for image in images])

    return read


if __name__ == "__main__":
    sys.exit(main())
