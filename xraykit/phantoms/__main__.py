"""The command line: ``xraykit phantoms chexpert data/chexpert patients=40 images=60 size=64``."""

import argparse
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import XraykitError
from xraykit.system import (
    CommandParser,
    Result,
    check_folder_name,
    counted,
    home_expanded,
    run_command,
    typed,
)

if TYPE_CHECKING:
    from xraykit.phantoms.layouts.layout import Layout
    from xraykit.phantoms.settings import Phantom


def main(arguments: Sequence[str] | None = None) -> int:
    """Write simulated radiographs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit code; see :mod:`xraykit.system.exit_codes`.
    """
    options = make_parser().parse_args(arguments)
    return run_command(lambda: _list() if options.list else _write(options), as_json=options.json)


def make_parser() -> CommandParser:
    """The arguments."""
    from xraykit.phantoms.layouts import LAYOUTS
    from xraykit.phantoms.settings import Phantom

    settings = "\n".join(
        f"  {f'{name}={field.default}':<18} {field.description}" for name, field in Phantom.model_fields.items()
    )
    parser = CommandParser(
        "phantoms",
        "Write simulated radiographs with known findings into FOLDER, in the files of a collection.",
        f"layouts:\n  {', '.join(LAYOUTS)}\n\nsettings and what they are if left out:\n{settings}\n\n"
        "They show nothing of patients: a network that is trained on them is for demonstrations and tests.",
    )
    parser.add_argument("layout", nargs="?", metavar="LAYOUT", help="one of the layouts below")
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", type=home_expanded, help="new or empty folder for the files"
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings, such as patients=40 images=60")
    parser.add_argument("--list", action="store_true", help="list the layouts with the collections that they are of")
    parser.add_json_option()
    return parser


def _list() -> Result:
    from xraykit.phantoms.layouts import LAYOUTS, layout_named

    about = {name: layout_named(name).about for name in LAYOUTS}
    lines = [
        textwrap.fill(text, 80, initial_indent=f"{name:12} ", subsequent_indent=" " * 13)
        for name, text in about.items()
    ]
    return Result("\n".join(lines), {"layouts": [{"name": name, "about": text} for name, text in about.items()]})


def _write(options: argparse.Namespace) -> Result:
    from xraykit.phantoms.layouts import LAYOUTS, layout_named

    if options.layout is None:
        raise XraykitError(f"No layout was given. Expected: one of {', '.join(LAYOUTS)}. See --help.")
    layout = layout_named(options.layout)
    if options.folder is None or "=" in options.folder:
        raise XraykitError(
            f"No folder was given. Expected: {typed('phantoms')} {layout.name} FOLDER, a folder that does not "
            f"exist yet or is empty."
        )
    folder = Path(options.folder)
    check_folder_name(folder, "FOLDER")
    settings = _settings(options.settings)
    from xraykit.phantoms.dataset import write_phantoms

    write_phantoms(folder, settings, layout=layout.name)
    values = {
        "folder": folder,
        "layout": layout.name,
        "radiographs": settings.images,
        "patients": settings.patients,
        "data": {"format": layout.data.get("format"), "root": folder, **layout.data},
    }
    return Result(_next_steps(layout, folder, settings), values)


def _settings(words: Sequence[str]) -> "Phantom":
    """The section `data.phantom` with these values, checked as in an experiment file.

    Raises:
        ExperimentError: a word is no setting, or its value is out of range.
    """
    from xraykit.config import load_experiment
    from xraykit.phantoms.settings import Phantom

    for word in words:
        if "=" not in word:
            raise XraykitError(f"Settings are key=value, such as patients=40. Received: {word!r}. See --help.")
    settings = load_experiment({}, [f"data.phantom.{word}" for word in words]).values()["data"]["phantom"]
    return Phantom.model_validate(settings)


def _next_steps(layout: "Layout", folder: Path, settings: "Phantom") -> str:
    from xraykit.config import write_yaml

    data = {"data": {"format": layout.data.get("format"), "root": str(folder), **layout.data}}
    further = " and laterals of some" if layout.laterals else ""
    drawn = f"{counted(settings.images, 'radiograph')}{further} of {counted(settings.patients, 'patient')}"
    section = "\n".join(f"  {line}" for line in write_yaml(data).splitlines())
    return (
        f"{drawn} are in {folder}: {layout.about}.\n"
        f"An experiment reads them with\n\n{section}\n\nShow what is understood of them:\n\n"
        f"  {typed('check')} EXPERIMENT.yaml {_overrides(layout, folder)}"
    )


def _overrides(layout: "Layout", folder: Path) -> str:
    plain = {key: value for key, value in layout.data.items() if isinstance(value, str)}
    return " ".join(shlex.quote(f"data.{key}={value}") for key, value in {**plain, "root": str(folder)}.items())


if __name__ == "__main__":
    sys.exit(main())
