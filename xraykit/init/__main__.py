"""The command that writes an experiment, for a folder or from an example: ``xraykit init /data/hospital``."""

import argparse
import shlex
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xraykit.config import load_experiment
from xraykit.errors import DataError, XraykitError
from xraykit.init.examples import example_named, examples
from xraykit.init.explaining import why_none
from xraykit.init.recognising import Match, find_formats
from xraykit.init.writing import commented_experiment, name_of
from xraykit.system import (
    EXIT_DONE,
    EXIT_ERROR,
    CommandParser,
    Result,
    atomic_file,
    check_ending,
    file_path,
    run_command,
    typed,
)

_WIDTH = 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Write an experiment; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`. An experiment that cannot be run yet is an error.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _init(options), verbose=options.verbose, as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    called = typed("init")
    parser = CommandParser(
        "init",
        "Inspect a folder of radiographs, name the data format that reads it, and write an experiment; or "
        "copy one of the example experiments.",
        f"Examples:\n  {called} /data/hospital\n  {called} /data/hospital --to hospital.yaml\n"
        f"  {called} --example quickstart\n"
        "Nothing in FOLDER is changed. The file is written into the working directory\nunless --to names another.\n",
    )
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", type=file_path, help="folder with radiographs and their labels"
    )
    parser.add_argument("--example", metavar="NAME", help="copy an example experiment, such as quickstart")
    parser.add_argument("--list", action="store_true", help="list the example experiments")
    parser.add_argument(
        "--to", metavar="FILE.yaml", type=file_path, help="the experiment file (default: FOLDER's or NAME's name)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the experiment file if it exists")
    parser.add_json_option()
    parser.add_verbose_option()
    return parser


def _init(options: argparse.Namespace) -> Result:
    chosen = [options.folder is not None, options.example is not None, options.list]
    if sum(chosen) != 1:
        raise XraykitError(
            "Expected: a folder of radiographs, or --example NAME, or --list, which lists the examples. See --help."
        )
    if options.list:
        return _list()
    return _copy(options) if options.example is not None else _write(options)


def _list() -> Result:
    known = examples()
    width = max(len(each.name) for each in known) + 2
    lines = [
        textwrap.fill(each.description, _WIDTH, initial_indent=f"{each.name:{width}}", subsequent_indent=" " * width)
        for each in known
    ]
    return Result(
        "\n".join(lines), {"examples": [{"name": each.name, "description": each.description} for each in known]}
    )


def _copy(options: argparse.Namespace) -> Result:
    example = example_named(options.example)
    target = _target(options, example.path.name)
    with atomic_file(target) as unfinished:
        unfinished.write_text(example.text(target), encoding="utf-8")
    text = f"{example.description}\n\nThe experiment is in {target}. Next:\n\n{_shown(_commands(target))}"
    return Result(text, {"experiment": target, "example": example.name, "next": _commands(target)})


def _target(options: argparse.Namespace, default: str) -> Path:
    target = options.to or Path(default)
    check_ending(target, (".yaml", ".yml"))
    if target.exists() and not options.overwrite:
        raise DataError(f"{target} exists already. Name another file with --to, or replace it with --overwrite.")
    return Path(target)


def _write(options: argparse.Namespace) -> Result:
    folder = Path(options.folder).absolute()
    name = name_of(folder.resolve().name)
    target = _target(options, f"{name}.yaml")
    matches = find_formats(folder)
    complete = [match for match in matches if match.complete]
    if not complete:
        raise DataError(why_none(folder, matches))
    match = complete[0]
    # One collection that lacks something may be what the user has; a table can be read for many reasons.
    lacking = [each for each in matches if not each.complete and each.format.generality < match.format.generality]
    understood, problem = _understood(match, name)
    text = commented_experiment(
        match, name, shlex.quote(str(target)), others=complete[1:], understood=understood.splitlines()
    )
    with atomic_file(target) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    values = {
        "experiment": target,
        "folder": match.folder,
        **_values(match),
        "also_read_as": [_values(other) for other in complete[1:]],
        "not_read_as": [{**_values(each), "missing": each.recognised.missing} for each in lacking],
        "understood": understood.splitlines(),
        "problem": problem or None,
        "next": _commands(target),
    }
    lines = [
        *_findings(match, complete[1:], lacking),
        *(["", understood] if understood else []),
        "",
        f"The experiment is in {target}. {'Before it can be run:' if problem else 'Next:'}",
        "",
        problem or _shown(_commands(target)),
    ]
    return Result("\n".join(lines), values, EXIT_ERROR if problem else EXIT_DONE)


def _findings(match: Match, others: Sequence[Match], lacking: Sequence[Match]) -> list[str]:
    lines = [f"{match.folder} is read as {match.format.name}: {match.recognised.found}."]
    lines += [f"It can be read as {each.format.name}, too: {each.recognised.found}." for each in others]
    for each in lacking:
        missing = "; ".join(each.recognised.missing)
        lines.append(f"It is not read as {each.format.name}: {each.recognised.found}. Missing: {missing}")
    return lines


def _values(match: Match) -> dict[str, Any]:
    return {"format": match.format.name, "found": match.recognised.found}


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


def _commands(target: Path) -> list[str]:
    file = shlex.quote(str(target))
    return [f"{typed('check')} {file}", f"{typed('run')} {file}"]


def _shown(commands: Sequence[str]) -> str:
    return "\n".join(f"  {command}" for command in commands)


if __name__ == "__main__":
    sys.exit(main())
