"""Which data formats can read a folder: each format is asked."""

from dataclasses import dataclass
from pathlib import Path

from xraykit.errors import DataError
from xraykit.registry import FORMATS, DataFormat, Recognised

_MOST_FOLDERS = 20


@dataclass(frozen=True)
class Match:
    """A data format that recognises a folder.

    Attributes:
        format: The format.
        folder: The folder, which becomes ``data.root``: the one that was given, or one directly in it.
        recognised: What the format found.
    """

    format: DataFormat
    folder: Path
    recognised: Recognised

    @property
    def complete(self) -> bool:
        """Whether nothing is missing to read it."""
        return not self.recognised.missing


def find_formats(folder: Path) -> list[Match]:
    """The formats that recognise a folder, the best first: nothing is missing, then the one for the fewest collections.

    Where none can read the folder itself, the folders directly in it are tried.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Expected: the folder of the radiographs and their label file.")
    matches = _matches(folder)
    if not any(match.complete for match in matches):
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        for path in inner[:_MOST_FOLDERS]:
            matches += [match for match in _matches(path) if match.complete]
    return sorted(matches, key=lambda match: (not match.complete, match.format.generality))


def _matches(folder: Path) -> list[Match]:
    found = []
    for name in FORMATS.names():
        known = FORMATS.get(name)
        if known.recognise is None:
            continue
        with FORMATS.naming_plugin(name):
            try:
                recognised = known.recognise(folder)
            except (DataError, OSError) as error:
                recognised = Recognised("files of this format that cannot be read", missing=(str(error),))
        if recognised is not None:
            found.append(Match(known, folder, recognised))
    return found
