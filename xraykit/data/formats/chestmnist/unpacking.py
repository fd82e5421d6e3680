"""The pictures of a file of ChestMNIST as PNG files, written once: then they are read as those of any collection."""

import json
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from xraykit.data.formats.chestmnist.arrays import Arrays
from xraykit.data.formats.chestmnist.facts import PARTS
from xraykit.errors import DataError
from xraykit.system import atomic_folder, held_lock, progress_bar, read_json

MANIFEST = "chestmnist.json"
_WORKERS, _TOGETHER = 8, 512

logger = logging.getLogger(__name__)


def picture_name(part: str, number: int) -> str:
    """Path of a picture below the folder, of ``train``, ``val`` or ``test``."""
    return f"{part}/{number:06d}.png"


def unpack(arrays: Arrays, folder: Path) -> None:
    """Write all pictures into ``folder``, unless it contains those of this file already.

    The folder appears when it is complete. Two processes may call this at once: one writes, the other waits.

    Raises:
        DataError: It contains something else, which is never changed, or cannot be written.
    """
    if _is_there(arrays, folder):
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with held_lock(folder.with_name(f".{folder.name}.lock"), f"pictures to {folder}"):
            if not _is_there(arrays, folder):
                _write(arrays, folder)
    except OSError as error:
        raise DataError(
            f"The pictures of {arrays.path} cannot be written to {folder}: {error.strerror or error}. Free some space "
            f"there, or set `data.chestmnist.unpacked` to a folder that you may write to."
        ) from error


def _is_there(arrays: Arrays, folder: Path) -> bool:
    if not folder.exists():
        return False
    if folder.is_dir() and not any(folder.iterdir()):
        return False
    if not (folder / MANIFEST).is_file():
        raise DataError(
            f"{folder} contains other files and no {MANIFEST}: nothing in it was changed. Set "
            f"`data.chestmnist.unpacked` to a folder that is empty or does not exist yet."
        )
    found = read_json(folder / MANIFEST, "what the pictures were made of", remedy=f"Delete the folder {folder}.")
    if found != _manifest(arrays):
        raise DataError(
            f"{folder} contains the pictures of another version of {arrays.path.name}. Delete that folder, or set "
            f"`data.chestmnist.unpacked` to another one."
        )
    return True


def _manifest(arrays: Arrays) -> dict[str, object]:
    """The checksums of the arrays: another version of the file gives other pictures."""
    return {"arrays": {f"{part}_images": list(arrays.members[f"{part}_images"]) for part in PARTS}}


def _write(arrays: Arrays, folder: Path) -> None:
    total = sum(arrays.extent(part)[0] for part in PARTS)
    logger.info("Writing %s pictures of %s into %s", f"{total:,}", arrays.path.name, folder)
    bar = progress_bar(total=total, desc="Unpacking", unit="picture", file=sys.stderr)
    with atomic_folder(folder, durable=False, locked=True) as temporary, bar, ThreadPoolExecutor(_WORKERS) as pool:
        for part in PARTS:
            (temporary / part).mkdir()
            numbered = ((temporary / picture_name(part, number), each) for number, each in _numbered(arrays, part))
            while batch := list(islice(numbered, _TOGETHER)):
                for _ in pool.map(_write_png, *zip(*batch, strict=True)):
                    bar.update()
        (temporary / MANIFEST).write_text(json.dumps(_manifest(arrays), indent=2) + "\n")


def _numbered(arrays: Arrays, part: str) -> Iterator[tuple[int, np.ndarray]]:
    return enumerate(arrays.pictures(part))


def _write_png(path: Path, picture: np.ndarray) -> None:
    import cv2

    encoded, content = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not encoded:
        raise DataError(f"A picture of {picture.shape} pixels cannot be written as PNG to {path}.")
    path.write_bytes(content.tobytes())
