"""The command line: ``python -m xraykit.run experiments/densenet.yaml training.epochs=3``."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.config import Experiment, is_override, load_experiment, schema
from xraykit.errors import CheckpointError, DataError, ExperimentError, ModelError, RegistryError, XraykitError
from xraykit.registry import BACKBONES
from xraykit.system import check_framework, close_bars, counted, home_expanded, last_words, run_command, shown

if TYPE_CHECKING:
    from xraykit.data import Parts
    from xraykit.pipeline import Run

_EPILOG = """\
key=value arguments override the file: training.epochs=3 data.root=/data/nih search=null
Results go to output.root/NAME/TIMESTAMP, printed as the last line of standard output.
xraykit is for research; it is not a medical device.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an experiment file; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit status; see :func:`xraykit.system.command_line.run_command`.
    """
    options = _parser().parse_intermixed_args(arguments)
    return run_command(lambda: _dispatch(options), verbose=options.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xraykit.run",
        description="Train, tune, evaluate, explain and pack a chest X-ray classifier from one YAML file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="EXPERIMENT key=value",
        type=home_expanded,
        help="experiment file, such as experiments/densenet.yaml, and values that override the file's",
    )
    parser.add_argument("--check", action="store_true", help="show the resolved experiment and its data; train nothing")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of experiment files, for editors")
    parser.add_argument(
        "--resume",
        metavar="RUN_DIR",
        help="continue a stopped run of your own from its last complete epoch; its experiment's plug-ins are executed",
    )
    parser.add_argument("--verbose", action="store_true", help="log details")
    return parser


def _dispatch(options: argparse.Namespace) -> int:
    if options.schema:
        print(json.dumps(schema(), indent=2))
        return 0
    check_framework()
    files, overrides = _sorted(options.words)
    if options.resume:
        return _resume(options.resume, [*files, *overrides])
    if not files:
        raise XraykitError(
            "No experiment was given. Expected: a YAML file, such as experiments/quickstart.yaml. See --help."
        )
    experiment = load_experiment(files[0], overrides)
    return _check(experiment) if options.check else _run(experiment)


def _sorted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The experiment file and the overrides, in any order."""
    overrides = [word for word in words if is_override(word) and not Path(word).is_file()]
    files = [word for word in words if word not in overrides]
    if len(files) > 1:
        raise XraykitError(
            f"One experiment file is expected, and overrides contain no blanks: training.epochs=3. Received: "
            f"{', '.join(shown(word) for word in words)}."
        )
    return files, overrides


def _check(experiment: Experiment) -> int:
    from xraykit.data import describe_parts, load_parts

    print(experiment.to_yaml())
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    print(describe_parts(parts))
    # Imported here, as it takes a second.
    from xraykit.evaluation.predictions import label_warnings

    for warning in label_warnings(parts, experiment.evaluation.min_positive_patients):
        print(f"# Warning: {warning}")
    _check_boxes(experiment)
    _check_network(experiment)
    _check_pictures(experiment, parts)
    return 0


def _check_pictures(experiment: Experiment, parts: "Parts") -> None:
    from xraykit.data import check_duplicates, check_pictures, describe_duplicates, describe_unreadable
    from xraykit.errors import BrokenImageError
    from xraykit.input_check import describe_odd_pictures, find_odd_pictures

    check = check_pictures(parts, experiment.data)
    sources = [(each.width, each.height, each.colourfulness) for each in check.radiographs]
    odd = find_odd_pictures(check.training, [each.picture for each in check.radiographs], sources)
    print(f"\n{describe_unreadable(check)}")
    for text in (describe_duplicates(check.duplicates), describe_odd_pictures(odd)):
        if text:
            print(f"# {text}")
    if check.unreadable and experiment.data.unreadable == "leave_out":
        print("# They are left out of all parts (data.unreadable).")
    elif check.unreadable:
        raise BrokenImageError(
            f"{len(check.unreadable):,} of the {counted(check.decoded, 'radiograph')} tried cannot be read; see the "
            f"list above. Download them again, remove their rows from the label file, or set `data.unreadable: "
            f"leave_out`."
        )
    check_duplicates(check.duplicates, experiment.data.duplicates)


def _check_boxes(experiment: Experiment) -> None:
    from xraykit.data import load_boxes

    boxes = load_boxes(experiment.data)
    if len(boxes):
        print(f"# Boxes: {len(boxes):,} in {boxes.source}")


def _check_network(experiment: Experiment) -> None:
    """Build the network if its backbone is a plug-in or it has weights; importing TensorFlow takes seconds."""
    if experiment.model.backbone in BACKBONES.builtins and experiment.model.weights is None:
        return
    from xraykit.training import trainer_for

    network = trainer_for(experiment).build()
    print(f"# Network: {network.name}, {counted(network.count_params(), 'weight')}")


def _run(experiment: Experiment) -> int:
    from xraykit.data import load_sealed
    from xraykit.runs import RunFolder

    # Label files and folders are checked first, as importing TensorFlow takes seconds.
    data = load_sealed(experiment.data, experiment.split_seed)
    folder = RunFolder.begin(experiment)
    print(f"Results go to {folder.path}", file=sys.stderr)

    def work() -> "Run":
        # A stop while TensorFlow is imported stops this run, too.
        from xraykit.pipeline import run_experiment

        return run_experiment(experiment, folder, data=data)

    return _run_and_report(folder.path, work)


def _resume(path: str, overrides: list[str]) -> int:
    from xraykit.runs import continued

    # Whether the run can continue is checked before TensorFlow is imported.
    folder, experiment = continued(path, overrides)

    def work() -> "Run":
        from xraykit.pipeline import go_on

        return go_on(folder, experiment)

    return _run_and_report(folder.path, work)


def _run_and_report(folder: Path, work: Callable[[], "Run"]) -> int:
    hint = f"To continue: python -m xraykit.run --resume {shlex.quote(str(folder.absolute()))}"
    try:
        with last_words(hint):
            run = work()
    except (KeyboardInterrupt, XraykitError, OSError) as error:
        if (folder / "experiment.yaml").is_file() and not _is_final(error, folder):
            close_bars()
            print(hint, file=sys.stderr)
        raise
    from xraykit.evaluation import format_metrics

    if run.metrics:
        print(format_metrics(dict(run.metrics)))
    print(run.folder)
    return 0


def _is_final(error: BaseException, folder: Path) -> bool:
    """Whether continuing the run would be refused or is useless: its data or network must change first."""
    if isinstance(error, CheckpointError):
        return True
    begun = any((folder / name).exists() for name in ("history.csv", "search"))
    return isinstance(error, DataError | ModelError | RegistryError | ExperimentError) and not begun


if __name__ == "__main__":
    sys.exit(main())
