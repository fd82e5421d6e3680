"""The command line: ``python -m xraykit.phantoms chexpert data/chexpert patients=40 images=60 size=64``."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import XraykitError
from xraykit.system import check_folder_name, counted, home_expanded, run_command, typed

if TYPE_CHECKING:
    from xraykit.phantoms.layouts.layout import Layout
    from xraykit.phantoms.settings import Phantom


def main(arguments: Sequence[str] | None = None) -> int:
    """Write simulated radiographs; see ``--help``.

    Args:
        arguments: Of the command line; left out, the process' own.

    Returns:
        The exit status: 0, 2 after an error of the user's, 130 if stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    return run_command(lambda: _list() if options.list else _write(options))


def _parser() -> argparse.ArgumentParser:
    from xraykit.phantoms.layouts import LAYOUTS
    from xraykit.phantoms.settings import Phantom

    settings = "\n".join(
        f"  {f'{name}={field.default}':<18} {field.description}" for name, field in Phantom.model_fields.items()
    )
    parser = argparse.ArgumentParser(
        prog=typed("phantoms"),
        description="Write simulated radiographs with known findings into FOLDER, in the files of a collection.",
        epilog=f"layouts:\n  {', '.join(LAYOUTS)}\n\nsettings and what they are if left out:\n{settings}\n\n"
        "They show nothing of patients: a network that is trained on them is for demonstrations and tests.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("layout", nargs="?", metavar="LAYOUT", help="one of the layouts below")
    parser.add_argument(
        "folder", nargs="?", metavar="FOLDER", type=home_expanded, help="new or empty folder for the files"
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings, such as patients=40 images=60")
    parser.add_argument("--list", action="store_true", help="list the layouts with the collections that they are of")
    return parser


def _list() -> int:
    from xraykit.phantoms.layouts import LAYOUTS, layout_named

    for name in LAYOUTS:
        print(f"{name:12} {layout_named(name).about}")
    return 0


def _write(options: argparse.Namespace) -> int:
    from xraykit.phantoms.layouts import LAYOUTS, layout_named

    if options.layout is None:
        raise XraykitError(f"No layout was given. Expected: one of {', '.join(LAYOUTS)}. See --help.")
    layout = layout_named(options.layout)
    if options.folder is None or "=" in options.folder:
        raise XraykitError(
            f"No folder was given. Expected: python -m xraykit.phantoms {layout.name} FOLDER, a folder that does not "
            f"exist yet or is empty."
        )
    folder = Path(options.folder)
    check_folder_name(folder, "FOLDER")
    settings = _settings(options.settings)
    from xraykit.phantoms.dataset import write_phantoms

    write_phantoms(folder, settings, layout=layout.name)
    print(_next_steps(layout, folder, settings))
    return 0


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
        f"  python -m xraykit.run EXPERIMENT.yaml {_overrides(layout, folder)} --check"
    )


def _overrides(layout: "Layout", folder: Path) -> str:
    plain = {key: value for key, value in layout.data.items() if isinstance(value, str)}
    return " ".join(shlex.quote(f"data.{key}={value}") for key, value in {**plain, "root": str(folder)}.items())


if __name__ == "__main__":
    sys.exit(main())
