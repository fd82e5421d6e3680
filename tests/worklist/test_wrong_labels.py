"""What a review finds, and how it bends the figures, where the truth behind the labels is known."""

import numpy as np
import pandas as pd
import pytest

from xraykit.config import Rule
from xraykit.evaluation import DecisionRule, macro_roc_auc
from xraykit.worklist import apply_corrections, disagreements, read_corrections

LABELS = tuple(f"Finding {number}" for number in range(6))
SIZE, VALIDATION = 6000, 3000


@pytest.fixture(scope="module")
def noisy():
    """Predictions whose labels miss one positive in ten and make up as many; and which labels are wrong."""
    drawn, size = np.random.default_rng(0), SIZE + VALIDATION
    prevalence = np.geomspace(0.01, 0.2, len(LABELS))
    truth = (drawn.random((size, len(LABELS))) < prevalence) * 1.0
    logits = 1.9 * truth - 3 + drawn.normal(size=truth.shape)
    wrong = drawn.random(truth.shape) < np.where(truth == 1, 0.1, 0.1 * prevalence)
    given = np.where(wrong, 1 - truth, truth)
    rules = dict.fromkeys(LABELS, Rule("youden"))
    decision_rule = DecisionRule.fit(
        given[SIZE:],
        logits[SIZE:],
        LABELS,
        method="platt",
        rules=rules,
        fitted_on="validation",
        patients=np.arange(VALIDATION),
        min_patients=1,
    )
    columns = {"image": [f"{number}.png" for number in range(SIZE)], "part": "test"}
    probabilities = decision_rule.probabilities(logits[:SIZE])
    for at, label in enumerate(LABELS):
        columns |= {label: given[:SIZE, at], f"{label}_probability": probabilities[:, at]}
    return pd.DataFrame(columns), decision_rule, truth[:SIZE], wrong[:SIZE]


def reviewed_by_someone_who_knows(noisy, limit, path):
    """The worklist filled in with the truth, and which of its cases have a wrong label."""
    predictions, decision_rule, truth, wrong = noisy
    cases = disagreements(predictions, decision_rule.thresholds, LABELS, limit)
    places = [
        (int(image[:-4]), LABELS.index(label)) for image, label in zip(cases["image"], cases["label"], strict=True)
    ]
    cases["corrected"] = [str(int(truth[place])) for place in places]
    cases.to_csv(path, index=False)
    return read_corrections(path, predictions, LABELS), np.array([wrong[place] for place in places])


def macro(predictions, targets):
    return macro_roc_auc(targets, predictions[[f"{label}_probability" for label in LABELS]].to_numpy())


def test_wrong_labels_are_far_more_frequent_on_the_list_than_elsewhere(noisy, tmp_path):
    _, listed = reviewed_by_someone_who_knows(noisy, 60, tmp_path / "reviewed.csv")
    assert listed.mean() > 15 * noisy[3].mean()


def test_a_review_of_disagreements_alone_makes_the_model_look_better_than_it_is(noisy, tmp_path):
    predictions, _, truth, _ = noisy
    corrections, _ = reviewed_by_someone_who_knows(noisy, 10_000, tmp_path / "reviewed.csv")
    corrected = apply_corrections(predictions, corrections)[list(LABELS)].to_numpy()
    # Even a reviewer without fault, who saw every disagreement: what remains wrong is where both agree.
    assert macro(predictions, corrected) > macro(predictions, truth) + 0.001
    assert macro(predictions, truth) > macro(predictions, predictions[list(LABELS)].to_numpy())
