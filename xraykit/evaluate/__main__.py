"""External validation: ``xraykit evaluate RUN other.yaml``, or ``data.format=… data.root=…``."""

import argparse
import sys
from collections.abc import Sequence

from xraykit.evaluate.collections import experiment_of, labels_given, name_of, words_of
from xraykit.evaluate.external import carry_out
from xraykit.evaluate.planning import EvaluationSettings, plan
from xraykit.system import (
    CommandParser,
    Result,
    check_folder_name,
    check_framework,
    file_path,
    home_expanded,
    run_command,
)

_EPILOG = """\
Examples:
  xraykit evaluate runs/densenet/20260101-120000 other.yaml
  xraykit evaluate runs/densenet/20260101-120000 \\
      data.format=chexpert data.root=/data/CheXpert-v1.0-small
Nothing is fitted: calibration, thresholds, picture size and input check are
those of the network. Results go to RUN/evaluations/NAME, printed as the last
line of standard output.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate a network on another collection; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_intermixed_args(arguments)
    return run_command(lambda: _evaluate(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "evaluate",
        "External validation: applies a finished network to another collection without fitting anything.",
        _EPILOG,
    )
    parser.add_argument("run", metavar="RUN", type=file_path, help="run folder or bundle of the network")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="OTHER.yaml data.key=value",
        type=home_expanded,
        help="experiment file whose section data names the other collection, and values that override the file's, or "
        "take its place",
    )
    parser.add_argument("--name", help="of the collection (default: name of the file, or of the data format)")
    parser.add_argument("--to", metavar="FOLDER", type=file_path, help="new folder (default: RUN/evaluations/NAME)")
    parser.add_argument(
        "--part",
        choices=("all", "test"),
        default="all",
        help="all radiographs of the collection (default), or those of the test part of its split",
    )
    parser.add_argument(
        "--label",
        metavar="MODEL=COLLECTION",
        action="append",
        default=[],
        help="a label of the network that has another name in the collection; may be repeated",
    )
    parser.add_argument(
        "--allow-contamination",
        action="store_true",
        help="score patients and pictures that the network was trained on too; they are counted and reported",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples of patients (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="pictures at a time (default: 32)")
    parser.add_argument(
        "--plugin",
        metavar="MODULE",
        action="append",
        default=[],
        help="import this module or .py file first, from a source that you trust; those that the files name are not "
        "imported",
    )
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _evaluate(options: argparse.Namespace) -> Result:
    check_framework()
    check_folder_name(options.to)
    # Mistakes are reported before TensorFlow is imported, which takes seconds.
    source, overrides = words_of(options.words)
    experiment = experiment_of(source, overrides, options.plugin)
    settings = EvaluationSettings(
        options.part,
        labels_given(options.label),
        options.resamples,
        options.seed,
        options.batch_size,
        "allow" if options.allow_contamination else "refuse",
    )
    name = options.name or (options.to.name if options.to else name_of(source, experiment))
    planned = plan(options.run, experiment, name, options.to, settings)
    evaluation = carry_out(planned, options.plugin)
    from xraykit.evaluate.console import console_text

    return Result(
        f"{console_text(evaluation)}\n{evaluation.folder}",
        {"evaluation": evaluation.folder, "report": evaluation.files.report, "metrics": evaluation.metrics},
    )


if __name__ == "__main__":
    sys.exit(main())
