"""The command line: ``xraykit run experiments/densenet.yaml training.epochs=3``."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config import Experiment, experiment_words, load_experiment, schema, sorted_words
from xraykit.errors import (
    CheckpointError,
    DataError,
    ExperimentError,
    ModelError,
    NonFiniteLossError,
    RegistryError,
    XraykitError,
)
from xraykit.system import (
    EXIT_ERROR,
    CommandParser,
    Result,
    Stopped,
    can_run_beside,
    check_framework,
    end_at_once,
    home_expanded,
    import_framework,
    is_own_process,
    last_words,
    run_beside,
    run_command,
    show_message,
    typed,
)

if TYPE_CHECKING:
    from xraykit.data import SealedData
    from xraykit.pipeline import Run
    from xraykit.system import Processes

_EPILOG = """\
key=value arguments override the file, such as:
  training.epochs=3 data.root=/data/nih search=null
Results go to output.root/NAME/TIMESTAMP, printed as the last line of standard
output.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an experiment file; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_intermixed_args(arguments)
    return run_command(lambda: _dispatch(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    parser = CommandParser(
        "run",
        "Train, tune, evaluate, explain and pack a chest X-ray classifier from one YAML file.",
        _EPILOG,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="EXPERIMENT key=value",
        type=home_expanded,
        help="experiment file, such as experiments/densenet.yaml, and values that override the file's",
    )
    parser.add_argument("--check", action="store_true", help="show the experiment and its data; train nothing")
    parser.add_argument("--all", action="store_true", help="with --check: show every key, also those at their defaults")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of experiment files, for editors")
    parser.add_argument(
        "--resume",
        metavar="RUN_DIR",
        help="continue a stopped run of your own from its last complete epoch; its experiment's plug-ins are executed",
    )
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _dispatch(options: argparse.Namespace) -> int | Result:
    if options.schema:
        return Result(json.dumps(schema(), indent=2), schema())
    check_framework()
    if options.resume:
        files, overrides = sorted_words(options.words)
        return _resume(options.resume, [*files, *overrides])
    file, overrides = experiment_words(options.words)
    experiment = load_experiment(file, overrides)
    return _check(experiment, everything=options.all) if options.check else _run(experiment, Path(file))


def _check(experiment: Experiment, *, everything: bool) -> Result:
    from xraykit.check import check_experiment

    return Result("", check_experiment(experiment, print, everything=everything))


def _run(experiment: Experiment, file: Path) -> int | Result:
    from xraykit.pipeline import join_others

    processes = join_others(experiment)
    with _ends_at_once(processes):
        return _take_part(experiment) if processes.number > 0 else _begin(experiment, file, alone=processes.count == 1)


def _begin(experiment: Experiment, file: Path, *, alone: bool) -> Result:
    from xraykit.runs import RunFolder, original_of

    data = _data_of(experiment, alone=alone)
    original = original_of(file)
    folder = RunFolder.begin(experiment)
    if original is not None:
        folder.write_record({"reproduces": str(original.path)})
    show_message(f"Results go to {folder.path}")

    def work() -> "Run":
        # A stop while TensorFlow is imported stops this run, too.
        import_framework()
        from xraykit.ensemble import run_experiment

        return run_experiment(experiment, folder, data=data)

    return _run_and_report(folder.path, experiment, work)


def _take_part(experiment: Experiment) -> int:
    import_framework()
    from xraykit.pipeline import take_part

    take_part(experiment)
    return 0


@contextmanager
def _ends_at_once(processes: "Processes") -> Iterator[None]:
    """After an error, the process does not wait until the others end too: they end because this one does."""
    try:
        yield
    except BaseException as error:
        if processes.count > 1 and not isinstance(error, Stopped):
            end_at_once(EXIT_ERROR)
        raise


def _data_of(experiment: Experiment, *, alone: bool) -> "SealedData":
    """Label files and folders are checked first: importing TensorFlow takes seconds, in which a child can read them."""
    from xraykit.data import load_sealed

    # A program that calls `main` may have threads, and its process goes on after an error.
    if not alone or not is_own_process() or not can_run_beside():
        return load_sealed(experiment.data, experiment.split_seed)
    try:
        return run_beside(lambda: load_sealed(experiment.data, experiment.split_seed), _import_pipeline)
    except (XraykitError, OSError):
        # The thread that imports may be anywhere in a library, which must not be taken apart meanwhile.
        end_at_once(EXIT_ERROR)
        raise


def _import_pipeline() -> None:
    import_framework()
    import xraykit.pipeline.run  # noqa: F401


def _resume(path: str, overrides: list[str]) -> int | Result:
    from xraykit.runs import continued

    # Whether the run can continue is checked before TensorFlow is imported.
    folder, experiment = continued(path, overrides)

    def work() -> "Run":
        import_framework()
        from xraykit.ensemble import go_on

        return go_on(folder, experiment)

    from xraykit.pipeline import join_others

    processes = join_others(experiment)
    with _ends_at_once(processes):
        if processes.number == 0:
            return _run_and_report(folder.path, experiment, work)
        work()
        return 0


def _run_and_report(folder: Path, experiment: Experiment, work: Callable[[], "Run"]) -> Result:
    hint = f"To continue: {typed('run')} --resume {shlex.quote(str(folder.absolute()))}"
    try:
        with last_words(hint):
            run = work()
    except (KeyboardInterrupt, XraykitError, OSError) as error:
        if (folder / "experiment.yaml").is_file() and not _is_final(error, folder):
            show_message(_instead(folder, experiment) if isinstance(error, NonFiniteLossError) else hint)
        raise
    from xraykit.evaluation import format_metrics

    lines = [format_metrics(dict(run.metrics))] if run.metrics else []
    if "ensemble" in run.metrics:
        from xraykit.ensemble import describe_ensemble

        lines.append(describe_ensemble(run.metrics))
    if run.metrics:
        lines += _reproduced(run)
    return Result("\n".join([*lines, str(run.folder)]), _values(run))


def _values(run: "Run") -> dict[str, Any]:
    """Of a run that another process evaluates, the metrics are empty."""
    files = run.files
    return {
        "run": run.folder,
        "report": files.report if files.report.is_file() else None,
        "model": files.bundle if files.bundle.is_dir() else None,
        "metrics": dict(run.metrics),
        "reproduction": json.loads(files.reproduction.read_text("utf-8")) if files.reproduction.is_file() else None,
    }


def _reproduced(run: "Run") -> list[str]:
    """Of a run of another run's experiment file: what agrees. Nothing of an ordinary run."""
    from xraykit.runs import describe_reproduction, record_reproduction

    found = record_reproduction(run)
    return [] if found is None else [describe_reproduction(found)]


def _instead(folder: Path, experiment: Experiment) -> str:
    """What to do where the numbers of a training are not finite: each attempt ends there, as a run keeps its values."""
    again = "Continuing this run with --resume would fail in the same way, as a run keeps its experiment."
    if experiment.search is not None:
        return f"{again} Start a new run with a narrower search.space, such as lower values of training.learning_rate."
    file, rate = shlex.quote(str((folder / "experiment.yaml").absolute())), experiment.training.learning_rate / 10
    return (
        f"{again} Change a value that the message names, and start a new run: "
        f"{typed('run')} {file} training.learning_rate={rate:g}"
    )


def _is_final(error: BaseException, folder: Path) -> bool:
    """Whether continuing the run would be refused or is useless: its data or network must change first."""
    if isinstance(error, CheckpointError):
        return True
    begun = any((folder / name).exists() for name in ("history.csv", "search", "members"))
    return isinstance(error, DataError | ModelError | RegistryError | ExperimentError) and not begun


if __name__ == "__main__":
    sys.exit(main())
