"""The command line: ``xraykit predict runs/densenet/20260101-120000 radiographs/ --to predictions.csv``."""

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from xraykit.errors import DataError
from xraykit.system import (
    EXIT_DONE,
    EXIT_PARTLY,
    CommandParser,
    Result,
    check_ending,
    file_path,
    home_expanded,
    progress_bar,
    run_command,
)

logger = logging.getLogger("xraykit.predict")

FEATURE_ENDINGS = (".npz", ".parquet")

_EPILOG = """\
Each row: image; for each label its calibrated probability and the call at its
operating point; flags (how the picture differs from those that the network was
trained on); and the error of a picture that cannot be read.
Exit code: 0 if all pictures were read, 1 if some were not, 2 if nothing could
be done.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict radiographs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code: 1 if some pictures could not be read; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _predict(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "predict",
        "Predictions of a trained network for radiographs.",
        _EPILOG,
    )
    parser.add_argument("run", type=home_expanded, help="run folder, or a copy of its folder model")
    parser.add_argument(
        "images",
        nargs="+",
        type=home_expanded,
        help="pictures (PNG, JPEG, DICOM), folders of them, or a CSV table with a column image, path or Image Index",
    )
    parser.add_argument("--to", type=file_path, metavar="FILE", help="FILE.csv or FILE.json; left out: CSV to stdout")
    parser.add_argument(
        "--features",
        type=file_path,
        metavar="FILE",
        help="FILE.npz or FILE.parquet: the features of each picture; without --to and --overlays nothing else",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16: faster on processors with instructions for it, and less exact (float32)",
    )
    parser.add_argument("--batch-size", type=_count, default=32, metavar="N", help="pictures at a time (32)")
    parser.add_argument("--overlays", type=file_path, metavar="FOLDER", help="draw heat maps over the pictures, as PNG")
    parser.add_argument("--findings", type=_count, default=1, metavar="N", help="overlays per picture (1)")
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this module or .py file first: for a network with its own layers, from a source that you trust",
    )
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, received {text!r}")
    return int(text)


def _predict(options: argparse.Namespace) -> Result:
    # Mistakes in the arguments are reported before Keras takes its seconds to be imported.
    from xraykit.bundle import BundleFolder

    BundleFolder.find(options.run)
    from xraykit.predict.results_file import ENDINGS

    _check_target(options.to, ENDINGS, "--to")
    _check_target(options.features, FEATURE_ENDINGS, "--features")
    from xraykit.predict.sources import pictures_of

    pictures = pictures_of(options.images)
    return _predict_pictures(options, pictures)


def _check_target(target: Path | None, endings: tuple[str, ...], option: str) -> None:
    if target is None:
        return
    check_ending(target, endings, option)
    if not target.absolute().parent.is_dir():
        raise DataError(f"The folder {target.absolute().parent}, for {target.name}, does not exist. Create it first.")


def _predict_pictures(options: argparse.Namespace, pictures: list[str]) -> Result:
    from xraykit.bundle import load_model
    from xraykit.predict.features_file import features_file
    from xraykit.predict.overlays import Overlays
    from xraykit.predict.results_file import Collected, Results, results_file
    from xraykit.predict.sources import folders_of

    classifier = load_model(options.run, plugins=options.plugin, precision=options.precision)
    if options.precision != "float32":
        logger.info("Computed in %s. The column precision repeats this.", options.precision)
    overlays = None
    if options.overlays:
        overlays = Overlays(classifier, options.overlays, options.findings, folders_of(options.images))
    predicts = bool(options.to or options.overlays or not options.features)
    broken = flagged = 0
    rows: list[dict[str, Any]] | None = [] if options.json and predicts and not options.to else None
    bar = progress_bar(total=len(pictures), desc="Predicting", unit="picture")
    with ExitStack() as stack:
        stack.enter_context(bar)
        results: Results | None = None
        if predicts:
            results = Collected(rows) if rows is not None else stack.enter_context(results_file(options.to))
        features = (
            stack.enter_context(features_file(options.features, classifier, pictures)) if options.features else None
        )
        batches = classifier.open_batches([(path, path) for path in pictures], options.batch_size)
        for opened in stack.enter_context(closing(batches)):
            if features is not None:
                features.add(opened, options.batch_size)
            if results is None:
                broken += sum(each.radiograph is None for each in opened)
            else:
                table = classifier.predict_opened(opened, options.batch_size)
                if overlays is not None:
                    overlays.add(opened, table, options.batch_size)
                results.add(table)
                broken += int((table["error"] != "").sum())
                flagged += int((table["flags"] != "").sum())
            bar.update(len(opened))
    for note in classifier.decision_rule.notes if predicts else ():
        logger.warning("%s The column label_notes repeats this.", note)
    _warn(len(pictures), broken, flagged)
    values = {
        "pictures": len(pictures),
        "unreadable": broken,
        "flagged": flagged,
        "notes": list(classifier.decision_rule.notes) if predicts else [],
        "to": options.to,
        "features": options.features,
        "overlays": options.overlays,
        "predictions": rows,
    }
    return Result("", values, EXIT_PARTLY if broken else EXIT_DONE)


def _warn(pictures: int, broken: int, flagged: int) -> None:
    if flagged:
        logger.warning(
            "Pictures that differ from those that the network was trained on: %d of %d. The column flag_reasons gives "
            "the reasons. Do not rely on their probabilities.",
            flagged,
            pictures,
        )
    if broken:
        logger.warning("Pictures that cannot be read: %d of %d. The column error gives the reasons.", broken, pictures)


if __name__ == "__main__":
    sys.exit(main())
