"""The command that writes an experiment for a folder: ``python -m xraykit.init /data/hospital``."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xraykit.config import load_experiment
from xraykit.errors import DataError, XraykitError
from xraykit.init.explaining import why_none
from xraykit.init.recognising import Match, find_formats
from xraykit.init.writing import commented_experiment, name_of
from xraykit.system import atomic_file, check_ending, file_path, run_command, typed

_EPILOG = """\
Examples:
  python -m xraykit.init /data/hospital
  python -m xraykit.init /data/hospital --to hospital.yaml
Nothing in FOLDER is changed. The file is written into the working directory unless --to names another.
xraykit is for research; it is not a medical device.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write an experiment for a folder of radiographs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit status: 0, 2 after an error of the user's, 130 if stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    return run_command(lambda: _init(options), verbose=options.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=typed("init"),
        description="Inspect a folder of radiographs, name the data format that reads it, and write an experiment.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="FOLDER", type=file_path, help="folder with radiographs and their labels")
    parser.add_argument(
        "--to", metavar="FILE.yaml", type=file_path, help="the experiment file (default: FOLDER's name)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the experiment file if it exists")
    parser.add_argument("--verbose", action="store_true", help="log details")
    return parser


def _init(options: argparse.Namespace) -> int:
    folder = Path(options.folder).absolute()
    name = name_of(folder.resolve().name)
    target = options.to or Path(f"{name}.yaml")
    check_ending(target, (".yaml", ".yml"))
    if target.exists() and not options.overwrite:
        raise DataError(f"{target} exists already. Name another file with --to, or replace it with --overwrite.")
    matches = find_formats(folder)
    complete = [match for match in matches if match.complete]
    if not complete:
        raise DataError(why_none(folder, matches))
    match = complete[0]
    print(f"{match.folder} is read as {match.format.name}: {match.recognised.found}.")
    for other in complete[1:]:
        print(f"It can be read as {other.format.name}, too: {other.recognised.found}.")
    for lacking in matches:
        # One collection that lacks something may be what the user has; a table can be read for many reasons.
        if not lacking.complete and lacking.format.generality < match.format.generality:
            missing = "; ".join(lacking.recognised.missing)
            print(f"It is not read as {lacking.format.name}: {lacking.recognised.found}. Missing: {missing}")
    understood, problem = _understood(match, name)
    text = commented_experiment(
        match, name, shlex.quote(str(target)), others=complete[1:], understood=understood.splitlines()
    )
    with atomic_file(target) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    if understood:
        print(f"\n{understood}")
    print(f"\nThe experiment is in {target}.", end=" ")
    if problem:
        print(f"Before it can be run:\n\n{problem}")
        return 2
    print(f"Next:\n\n{_commands(target)}")
    return 0


def _understood(match: Match, name: str) -> tuple[str, str]:
    """What was understood of the label file, as lines; and why the data cannot be used yet, blank if they can."""
    from xraykit.data import describe_briefly, describe_understood, load_parts

    if match.format.writes_data:
        # Such as to unpack pictures from one file: a look at a folder changes nothing in it.
        return f"Not read yet, as reading may write into {match.folder}. The next command does.", ""
    data = {"format": match.format.name, "root": str(match.folder), **match.recognised.data}
    try:
        experiment = load_experiment({"name": name, "data": data})
        parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    except XraykitError as error:
        return "", str(error)
    understood = parts.catalog_of("train").understood
    lines = [describe_briefly(parts)]
    if understood:
        # The file names the columns, but they were guessed here.
        guessed = tuple(replace(column, guessed=True) for column in understood.columns)
        lines = [*describe_understood(replace(understood, columns=guessed)), *lines]
    return "\n".join(lines), ""


def _commands(target: Path) -> str:
    file = shlex.quote(str(target))
    return f"  python -m xraykit.run {file} --check\n  python -m xraykit.run {file}"


if __name__ == "__main__":
    sys.exit(main())
