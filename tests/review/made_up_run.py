"""A run on phantoms with everything that a review needs: predictions, metrics and a bundle, without a training."""

import json

import numpy as np
import pandas as pd

from tests.bundle.runs import LABELS, decision_rule_of
from tests.bundle.runs import write_run as write_bundled
from xraykit.bundle import load_model
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.evaluation.predictions import assess, with_probabilities

PHANTOMS = {"patients": 320, "images": 632, "size": 48, "prevalence": 0.25}
SPLIT = {"method": "patient", "train": 0.1, "validation": 0.1, "test": 0.8}


def write_run(root, phantoms=None, **data):
    """A run folder whose test part are about four fifths of the phantoms."""
    settings = {"phantom": {**PHANTOMS, **(phantoms or {})}, "split": SPLIT, **data}
    folder = write_bundled(root, data=settings)
    experiment = load_experiment(folder.experiment)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    classifier = load_model(folder.bundle)
    table = pd.concat([_predicted(classifier, parts, part) for part in ("validation", "test")], ignore_index=True)
    rule = decision_rule_of(LABELS)
    metrics = assess(table, rule, experiment.evaluation.model_copy(update={"resamples": 0}), parts.split, seed=7)
    folder.write_table(folder.predictions, with_probabilities(table, rule))
    folder.write_metrics(json.loads(json.dumps(metrics)))
    return folder


def _predicted(classifier, parts, part):
    catalog = parts.catalog_of(part).table
    table = catalog[["image", "patient", "sex", "age", "view"]].assign(part=part)
    logits = classifier.logits(classifier.read(catalog["path"].tolist()))
    truth = catalog[list(LABELS)].to_numpy(np.float64)
    noise = np.random.default_rng(7).normal(0, 1.5, truth.shape)
    for column, label in enumerate(LABELS):
        # A made-up network that has learnt something and is often wrong.
        table[label] = truth[:, column]
        table[f"{label}_logit"] = 0.1 * logits[:, column] + noise[:, column] + 2 * truth[:, column]
    return table
