"""All figures of a run in one call."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.data import Catalog, Parts
from xraykit.labels import NO_FINDING
from xraykit.report.figures import draw_prevalence, draw_roc_curves, draw_training_curves
from xraykit.report.figures_radiographs import draw_radiograph_sheet
from xraykit.report.figures_style import save_figure

_SHEET = 24


def draw_results(
    parts: Parts,
    pictures: Callable[[str, list[str]], np.ndarray],
    predictions: pd.DataFrame,
    history: pd.DataFrame,
    folder: Path,
    seed: int,
) -> None:
    """Write ``roc_curves.png``, ``training_curves.png``, ``prevalence.png`` and ``radiographs.png``.

    Args:
        parts: All parts, none sealed.
        pictures: From a part and file names to pictures ``(n, S, S)`` uint8.
        predictions: The table of predictions; ROC curves are of its test part.
        history: One row per epoch.
        folder: Where the figures go.
        seed: Of the choice of radiographs on the sheet.

    Raises:
        DataError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    split, labels = parts.description, list(parts.labels)
    test = predictions[predictions["part"] == "test"]
    scores = test[[f"{label}_probability" for label in labels]].to_numpy(np.float64)
    roc = draw_roc_curves(test[labels].to_numpy(np.float64), scores, labels, part="test", split=split)
    save_figure(roc, folder / "roc_curves.png")
    save_figure(draw_training_curves(history, split=split), folder / "training_curves.png")
    save_figure(draw_prevalence(count_labels(parts), split=split), folder / "prevalence.png")
    train = parts.catalog_of("train")
    random = np.random.Generator(np.random.Philox(seed))
    rows = np.sort(random.permutation(len(train))[:_SHEET])
    sample = train.take(rows)
    sheet = draw_radiograph_sheet(
        pictures("train", sample.table["image"].tolist()), _captions(sample), part="train", split=split
    )
    save_figure(sheet, folder / "radiographs.png")


def count_labels(parts: Parts) -> pd.DataFrame:
    """Radiographs per label and part: ``label``, ``part``, ``positives``, ``negatives``, ``unknown``."""
    rows = []
    for part in ("train", "validation", "test"):
        targets = parts.catalog_of(part).targets()
        for index, label in enumerate(parts.labels):
            column = targets[:, index]
            rows.append(
                {
                    "label": label,
                    "part": part,
                    "positives": int(np.count_nonzero(column == 1)),
                    "negatives": int(np.count_nonzero(column == 0)),
                    "unknown": int(np.count_nonzero(np.isnan(column))),
                }
            )
    return pd.DataFrame(rows)


def _captions(catalog: Catalog) -> list[str]:
    captions = []
    for image, row in zip(catalog.table["image"], catalog.targets()):
        shown = [label for label, value in zip(catalog.labels, row) if value == 1]
        captions.append(f"{image}\n{', '.join(shown) or NO_FINDING}")
    return captions
