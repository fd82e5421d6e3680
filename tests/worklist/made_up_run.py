"""A finished run of made-up predictions: no radiographs, no network."""

import json

import numpy as np
import pandas as pd

from xraykit.bundle import BundleFolder
from xraykit.config import Rule, SplitRecord, load_experiment
from xraykit.evaluation import DecisionRule
from xraykit.evaluation.predictions import assess, with_probabilities
from xraykit.runs.folder import RunFolder

LABELS = ("Mass", "Hernia", "Nodule")
SPLIT = "by patient 70/10/20, seed 7"
_SHARES = (0.4, 0.03, 0.0)


def made_up_predictions(images=tuple(f"{number:05}.png" for number in range(600))):
    """Mass is frequent, Hernia rare, Nodule never there. Two radiographs of each patient."""
    drawn, size = np.random.default_rng(0), len(images)
    table = pd.DataFrame(
        {
            "image": list(images),
            "patient": [f"P{number // 2:06}" for number in range(size)],
            "part": ["validation" if number < size // 3 else "test" for number in range(size)],
            "sex": drawn.choice(["M", "F"], size),
            "age": drawn.integers(20, 90, size).astype(float),
            "view": drawn.choice(["PA", "AP"], size),
        }
    )
    for label, share in zip(LABELS, _SHARES, strict=True):
        truth = (drawn.random(size) < share) * 1.0
        table[label] = np.where(drawn.random(size) < 0.02, np.nan, truth)
        table[f"{label}_logit"] = 3 * truth - 1 + drawn.normal(size=size)
    return table


def fitted_decision_rule(predictions):
    rows = predictions[predictions["part"] == "validation"]
    logits = rows[[f"{label}_logit" for label in LABELS]]
    rules = dict.fromkeys(LABELS, Rule("youden"))
    return DecisionRule.fit(
        rows[list(LABELS)],
        logits,
        LABELS,
        method="platt",
        rules=rules,
        fitted_on="validation",
        patients=rows["patient"].to_numpy(),
        min_patients=1,
    )


def write_run(path, predictions=None, resamples=20, **data):
    """A run folder with experiment, decision rule, predictions and metrics."""
    folder, predictions = RunFolder(path), made_up_predictions() if predictions is None else predictions
    experiment = load_experiment({"evaluation": {"resamples": resamples}, "data": {"labels": LABELS, **data}})
    decision_rule = fitted_decision_rule(predictions)
    metrics = assess(predictions, decision_rule, experiment.evaluation, SplitRecord.read(SPLIT), seed=experiment.seed)
    said = {"validation": {"roc_auc": 0.9, "epoch": 1, "epochs": 1}, "data_fingerprint": "1234"}
    folder.write_text(folder.experiment, experiment.to_yaml())
    folder.write_json(BundleFolder(folder.bundle).decision_rule, decision_rule.as_values())
    folder.write_table(folder.predictions, with_probabilities(predictions, decision_rule))
    folder.write_metrics(json.loads(json.dumps({**metrics, **said})))
    return folder
