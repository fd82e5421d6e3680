"""Which of MIMIC-CXR-JPG's files are where; each may be compressed or not, and of any version."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from xraykit.data.formats.mimic_cxr.facts import HINTS
from xraykit.errors import DataError
from xraykit.registry import Recognised

_NAME = re.compile(
    r"mimic-cxr-[\d.]+-(?P<kind>metadata|split|chexpert|negbio|test-set-labeled)\.csv(\.gz)?", re.IGNORECASE
)
# As wget leaves it: physionet.org/files/mimic-cxr-jpg/2.1.0
_DEPTH = 4
_PICTURES = re.compile(r"p\d{2,}")


@dataclass(frozen=True)
class Files:
    """The folder of a collection and its label files.

    Attributes:
        folder: Where the label files are.
        of: Kind (``metadata``, ``split``, ``chexpert``, ``negbio`` or ``test-set-labeled``) to file.
    """

    folder: Path
    of: dict[str, Path]

    def need(self, kind: str, why: str) -> Path:
        """The file of a kind.

        Args:
            kind: As in :attr:`of`.
            why: What it is for, as a phrase.

        Raises:
            DataError: it does not exist.
        """
        if kind not in self.of:
            raise DataError(
                f"There is no file mimic-cxr-...-{kind}.csv.gz in {self.folder}, which has {why}. Expected: this file, "
                f"compressed or not. {HINTS}"
            )
        return self.of[kind]


def find_files(root: Path) -> Files:
    """The label files in ``root`` or in a folder below it.

    Raises:
        DataError: there are none, or several folders have some.
    """
    folders = [str(root)]
    for _ in range(_DEPTH + 1):
        having = [files for folder in folders if (files := _files_in(folder)).of]
        if len(having) > 1:
            raise DataError(
                f"Several folders below {root} have label files of MIMIC-CXR: "
                f"{', '.join(str(files.folder) for files in having[:3])}. Expected: one. Set `data.root` to it."
            )
        if having:
            return having[0]
        folders = [inner for folder in folders for inner in _folders_in(folder)]
    raise DataError(f"There are no label files of MIMIC-CXR in {root}. {HINTS}")


def recognise(folder: Path) -> Recognised | None:
    """What of a folder is MIMIC-CXR-JPG's: its label files."""
    try:
        files = find_files(folder)
    except (DataError, OSError):
        return None
    missing = []
    if "metadata" not in files.of:
        missing.append("the metadata file, which has the views")
    if not {"chexpert", "negbio"} & files.of.keys():
        missing.append("a label file, of CheXpert or NegBio")
    data: dict[str, object] = {}
    if "chexpert" not in files.of and "negbio" in files.of:
        data = {"mimic_cxr": {"labeller": "negbio"}}
    if "split" not in files.of:
        data = {**data, "split": {"method": "patient"}}
    return Recognised(", ".join(sorted(file.name for file in files.of.values())), data, tuple(missing))


def _files_in(folder: str) -> Files:
    of: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        # A file that was unpacked beside its archive is the same table: the name in the end of the alphabet is .csv.gz.
        for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
            match = _NAME.fullmatch(entry.name)
            if match and entry.is_file():
                of[match["kind"].lower()] = Path(entry.path)
    return Files(Path(folder), of)


def _folders_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if not _PICTURES.fullmatch(entry.name) and entry.is_dir()]
    return sorted(name for name in names if not os.path.basename(name).startswith("."))
