"""Which patient of the NIH each radiograph of the challenge is of, from the organisers' mapping."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xraykit.data.reading.picture_files import below
from xraykit.errors import DataError
from xraykit.system import regular_bytes
from xraykit.system.tables import read_table

LARGEST = 256 << 20
"""Bytes of a mapping; that of 30,000 radiographs has some 10 MB."""

_OF_CHALLENGE = ("subset_img_id", "patientId")
_OF_NIH = ("img_id", "Image Index", "Patient ID")
_ENDINGS = (".json", ".csv")


def mapping_file(root: Path, name: str | None) -> Path | None:
    """The file of ``data.rsna.mapping``, or the one in ``root`` with ``mapping`` in its name; None without one.

    Raises:
        DataError: The named file does not exist, or there are several.
    """
    if name is not None:
        file = below(root, name, "data.rsna.mapping")
        if not file.is_file():
            raise DataError(f"There is no file {file}. Check `data.rsna.mapping`.")
        return file
    files = sorted(
        file for file in root.iterdir() if "mapping" in file.name.casefold() and file.suffix.lower() in _ENDINGS
    )
    if len(files) > 1:
        raise DataError(
            f"Several files may be the mapping to patients of the NIH: {', '.join(file.name for file in files)}. Name "
            f"one in `data.rsna.mapping`."
        )
    return files[0] if files else None


def patients_of(file: Path, images: Sequence[str]) -> list[str]:
    """The NIH's patient of each radiograph.

    Args:
        file: JSON, a list of objects with ``subset_img_id`` (of the challenge) and ``img_id`` (such as
            ``00000013_005.png``); or a table with these columns.
        images: Ids of the challenge.

    Raises:
        DataError: The file is no such mapping, or does not name a radiograph.
    """
    pairs = _of_json(file) if file.suffix.lower() == ".json" else _of_table(file)
    absent = [image for image in images if not pairs.get(image)]
    if absent:
        raise DataError(
            f"{file} does not name the NIH's radiograph of {len(absent):,} of {len(images):,}, such as {absent[0]}. "
            f"Expected: all. Download it again, or move it away: then each radiograph counts as a patient."
        )
    patients = (pairs[image].split("_")[0] for image in images)
    return [patient.lstrip("0") or "0" if patient.isdecimal() else patient for patient in patients]


def _of_json(file: Path) -> Mapping[str, str]:
    try:
        rows = json.loads(regular_bytes(file, LARGEST).decode("utf-8"))
        return {str(row[_OF_CHALLENGE[0]]): str(row[_OF_NIH[0]]) for row in rows if _is_complete(row)}
    except (ValueError, TypeError, OSError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError(
            f"{file} is no mapping to patients of the NIH: {reason}. Expected: a JSON list of objects with "
            f"{_OF_CHALLENGE[0]} and {_OF_NIH[0]}. Download it again."
        ) from None


def _is_complete(row: Any) -> bool:
    return isinstance(row, dict) and _OF_CHALLENGE[0] in row and _OF_NIH[0] in row


def _of_table(file: Path) -> Mapping[str, str]:
    table = read_table(file, known=[*_OF_CHALLENGE, *_OF_NIH])
    of_challenge, of_nih = table.place(*_OF_CHALLENGE), table.place(*_OF_NIH)
    if of_challenge is None or of_nih is None:
        raise DataError(
            f"{file} is no mapping to patients of the NIH. Expected: the columns {_OF_CHALLENGE[0]} and {_OF_NIH[0]}. "
            f"Received: {', '.join(table.columns)[:200]}."
        )
    return {cells[of_challenge]: cells[of_nih] for cells in table.cells}
