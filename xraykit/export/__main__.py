"""Write a network for another runtime: ``xraykit export RUN --to onnx``."""

import argparse
import os
import sys
from collections.abc import Sequence

from xraykit.errors import DataError
from xraykit.export.contents import ExportRecord
from xraykit.export.targets import TARGETS, target_named
from xraykit.system import CommandParser, Result, check_folder_name, file_path, home_expanded, run_command

_EPILOG = """\
The folder contains the network (preprocessing included), the decision rule,
the labels, a golden picture with its expected results, and example.py, which
needs the runtime, numpy and OpenCV alone. It is verified in the runtime against
the golden picture and 50 simulated radiographs before it is written. An
ensemble becomes one network.
  onnx        needs pip install "xraykit[onnx]"
  litert      needs pip install "xraykit[litert]"
  openvino    needs pip install "xraykit[openvino]"; with --int8 "xraykit[openvino,onnx]"
  savedmodel  needs nothing more
Exit code: 0; 2 if nothing was written, with the reason.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a network; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`. An export that cannot be verified is an error.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _export(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "export", "Writes a network for another runtime, with everything that belongs to it.", _EPILOG
    )
    parser.add_argument("run", metavar="RUN", type=home_expanded, help="run folder or bundle of the network")
    parser.add_argument("--to", required=True, choices=tuple(TARGETS), help="format")
    parser.add_argument("--folder", type=file_path, help="new folder (default: RUN/exports/FORMAT)")
    parser.add_argument(
        "--int8",
        action="store_true",
        help="8-bit integers: smaller, often faster, less exact; the loss in ROC AUC is measured and printed",
    )
    parser.add_argument(
        "--calibrate",
        metavar="PICTURES",
        nargs="+",
        default=[],
        type=home_expanded,
        help="with --int8: pictures, folders or tables to take ranges from (default: the run's training part)",
    )
    parser.add_argument(
        "--sample",
        metavar="TABLE",
        type=file_path,
        help="with --int8: radiographs with labels to measure the loss on (default: the run's validation part)",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="with --int8: of patients, for intervals (1000)")
    parser.add_argument("--seed", type=int, default=0, help="with --int8: of pictures and resamples (0)")
    parser.add_argument(
        "--plugin",
        metavar="MODULE",
        action="append",
        default=[],
        help="import this module or .py file first: for a network with its own layers, from a source that you trust",
    )
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _export(options: argparse.Namespace) -> Result:
    # Mistakes are reported before Keras takes its seconds to be imported.
    _check(options)
    target = target_named(options.to, int8=options.int8)
    from xraykit.bundle import BundleFolder

    bundle = BundleFolder.find(options.run)
    if "keras" not in sys.modules:
        # All formats are written from TensorFlow, whatever the network was trained on.
        os.environ["KERAS_BACKEND"] = "tensorflow"
    from xraykit.export.files import check_new, default_folder

    check_new(options.folder or default_folder(bundle, target, int8=options.int8))
    from xraykit.export.export import Quantisation, export_bundle

    quantisation = Quantisation(options.calibrate, options.sample, options.resamples, options.seed)
    path, record = export_bundle(
        options.run,
        options.to,
        options.folder,
        quantisation=quantisation if options.int8 else None,
        plugins=options.plugin,
    )
    values = {"export": path, "record": record.model_dump(mode="json", by_alias=True)}
    return Result("\n".join([*_summary(record), str(path)]), values)


def _check(options: argparse.Namespace) -> None:
    check_folder_name(options.folder, "--folder")
    if not options.int8 and (options.calibrate or options.sample):
        raise DataError("--calibrate and --sample are for --int8. Add it, or leave them out.")
    if options.resamples < 0 or options.seed < 0:
        raise DataError(
            f"--resamples and --seed must be 0 or more. Received: {options.resamples} and {options.seed}. Leave them "
            f"out for 1000 resamples with seed 0."
        )


def _summary(record: ExportRecord) -> list[str]:
    from xraykit.export.explanation import loss_lines, verified

    return [verified(record), *([] if record.quantisation is None else loss_lines(record.quantisation))]


if __name__ == "__main__":
    sys.exit(main())
