"""Where the model looked: heat maps over test radiographs for the gallery, and heat maps scored against boxes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from xraykit.config import Explain
from xraykit.evaluation import Reading, localisation_figures
from xraykit.explain import GradCam, centre_prior, random_twin, saliency_methods
from xraykit.report import choose_looks, draw_gallery
from xraykit.trainer.material import Material

Boxes = Mapping[tuple[str, str], Sequence[tuple[float, float, float, float]]]


def show_looks(
    model: keras.Model,
    material: Material,
    predictions: pd.DataFrame,
    reading: Reading,
    boxes: Boxes,
    folder: Path,
    settings: Explain,
) -> None:
    """Write Grad-CAM overlays of the most confident right and wrong calls of each label on the test part.

    Args:
        model: The trained network.
        material: Parts, none sealed, and pictures.
        predictions: The table of predictions, read.
        reading: Its operating points tell right from wrong calls.
        boxes: Drawn where there are some; see :func:`xraykit.trainer.material.load_boxes`.
        folder: Where the overlays go.
        settings: How many, and how they look.
    """
    labels = list(reading.labels)
    looks = choose_looks(predictions, reading.thresholds, labels, settings.per_kind)
    if not looks:
        return
    pictures = material.pictures("test", [look.image for look in looks])
    maps = GradCam(model).heat_maps(pictures, [labels.index(look.label) for look in looks])
    split = material.parts.description
    draw_gallery(looks, pictures, maps, boxes, folder, opacity=settings.opacity, split=split, method="Grad-CAM")


def score_looks(model: keras.Model, material: Material, boxes: Boxes, resamples: int, seed: int) -> dict[str, Any]:
    """Score heat maps of test radiographs against their boxes, beside a centre prior and random weights.

    Returns:
        ``localisation``: what :func:`xraykit.evaluation.localisation_figures` says; None with a reason in
        ``localisation_why`` if no test radiograph has a box of a learnt label.
    """
    test, labels = material.parts.catalog_of("test").table, list(material.parts.labels)
    patient_of = dict(zip(test["image"], test["patient"], strict=True))
    known = [(image, label) for image, label in boxes if image in patient_of and label in labels]
    pairs = sorted(known, key=lambda pair: (labels.index(pair[1]), pair[0]))
    if not pairs:
        why = f"None of the {len(test):,} test radiographs has a box of a learnt label: nothing to score against."
        return {"localisation": None, "localisation_why": why}
    images, shown = [image for image, _ in pairs], [label for _, label in pairs]
    pictures, columns = material.pictures("test", images), [labels.index(label) for label in shown]
    maps = {name: method.heat_maps(pictures, columns) for name, method in saliency_methods(model).items()}
    maps["centre_prior"] = np.broadcast_to(centre_prior(pictures.shape[1]), pictures.shape)
    maps["random_weights"] = GradCam(random_twin(model, seed)).heat_maps(pictures, columns)
    figures = localisation_figures(
        maps,
        [boxes[pair] for pair in pairs],
        shown,
        images,
        [patient_of[image] for image in images],
        resamples=resamples,
        seed=seed,
    )
    return {"localisation": figures, "localisation_why": None}
