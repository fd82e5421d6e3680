"""How many of a worklist's cases have a wrong label, and how reviewing them favours the model; prints a Markdown table.

    python benchmarks/worklist.py

A simulation of NIH's size: 25,596 radiographs, 14 findings, one positive in ten given as absent, a fifth as many made
up. The reviews are without a fault. One core, seconds.
"""

import numpy as np
import pandas as pd

from xraykit.config import Rule
from xraykit.evaluation import DecisionRule, roc_auc
from xraykit.worklist import disagreements

TEST, VALIDATION, FINDINGS = 25_596, 11_000, 14
PREVALENCE = np.geomspace(0.002, 0.18, FINDINGS)
MISSED, MADE_UP = 0.1, 0.02  # shares: of the positives; of the negatives, as a multiple of the prevalence
DISTANCE = 1.9  # of positives and negatives, in standard deviations of the logit
LABELS = [f"finding {number}" for number in range(FINDINGS)]


def main() -> None:
    random = np.random.default_rng(0)
    everybody = (TEST + VALIDATION, FINDINGS)
    truth = (random.random(everybody) < PREVALENCE).astype(float)
    logits = DISTANCE * truth - 3 + random.normal(size=everybody)
    wrong = random.random(everybody) < np.where(truth == 1, MISSED, MADE_UP * PREVALENCE)
    given = np.where(wrong, 1 - truth, truth)
    rules = dict.fromkeys(LABELS, Rule("youden"))
    decision_rule = DecisionRule.fit(
        given[TEST:],
        logits[TEST:],
        LABELS,
        method="platt",
        rules=rules,
        fitted_on="a simulated validation part",
        patients=np.arange(VALIDATION),
        min_patients=10,
    )
    truth, given, wrong, p = truth[:TEST], given[:TEST], wrong[:TEST], decision_rule.probabilities(logits[:TEST])
    table: dict[str, object] = {"image": [f"{row}.png" for row in range(TEST)], "part": "test"}
    for at, label in enumerate(LABELS):
        table |= {label: given[:, at], f"{label}_probability": p[:, at]}
    predictions = pd.DataFrame(table)
    print(f"Wrong labels: {100 * wrong.mean():.1f} % of all. Macro ROC AUC: {macro(given, p):.3f} with the labels as ")
    print(f"given, {macro(truth, p):.3f} with the true ones.\n")
    print("| cases reviewed | wrong among them | macro ROC AUC with them corrected |\n|---:|---:|---:|")
    for limit in (60, 600, 6_000):
        cases = disagreements(predictions, decision_rule.thresholds, LABELS, limit)
        rows = cases["image"].str[:-4].astype(int).to_numpy()
        columns = np.array([LABELS.index(label) for label in cases["label"]])
        corrected = given.copy()
        corrected[rows, columns] = truth[rows, columns]
        print(f"| {len(cases):,} | {100 * wrong[rows, columns].mean():.0f} % | {macro(corrected, p):.3f} |")


def macro(y: np.ndarray, p: np.ndarray) -> float:
    return float(np.mean([roc_auc(y[:, at], p[:, at]) for at in range(FINDINGS)]))


if __name__ == "__main__":
    main()
