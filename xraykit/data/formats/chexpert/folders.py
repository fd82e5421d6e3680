"""Where the label files and the folders of patients are, in each form in which CheXpert is distributed.

- ``CheXpert-v1.0-small`` and ``CheXpert-v1.0``: label files, and below ``train/`` and ``valid/`` a folder per patient;
- the full size as it is downloaded: four folders such as ``CheXpert-v1.0 batch 2 (train 1)`` with patients in them,
  the label files and ``valid/`` in the first;
- either of them inside the folder that an experiment names.
"""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xraykit.data.formats.chexpert.facts import (
    FINDINGS,
    HINTS,
    LABEL_FILES,
    TEST_FILES,
    TRAIN_FILE,
    VALID_FILES,
)
from xraykit.data.reading.exact_paths import pictures_at
from xraykit.data.reading.picture_names import Matches
from xraykit.errors import DataError
from xraykit.registry import Recognised
from xraykit.system.tables import columns_of

PATIENT = re.compile(r"patient\d+", re.IGNORECASE | re.ASCII)
_DEPTH = 3


@dataclass
class PatientFolders:
    """The folders of patients below a folder.

    Attributes:
        of: Name of a patient's folder to the folders that contain one of this name, such as ``train``.
    """

    of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _chosen: dict[tuple[str, str], str | None] = field(default_factory=dict)

    @classmethod
    def below(cls, root: Path) -> "PatientFolders":
        """Walk at most three folders deep, and not into those of patients."""
        found = cls()
        folders = [str(root)]
        for _ in range(_DEPTH + 1):
            inner: list[str] = []
            for folder in folders:
                inner += found._enter(folder)
            folders = inner
        return found

    def _enter(self, folder: str) -> list[str]:
        others = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if PATIENT.fullmatch(entry.name):
                    self.of[entry.name].append(folder)
                elif not entry.name.startswith(".") and entry.is_dir():
                    others.append(entry.path)
        return sorted(others)

    def patient(self, part: str, name: str) -> str | None:
        """Path of a patient's folder; None if there is none.

        Args:
            part: ``train``, ``valid`` or ``test``, by which one of several folders is chosen.
            name: Such as ``patient00001``.

        Raises:
            DataError: several fit.
        """
        if (part, name) not in self._chosen:
            self._chosen[part, name] = self._choose(part, name)
        return self._chosen[part, name]

    def _choose(self, part: str, name: str) -> str | None:
        folders = self.of.get(name, [])
        exact = [folder for folder in folders if os.path.basename(folder) == part]
        near = [folder for folder in folders if part in os.path.basename(folder)]
        fitting = exact or near or folders
        if len(fitting) > 1:
            raise DataError(
                f"Several folders may be {part}/{name}: {', '.join(sorted(fitting)[:3])}. Expected: one. Set "
                f"`data.root` or `data.images` to the collection that is meant."
            )
        return os.path.join(fitting[0], name) if fitting else None


def find_paths(folders: PatientFolders, images: Sequence[str]) -> Matches:
    """The pictures of ``images`` such as ``train/patient00001/study1/view1_frontal.jpg``.

    Raises:
        DataError: several pictures fit a name.
    """
    inside: list[str | None] = []
    for image in images:
        part, patient, rest = image.split("/", 2)
        folder = folders.patient(part, patient)
        inside.append(None if folder is None else os.path.join(folder, rest.rpartition("/")[0]))
    return pictures_at(inside, [image.rpartition("/")[2] for image in images])


def label_folder(root: Path) -> Path:
    """The folder with the label files: ``root``, or the one at most two folders below that has them.

    Raises:
        DataError: none has, or several have.
    """
    folders = [root]
    for _ in range(3):
        having = [folder for folder in folders if any((folder / name).is_file() for name in LABEL_FILES)]
        # Of several, those with the training list, as the download of the full size has them in one folder.
        having = [folder for folder in having if (folder / TRAIN_FILE).is_file()] or having
        if len(having) > 1:
            raise DataError(
                f"{root} contains several collections: {', '.join(folder.name for folder in having)}. Expected: one. "
                f"Set `data.root` to one of them."
            )
        if having:
            return having[0]
        folders = [inner for folder in folders for inner in _inner_folders(folder)]
    raise DataError(
        f"There is no label file in {root} or a folder in it. Expected: {TRAIN_FILE}, {VALID_FILES[0]} or "
        f"{TEST_FILES[0]}. Check `data.root` and `data.labels_file`. {HINTS}"
    )


def _inner_folders(folder: Path) -> list[Path]:
    """Folders in which label files may be; never those of tens of thousands of patients."""
    with os.scandir(folder) as entries:
        inner = [entry for entry in entries if not PATIENT.fullmatch(entry.name) and not entry.name.startswith(".")]
        return sorted(Path(entry.path) for entry in inner if entry.is_dir())


def recognise(folder: Path) -> Recognised | None:
    """What of a folder is CheXpert's: a label file with its columns."""
    try:
        labels = label_folder(folder)
    except (DataError, OSError):
        return None
    for name in LABEL_FILES:
        if (labels / name).is_file() and {"Path", *FINDINGS} <= set(columns_of(labels / name)):
            missing = () if (labels / TRAIN_FILE).is_file() else (f"{TRAIN_FILE}, the training list",)
            official = any((labels / other).is_file() for other in (*VALID_FILES, *TEST_FILES))
            data = {} if official else {"split": {"method": "patient"}}
            return Recognised(f"{name} with the columns of CheXpert", data, missing)
    return None
