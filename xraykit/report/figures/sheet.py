"""The figure that needs the pictures themselves: a sheet of training radiographs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from xraykit.data import Catalog, Parts
from xraykit.report.figures.radiographs import draw_radiograph_sheet
from xraykit.report.figures.style import save_figure_as

_SHEET = 24


def draw_radiographs(
    parts: Parts,
    pictures: Callable[[str, list[str]], np.ndarray],
    folder: Path,
    seed: int,
    kinds: Sequence[str] = ("png",),
) -> None:
    """Write ``radiographs.png``: some of the training part, with what is known of them.

    Args:
        parts: All parts.
        pictures: From a part and file names to pictures ``(n, S, S)`` uint8.
        folder: Where the figure goes.
        seed: Of the choice of radiographs.
        kinds: Of files; see :data:`xraykit.config.FIGURE_KINDS`.

    Raises:
        DataError: the file cannot be written.
    """
    train = parts.catalog_of("train")
    random = np.random.Generator(np.random.Philox(seed))
    sample = train.take(np.sort(random.permutation(len(train))[:_SHEET]))
    shown = pictures("train", sample.table["image"].tolist())
    sheet = draw_radiograph_sheet(shown, captions_of(sample), part="train", split=str(parts.split))
    save_figure_as(sheet, folder, "radiographs", kinds)


def captions_of(catalog: Catalog) -> list[str]:
    """Name and present labels of each radiograph."""
    captions = []
    for image, row in zip(catalog.table["image"], catalog.targets(), strict=True):
        shown = [label for label, value in zip(catalog.labels, row, strict=True) if value == 1]
        captions.append(f"{image}\n{', '.join(shown) or _without(row)}")
    return captions


def _without(row: np.ndarray) -> str:
    """Of a radiograph that has none of the labels that are learnt; it may show something else."""
    unknown = int(np.isnan(row).sum())
    if unknown == len(row):
        return "labels unknown"
    return f"none of the labels, {unknown} unknown" if unknown else "none of the labels"
