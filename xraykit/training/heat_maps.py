"""Where the model looked: heat maps over test radiographs for the gallery, and heat maps scored against boxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Explain
from xraykit.evaluation import DecisionRule, localisation_figures
from xraykit.explain import SaliencyMethod, centre_prior
from xraykit.report import choose_examples, draw_gallery
from xraykit.training.training_data import Material

Boxes = Mapping[tuple[str, str], Sequence[tuple[float, float, float, float]]]


@dataclass(frozen=True)
class ScoringTerms:
    """How heat maps are scored.

    Attributes:
        pairs: At most this many pairs of a radiograph and a finding, drawn at random if there are more.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of both draws.
    """

    pairs: int
    resamples: int
    seed: int


def show_looks(
    methods: Mapping[str, SaliencyMethod],
    material: Material,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    boxes: Boxes,
    folder: Path,
    settings: Explain,
) -> None:
    """Write Grad-CAM overlays of the most confident right and wrong calls of each label on the test part.

    Args:
        methods: Of the trained network; the first one, Grad-CAM, is shown.
        material: Parts, none sealed, and pictures.
        predictions: The table of predictions, read.
        decision_rule: Its operating points tell right from wrong calls.
        boxes: Drawn where there are some; see :func:`xraykit.training.training_data.load_boxes`.
        folder: Where the overlays go.
        settings: How many, and how they look.
    """
    labels = list(decision_rule.labels)
    # The outputs of a label that was not trained are noise: there is nothing to show.
    trained = [label for label in labels if label not in decision_rule.untrained]
    looks = choose_examples(
        predictions, decision_rule.thresholds, trained, settings.per_kind, decision_rule.uncalibrated
    )
    if not looks:
        return
    pictures = material.pictures("test", [look.image for look in looks])
    maps = next(iter(methods.values())).heat_maps(pictures, [labels.index(look.label) for look in looks])
    split = str(material.parts.split)
    draw_gallery(looks, pictures, maps, boxes, folder, opacity=settings.opacity, split=split, method="Grad-CAM")


def score_looks(
    methods: Mapping[str, SaliencyMethod],
    random_weights: SaliencyMethod,
    material: Material,
    boxes: Boxes,
    terms: ScoringTerms,
) -> dict[str, Any]:
    """Score heat maps of test radiographs against their boxes, beside a centre prior and random weights.

    Args:
        methods: Of the trained network, by name.
        random_weights: Grad-CAM of the same network with random weights.
        material: Parts, none sealed, and pictures.
        boxes: See :func:`xraykit.training.training_data.load_boxes`.
        terms: How many pairs, and with which resamples.

    Returns:
        ``localisation``: what :func:`xraykit.evaluation.localisation_figures` says, and ``pairs_in_all``: how many
        there are; None with a reason in ``localisation_why`` if no test radiograph has a box of a learnt label.
    """
    test, labels = material.parts.catalog_of("test").table, list(material.parts.labels)
    patient_of = dict(zip(test["image"], test["patient"], strict=True))
    trained = [label for label in labels if label not in material.untrained]
    known = [(image, label) for image, label in boxes if image in patient_of and label in trained]
    if not known:
        why = f"None of the {len(test):,} test radiographs has a box of a trained label: nothing to score against."
        return {"localisation": None, "localisation_why": why}
    pairs = _drawn(sorted(known, key=lambda pair: (labels.index(pair[1]), pair[0])), terms)
    images, shown = [image for image, _ in pairs], [label for _, label in pairs]
    pictures, columns = material.pictures("test", images), [labels.index(label) for label in shown]
    maps = {name: method.heat_maps(pictures, columns) for name, method in methods.items()}
    maps["centre_prior"] = np.broadcast_to(centre_prior(pictures.shape[1]), pictures.shape)
    maps["random_weights"] = random_weights.heat_maps(pictures, columns)
    figures = localisation_figures(
        maps,
        [boxes[pair] for pair in pairs],
        shown,
        images,
        [patient_of[image] for image in images],
        intervals=terms.resamples > 0,
    )
    return {"localisation": {**figures, "pairs_in_all": len(known)}, "localisation_why": None}


def _drawn(pairs: list[tuple[str, str]], terms: ScoringTerms) -> list[tuple[str, str]]:
    random = np.random.Generator(np.random.Philox(terms.seed))
    return [pairs[place] for place in np.sort(random.permutation(len(pairs))[: terms.pairs])]
