"""No text covers a curve, however the curves run."""

import numpy as np
import pandas as pd
import pytest

from tests.report.drawn import covering
from xraykit.data.formats.nih import FINDINGS
from xraykit.evaluation import calibration_metrics
from xraykit.report.figures.curves import draw_precision_recall, draw_reliability, draw_roc_curves
from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves
from xraykit.report.figures.style import house_style, new_figure

# How far positives score above negatives, in standard deviations: from always wrong to always right.
SKILLS = (-6.0, -1.0, 0.0, 0.7, 2.0, 6.0)
PREVALENCES = (0.02, 0.5, 0.97)


def cases(prevalence, n=150):
    """A label for each skill, and one without positives."""
    random = np.random.default_rng(0)
    targets = (random.random((n, len(SKILLS) + 1)) < prevalence).astype(float)
    targets[0], targets[1] = 1, 0
    targets[:, -1] = 0
    return targets, random.normal(size=targets.shape) + np.array([*SKILLS, 0.0]) * targets


LABELS = FINDINGS[: len(SKILLS) + 1]


def test_the_check_finds_what_it_looks_for():
    with house_style():
        figure = new_figure(3, 2, "Curves", part="test", split="official")
        plot = figure.subplots()
        plot.plot([0, 1], [0, 1])
        plot.text(0.5, 0.5, "on the curve", ha="center", va="center")
        plot.text(0.02, 0.9, "beside")
        plot.bar([0.8], [0.4], width=0.2)
        plot.text(0.8, 0.4, "on the bar", ha="center", va="center")
    assert covering(figure) == ["on the curve", "on the bar"]


@pytest.mark.parametrize("prevalence", PREVALENCES)
@pytest.mark.parametrize("draw", [draw_roc_curves, draw_precision_recall])
def test_roc_and_precision_recall_curves(draw, prevalence):
    assert covering(draw(*cases(prevalence), LABELS, part="test", split="official")) == []


@pytest.mark.parametrize("prevalence", PREVALENCES)
def test_reliability_curves(prevalence):
    targets, logits = cases(prevalence)
    p = 1 / (1 + np.exp(-logits))
    before, after = (calibration_metrics(targets, each, np.arange(len(p)), LABELS) for each in (p, 1 - 0.5 * p))
    calibration = {name: {"before": before[name], "after": after[name]} for name in LABELS}
    assert covering(draw_reliability(calibration, part="test", split="official")) == []


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("epochs", [1, 6, 40])
def test_training_curves(epochs, rising):
    values = np.linspace(0.2, 0.9, epochs)[:: 1 if rising else -1]
    stages = [f"stage {5 * epoch // epochs}" for epoch in range(epochs)]
    table = {"epoch": np.arange(1, epochs + 1), "loss": values, "val_loss": values[::-1], "val_roc_auc": values}
    history = pd.DataFrame(table | {"learning_rate": 10.0 ** (-9 * values), "stage": stages})
    assert covering(draw_training_curves(history, split="official")) == []


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_bars_of_the_prevalence(share):
    rows = [
        {"label": label, "part": part, "positives": 5000 * share, "negatives": 5000 * (1 - share), "unknown": 120}
        for part in ("train", "validation", "test")
        for label in FINDINGS
    ]
    assert covering(draw_prevalence(pd.DataFrame(rows), split="official")) == []
