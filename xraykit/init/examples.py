"""The example experiments, which an installed package contains; in a checkout they are beside it."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from xraykit.errors import DataError
from xraykit.registry import unknown_name

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "experiments"
_FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "experiments"


@dataclass(frozen=True)
class Example:
    """An example experiment.

    Attributes:
        name: Such as ``quickstart``, or ``recipes/fine_tune``.
        path: The file.
    """

    name: str
    path: Path

    @property
    def description(self) -> str:
        """The first line of the file."""
        return self.path.read_text(encoding="utf-8").partition("\n")[0].strip("# :\n")

    def text(self, target: Path) -> str:
        """The file with its commands as they must be typed for the copy.

        Args:
            target: Where the copy will be.
        """
        commands = re.escape(f"python -m xraykit.run experiments/{self.name}.yaml")
        copied = f"xraykit run {shlex.quote(str(target))}"
        return re.sub(commands, lambda _: copied, self.path.read_text(encoding="utf-8"))


def examples() -> list[Example]:
    """All examples: whole experiments first, then the recipes.

    Raises:
        DataError: the installation lacks them.
    """
    paths = [*sorted(_FOLDER.glob("*.yaml")), *sorted(_FOLDER.glob("recipes/*.yaml"))]
    if not paths:
        raise DataError(f"{_FOLDER} has no example experiments. Expected: those of xraykit. Install it again.")
    return [Example(path.relative_to(_FOLDER).with_suffix("").as_posix(), path) for path in paths]


def example_named(name: str) -> Example:
    """One example.

    Args:
        name: With or without ``.yaml`` and ``experiments/``; a recipe also without its folder.

    Raises:
        DataError: there is none of this name.
    """
    plain = name.removeprefix("experiments/").removesuffix(".yaml")
    known = examples()
    for example in known:
        if plain in (example.name, example.path.stem):
            return example
    raise DataError(unknown_name("example", name, [example.name for example in known]))
