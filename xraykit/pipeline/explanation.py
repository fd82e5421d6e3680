"""Heat maps of test radiographs: overlays for the gallery, and scores against the boxes that come with the data."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pandas as pd

from xraykit.config import Experiment
from xraykit.evaluation import DecisionRule, localisation_metrics
from xraykit.explain import GradCam, HeatMaps, SaliencyMethod, centre_prior, random_twin, saliency_methods
from xraykit.registry import Boxes
from xraykit.report import choose_examples, draw_gallery
from xraykit.runs import RunFolder
from xraykit.training import TrainingData

_NOT_SCORED = {"localisation": None, "localisation_why": "explain.scored is 0: heat maps were not scored."}


def explain(
    experiment: Experiment,
    model: keras.Model,
    data: TrainingData,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    boxes: Boxes,
    folder: RunFolder,
) -> dict[str, Any]:
    """Write the gallery and score heat maps, as far as ``explain`` asks for them.

    Args:
        experiment: Its ``explain`` section is read.
        model: The trained network.
        data: The data of the run, unsealed.
        predictions: With probabilities.
        decision_rule: Calibration and operating points.
        boxes: See :func:`xraykit.data.load_boxes`.
        folder: The run.

    Returns:
        ``localisation`` and ``localisation_why`` for ``metrics.json``; see :func:`score_heat_maps`.
    """
    settings = experiment.explain
    if not settings.per_kind and not settings.scored:
        return _NOT_SCORED
    methods = saliency_methods(model)
    draw_examples(experiment, methods, data, predictions, decision_rule, boxes, folder)
    if not settings.scored:
        return _NOT_SCORED
    random_weights = GradCam(random_twin(model, experiment.seed))
    return score_heat_maps(experiment, methods, random_weights, data, boxes)


def draw_examples(
    experiment: Experiment,
    methods: Mapping[str, HeatMaps],
    data: TrainingData,
    predictions: pd.DataFrame,
    decision_rule: DecisionRule,
    boxes: Boxes,
    folder: RunFolder,
) -> None:
    """Write Grad-CAM overlays of the most confident right and wrong calls of each label on the test part.

    Args: see :func:`explain`; of ``methods``, the first one, Grad-CAM, is shown.
    """
    settings, labels = experiment.explain, list(decision_rule.labels)
    # The outputs of a label that was not trained are noise: there is nothing to show.
    trained = [label for label in labels if label not in decision_rule.untrained]
    examples = choose_examples(
        predictions, decision_rule.thresholds, trained, settings.per_kind, decision_rule.uncalibrated
    )
    if not examples:
        return
    pictures = data.pictures("test", [example.image for example in examples])
    maps = next(iter(methods.values())).heat_maps(pictures, [labels.index(example.label) for example in examples])
    split = str(data.parts.split)
    draw_gallery(
        examples, pictures, maps, boxes.of, folder.gradcam, opacity=settings.opacity, split=split, method="Grad-CAM"
    )


def score_heat_maps(
    experiment: Experiment,
    methods: Mapping[str, SaliencyMethod],
    random_weights: SaliencyMethod,
    data: TrainingData,
    boxes: Boxes,
) -> dict[str, Any]:
    """Score heat maps of test radiographs against their boxes, beside a centre prior and random weights.

    Args:
        experiment: ``explain.scored`` is the largest number of pairs of a radiograph and a finding; of more, so many
            are drawn at random. ``evaluation.resamples`` of 0 gives no intervals.
        methods: Of the trained network, by name.
        random_weights: Grad-CAM of the same network with random weights.
        data: The data of the run, unsealed.
        boxes: See :func:`xraykit.data.load_boxes`.

    Returns:
        ``localisation``: the result of :func:`xraykit.evaluation.localisation_metrics`, and ``pairs_in_all``, the
        number of pairs that there are; None with a reason in ``localisation_why`` if no test radiograph has a box of a
        trained label.
    """
    test, labels = data.parts.catalog_of("test").table, list(data.parts.labels)
    patient_of = dict(zip(test["image"], test["patient"], strict=True))
    trained = [label for label in labels if label not in data.untrained]
    known = [(image, label) for image, label in boxes.of if image in patient_of and label in trained]
    if not known:
        why = f"None of the {len(test):,} test radiographs has a box of a trained label: nothing to score against."
        return {"localisation": None, "localisation_why": why}
    pairs = _drawn(sorted(known, key=lambda pair: (labels.index(pair[1]), pair[0])), experiment)
    images, scored = [image for image, _ in pairs], [label for _, label in pairs]
    pictures, columns = data.pictures("test", images), [labels.index(label) for label in scored]
    maps = {name: method.heat_maps(pictures, columns) for name, method in methods.items()}
    maps["centre_prior"] = np.broadcast_to(centre_prior(pictures.shape[1]), pictures.shape)
    maps["random_weights"] = random_weights.heat_maps(pictures, columns)
    metrics = localisation_metrics(
        maps,
        [boxes.of[pair] for pair in pairs],
        scored,
        images,
        [patient_of[image] for image in images],
        intervals=experiment.evaluation.resamples > 0,
    )
    return {"localisation": {**metrics, "pairs_in_all": len(known)}, "localisation_why": None}


def _drawn(pairs: list[tuple[str, str]], experiment: Experiment) -> list[tuple[str, str]]:
    random = np.random.Generator(np.random.Philox(experiment.seed))
    return [pairs[index] for index in np.sort(random.permutation(len(pairs))[: experiment.explain.scored])]
