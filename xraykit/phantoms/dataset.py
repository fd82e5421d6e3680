"""A set of phantoms in a folder, in the layout of a collection.

The set is drawn into a hidden folder beside its place and then renamed, so the folder contains a complete set or none,
whenever the program is killed. A folder that contains anything else is not changed.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from xraykit.errors import DataError
from xraykit.phantoms.layouts import DEFAULT_LAYOUT, layout_named
from xraykit.phantoms.layouts.layout import Drawn, Layout, Part
from xraykit.phantoms.settings import Phantom
from xraykit.phantoms.simulator.patients import Choice, Visit, draw_patient, draw_visits, source
from xraykit.phantoms.simulator.radiograph import draw_radiograph
from xraykit.system import atomic_folder, held_lock, progress_bar, read_json

MANIFEST = "phantoms.json"
DRAWING = 1
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
LATERAL_SHARE = 0.4
MOST_WORKERS = 8
WAITING = 256

logger = logging.getLogger(__name__)


def write_phantoms(
    root: Path,
    settings: Phantom,
    images_folder: str | None = None,
    *,
    layout: str = DEFAULT_LAYOUT,
    workers: int | None = None,
) -> None:
    """Draw the set of phantoms that ``settings`` describe into ``root``, in the layout of a collection.

    Nothing is done if ``root`` already contains this set. The same settings give the same bytes, whatever the
    number of workers. Two processes may call this at once: one draws, the other waits and finds the set.

    Args:
        root: Folder of the set; it must not exist, be empty, or contain this set.
        settings: The section ``data.phantom``.
        images_folder: Folder of the pictures below ``root``, where the layout leaves it open; left out, its usual one.
        layout: Name of the layout, one of :data:`xraykit.phantoms.LAYOUTS`.
        workers: Threads that draw; left out, one for each processor, at most 8.

    Raises:
        DataError: the layout is unknown or its packages are missing; ``root`` contains something else, which is
            never changed, or cannot be written to.
    """
    root, chosen = Path(root).resolve(), layout_named(layout)
    manifest = _manifest(settings, images_folder, chosen)
    try:
        if _is_there(root, manifest):
            return
        root.parent.mkdir(parents=True, exist_ok=True)
        with held_lock(root.with_name(f".{root.name}.lock"), f"phantoms to {root}"):
            if not _is_there(root, manifest):
                _write_beside(root, settings, manifest, chosen, workers or min(os.cpu_count() or 1, MOST_WORKERS))
    except OSError as error:
        raise DataError(
            f"The phantoms could not be written to {root}: {error}. Free some space there, or set `data.root` to a "
            f"folder that you may write to."
        ) from error


def _manifest(settings: Phantom, images_folder: str | None, layout: Layout) -> dict[str, Any]:
    """What decides the files of a set. One in the default layout has none named, as in earlier versions."""
    manifest: dict[str, Any] = {"drawing": DRAWING}
    if layout.name != DEFAULT_LAYOUT:
        manifest["layout"] = layout.name
    if layout.images is not None:
        manifest["images"] = _folder_below(layout.images if images_folder is None else images_folder)
    elif images_folder is not None:
        raise DataError(
            f"The layout {layout.name} decides the folders of its pictures. Received: `data.images` "
            f"{images_folder!r}. Leave it out."
        )
    return {**manifest, "settings": settings.model_dump()}


def _folder_below(name: str) -> str:
    folder = PurePosixPath(name)
    if folder.is_absolute() or ".." in folder.parts or not folder.parts:
        raise DataError(f"`data.images` must be a folder below `data.root`. Received: {name!r}.")
    return str(folder)


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


def _write_beside(root: Path, settings: Phantom, manifest: dict[str, Any], layout: Layout, workers: int) -> None:
    logger.info("Drawing %s phantoms into %s", f"{settings.images:,}", root)
    with atomic_folder(root, durable=False, locked=True) as temporary:
        drawn = _draw_pictures(temporary / manifest.get("images", ""), settings, layout, workers)
        for name, content in layout.tables(drawn).items():
            _write(temporary / name, content)
        if layout.finish is not None:
            layout.finish(temporary, drawn)
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def _draw_pictures(folder: Path, settings: Phantom, layout: Layout, workers: int) -> list[Drawn]:
    parts = official_parts(settings)

    def draw(visit: Visit) -> Drawn:
        radiograph = draw_radiograph(
            visit.patient, visit.findings, size=settings.size, view=visit.view, visit=visit.number
        )
        drawn = Drawn(visit, parts.get(visit.patient.number, "train"), radiograph.boxes, settings.size)
        _write(folder / layout.picture(drawn), layout.encode(radiograph.pixels, drawn))
        return drawn

    visits, done = plan_visits(settings, laterals=layout.laterals), []
    bar = progress_bar(total=None if layout.laterals else settings.images, desc="Drawing phantoms", unit="picture")
    with bar, ThreadPoolExecutor(workers) as pool:
        while batch := list(islice(visits, WAITING)):
            for drawn in pool.map(draw, batch):
                done.append(drawn)
                bar.update()
    return done


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def plan_visits(settings: Phantom, *, laterals: bool = False) -> Iterator[Visit]:
    """All radiographs of a set, patient by patient: each has one, the rest fall to few patients, as in NIH's set.

    Args:
        settings: The section ``data.phantom``.
        laterals: Whether two visits of five have a lateral radiograph as well, after the frontal one. They come in
            addition to ``settings.images``.
    """
    rng = source(settings.seed, 0, Choice.VISITS)
    share = rng.gamma(0.6, size=settings.patients) + 1e-9
    counts = 1 + rng.multinomial(settings.images - settings.patients, share / share.sum())
    for number, count in enumerate(counts, start=1):
        for visit in draw_visits(draw_patient(number, settings.seed), int(count), settings.prevalence):
            yield visit
            if laterals and visit.patient.source(Choice.LATERAL, visit.number).random() < LATERAL_SHARE:
                yield replace(visit, view="lateral")


def official_parts(settings: Phantom) -> Mapping[int, Part]:
    """The patients of the official test and validation parts; all others are in the training part."""
    order = source(settings.seed, 0, Choice.LISTS).permutation(settings.patients) + 1
    test = round(TEST_SHARE * settings.patients)
    parts: dict[int, Part] = {int(number): "test" for number in order[:test]}
    validation = order[test : test + round(VALIDATION_SHARE * settings.patients)]
    return {**parts, **dict.fromkeys(map(int, validation), "validation")}
