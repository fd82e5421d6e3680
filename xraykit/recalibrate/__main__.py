"""Fit a network to a hospital of one's own: ``xraykit recalibrate RUN labels.csv``."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xraykit.errors import DataError
from xraykit.evaluate import labels_given
from xraykit.recalibrate.sources import Choice, Source, source_of
from xraykit.system import (
    EXIT_DONE,
    EXIT_PARTLY,
    CommandParser,
    Result,
    check_folder_name,
    counted,
    file_path,
    home_expanded,
    run_command,
)

if TYPE_CHECKING:
    import pandas as pd

    from xraykit.bundle import Contamination
    from xraykit.config import Rule
    from xraykit.recalibrate.recalibration import Recalibration, RecalibrationSettings
    from xraykit.recalibrate.scoring import Scored

METHODS = ("platt", "temperature", "isotonic", "none")

_EPILOG = """\
The sample is one of:
  labels.csv            a table (CSV, TSV, XLSX) with the columns image (file
                        below its folder), patient (may be left out), and per
                        label 1, 0 or blank
  other.yaml            an experiment file whose section data names another
                        collection; or data.format=… data.root=…
  RUN/evaluations/NAME  an external validation, whose predictions are used: no
                        picture is decoded again. As the only argument it names
                        the network too
Exit code: 0; 1 if no label could be fitted again, and then the folder has metrics and page, and no network.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Recalibrate a network; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code: 1 if no label could be fitted again; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_intermixed_args(arguments)
    return run_command(lambda: _recalibrate(options), as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "recalibrate",
        "Fits calibration and operating points again on a small local sample, without training. The "
        "network is copied with its new decision rule; the run itself stays as it is.",
        _EPILOG,
    )
    parser.add_argument("run", metavar="RUN", type=file_path, help="run folder or bundle of the network")
    parser.add_argument("words", nargs="*", metavar="SAMPLE", type=home_expanded, help="the local sample; see below")
    parser.add_argument("--to", metavar="FOLDER", type=file_path, help="new folder (default: RUN/recalibrated/NAME)")
    parser.add_argument(
        "--part",
        choices=("all", "train", "validation", "test"),
        default="all",
        help="of a collection: all radiographs (default), or those of a part of its split",
    )
    parser.add_argument(
        "--label",
        metavar="MODEL=COLLECTION",
        action="append",
        default=[],
        help="a label of the network that has another name in the collection; may be repeated",
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="platt",
        metavar="METHOD",
        help=f"of calibration: {', '.join(METHODS)} (default: platt)",
    )
    parser.add_argument(
        "--operating-point",
        metavar="RULE",
        help="youden, f1, or a target such as sensitivity>=0.95 (default: each label's own rule)",
    )
    parser.add_argument(
        "--allow-contamination",
        action="store_true",
        help="use patients and pictures that the network was trained on too; they are counted and reported",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples of patients (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of folds and resamples (default: 0)")
    parser.add_argument(
        "--plugin",
        metavar="MODULE",
        action="append",
        default=[],
        help="import this module or .py file first, from a source that you trust",
    )
    parser.add_json_option()
    return parser


def _recalibrate(options: argparse.Namespace) -> Result:
    check_folder_name(options.to)
    # Mistakes are reported before TensorFlow is imported, which takes seconds.
    rule = _rule(options)
    source = source_of(options.run, options.words, Choice(options.part, labels_given(options.label), options.plugin))
    from xraykit.worklist import fresh_folder, new_folder

    bundle = source.bundle
    run = bundle.path.parent if bundle.path.name == "model" else bundle.path
    target = fresh_folder(options.to or run / "recalibrated" / source.folder)
    from xraykit.bundle import copy_bundle
    from xraykit.recalibrate.notes import known_predictions
    from xraykit.recalibrate.overlap import met_before
    from xraykit.recalibrate.recalibration import RecalibrationSettings, recalibrate, sample_table
    from xraykit.report import write_recalibration

    known = known_predictions(run)
    scored = source.scored(options.plugin)
    met = met_before(source, scored, options.allow_contamination)
    settings = RecalibrationSettings(options.method, rule, options.resamples, options.seed)
    made = recalibrate(source.decision_rule(), scored.sample, scored.logits, source.name, settings)
    record = {
        "run": f"{run.resolve().parent.name}/{run.resolve().name}",
        **_record(made, scored, source, settings),
        "contamination": None if met is None else met.as_values(),
    }
    text, record["notes"] = _console_text(made, scored, known, met)
    with new_folder(target.path) as folder:
        folder.write_table(folder.predictions, sample_table(scored.sample, scored.logits, made.decision_rule))
        folder.write_json(folder.recalibration, record)
        write_recalibration(folder)
        if made.refitted:
            note = {name: record[name] for name in ("run", "sample", "method")}
            copy_bundle(bundle.path, folder.bundle, made.decision_rule, note)
    bundle_path = target.bundle if made.refitted else None
    values = {"recalibration": target.path, "model": bundle_path, **record}
    return Result(f"{text}\n{target.path}", values, EXIT_DONE if made.refitted else EXIT_PARTLY)


def _rule(options: argparse.Namespace) -> "Rule | None":
    from xraykit.config import Rule

    if options.resamples < 0 or options.seed < 0:
        raise DataError(
            f"--resamples and --seed must be 0 or more. Received: {options.resamples} and {options.seed}. Leave them "
            f"out for 1000 resamples with seed 0."
        )
    return Rule.parse(options.operating_point) if options.operating_point is not None else None


def _record(
    made: "Recalibration", scored: "Scored", source: Source, settings: "RecalibrationSettings"
) -> dict[str, Any]:
    """The content of ``recalibration.json``, without any patient's name or number."""
    import numpy as np

    from xraykit.evaluation import FOLDS
    from xraykit.recalibrate.crossfitting import FEWEST

    sample = {
        **source.facts,
        "name": source.name,
        "radiographs": len(scored.sample.images),
        "patients": len(np.unique(scored.sample.patients)),
        "patients_known": scored.sample.patients_known,
    }
    return {
        "sample": sample,
        "method": settings.method,
        "folds": FOLDS,
        "fewest_patients": FEWEST[settings.method],
        "resamples": settings.resamples,
        "seed": settings.seed,
        "broken": scored.broken,
        "flagged": scored.flagged,
        "labels": made.labels,
    }


def _console_text(
    made: "Recalibration", scored: "Scored", known: "pd.DataFrame | None", met: "Contamination | None"
) -> tuple[str, list[str]]:
    """The text for the console, and the notes in it."""
    import numpy as np

    from xraykit.recalibrate.notes import notes
    from xraykit.recalibrate.table import before_and_after
    from xraykit.runs import same_names

    named = None if known is None else same_names(known, scored.sample.images)
    sentences = notes(made, scored, named, met)
    patients = len(np.unique(scored.sample.patients))
    head = (
        f"Local sample: {counted(len(scored.sample.images), 'radiograph')} of {counted(patients, 'patient')}. "
        f"Fitted again: {', '.join(made.refitted) or 'no label'}. In brackets: 95 % intervals by patient."
    )
    return before_and_after(made, head, sentences), sentences


if __name__ == "__main__":
    sys.exit(main())
