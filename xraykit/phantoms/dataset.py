"""A set of phantoms in a folder, in the layout of a collection.

The set is drawn into a hidden folder beside its place and then renamed, so the folder contains a complete set or none,
whenever the program is killed. A folder that contains anything else is not changed.
"""

import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import cv2

from xraykit.errors import DataError
from xraykit.phantoms.layouts import nih as layout
from xraykit.phantoms.patients import Choice, Visit, draw_patient, draw_visits, source
from xraykit.phantoms.radiograph import draw_radiograph
from xraykit.phantoms.settings import Phantom
from xraykit.system import atomic_folder, held_lock, progress_bar, read_json

MANIFEST = "phantoms.json"
DRAWING = 1
TEST_SHARE = 0.2
MOST_WORKERS = 8
WAITING = 256

logger = logging.getLogger(__name__)


def write_phantoms(root: Path, settings: Phantom, images_folder: str = "images", *, workers: int | None = None) -> None:
    """Draw the set of phantoms that ``settings`` describe into ``root``, in the layout of NIH ChestX-ray14.

    Nothing is done if ``root`` already contains this set. The same settings give the same bytes, whatever the
    number of workers. Two processes may call this at once: one draws, the other waits and finds the set.

    Args:
        root: Folder of the set; it must not exist, be empty, or contain this set.
        settings: The section ``data.phantom``.
        images_folder: Folder of the pictures below ``root``.
        workers: Threads that draw; left out, one for each processor, at most 8.

    Raises:
        DataError: ``root`` contains something else, which is never changed, or cannot be written to.
    """
    root = Path(root).resolve()
    manifest = _manifest(settings, images_folder)
    try:
        if _is_there(root, manifest):
            return
        root.parent.mkdir(parents=True, exist_ok=True)
        with held_lock(root.with_name(f".{root.name}.lock"), f"phantoms to {root}"):
            if not _is_there(root, manifest):
                _write_beside(root, settings, manifest, workers or min(os.cpu_count() or 1, MOST_WORKERS))
    except OSError as error:
        raise DataError(
            f"The phantoms could not be written to {root}: {error}. Free some space there, or set `data.root` to a "
            f"folder that you may write to."
        ) from error


def _manifest(settings: Phantom, images_folder: str) -> dict[str, Any]:
    folder = PurePosixPath(images_folder)
    if folder.is_absolute() or ".." in folder.parts or not folder.parts:
        raise DataError(f"`data.images` must be a folder below `data.root`. Received: {images_folder!r}.")
    return {"drawing": DRAWING, "images": str(folder), "settings": settings.model_dump()}


def _is_there(root: Path, wanted: dict[str, Any]) -> bool:
    """Whether ``root`` contains the wanted set; False where it is free.

    Raises:
        DataError: It contains something else.
    """
    if not root.exists():
        return False
    if not root.is_dir():
        raise DataError(f"{root} is a file. Expected: a folder for phantoms. Set `data.root` to another path.")
    if (root / MANIFEST).is_file():
        _check_same(root, wanted)
        return True
    there = next(root.iterdir(), None)
    if there is not None:
        raise DataError(
            f"{root} contains other files, such as {there.name}, and no {MANIFEST}: it is not a set of phantoms; "
            f"nothing in it was changed. Set `data.root` to a folder that is empty or does not exist yet."
        )
    if root.is_mount():
        raise DataError(f"{root} is a mount point, which cannot be replaced. Set `data.root` to a folder in it.")
    return False


def _check_same(root: Path, wanted: dict[str, Any]) -> None:
    found = read_json(root / MANIFEST, "the settings of a set of phantoms", remedy=f"Delete the folder {root}.")
    if found != wanted:
        raise DataError(
            f"{root} contains another set of phantoms. Expected: {json.dumps(wanted)}. Found: {json.dumps(found)}. "
            f"Set `data.root` to another folder, or delete this one."
        )


def _write_beside(root: Path, settings: Phantom, manifest: dict[str, Any], workers: int) -> None:
    logger.info("Drawing %s phantoms into %s", f"{settings.images:,}", root)
    with atomic_folder(root, durable=False, locked=True) as temporary:
        (temporary / manifest["images"]).mkdir(parents=True)
        records = _draw_pictures(temporary / manifest["images"], settings, workers)
        _write_tables(temporary, records, settings)
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def _draw_pictures(folder: Path, settings: Phantom, workers: int) -> list[layout.Record]:
    def draw(visit: Visit) -> layout.Record:
        radiograph = draw_radiograph(
            visit.patient, visit.findings, size=settings.size, view=visit.view, visit=visit.number
        )
        _, png = cv2.imencode(".png", radiograph.pixels)
        (folder / layout.image_name(visit)).write_bytes(png.tobytes())
        return layout.Record(visit, radiograph.boxes, settings.size)

    visits, records = plan_visits(settings), []
    bar = progress_bar(total=settings.images, desc="Drawing phantoms", unit="picture")
    with bar, ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(visits, WAITING)):
            for record in pool.map(draw, batch):
                records.append(record)
                bar.update()
    return records


def plan_visits(settings: Phantom) -> Iterator[Visit]:
    """All radiographs of a set, patient by patient: each has one, the rest fall to few patients, as in NIH's set."""
    rng = source(settings.seed, 0, Choice.VISITS)
    share = rng.gamma(0.6, size=settings.patients) + 1e-9
    counts = 1 + rng.multinomial(settings.images - settings.patients, share / share.sum())
    for number, count in enumerate(counts, start=1):
        yield from draw_visits(draw_patient(number, settings.seed), int(count), settings.prevalence)


def _write_tables(folder: Path, records: list[layout.Record], settings: Phantom) -> None:
    order = source(settings.seed, 0, Choice.LISTS).permutation(settings.patients) + 1
    last = round(TEST_SHARE * settings.patients)
    test, train = (frozenset(int(number) for number in part) for part in (order[:last], order[last:]))
    tables = {
        layout.LABEL_FILE: layout.label_file(records),
        layout.BOX_FILE: layout.box_file(records),
        layout.TRAIN_LIST: layout.list_file(records, train),
        layout.TEST_LIST: layout.list_file(records, test),
    }
    for name, text in tables.items():
        (folder / name).write_text(text)
