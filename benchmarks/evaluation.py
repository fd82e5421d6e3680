"""How fast the intervals come, and how often they hold; prints Markdown tables.

    python benchmarks/evaluation.py [bootstrap] [coverage] [counts]

bootstrap  1,000 resamples of the patients, all figures of 14 labels on 25,596 cases, beside a loop over scikit-learn.
coverage   How many of the 95 % intervals hold the true value, on made-up patients with several radiographs each.
counts     The same of shares, likelihood ratios, gaps between groups, calibration and heat maps (coverage_counts.py).

All keep to one core.
"""

import math
import os
import sys
import time
from statistics import NormalDist

import numpy as np
from coverage_counts import counts
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from xraykit.evaluation import delong_interval
from xraykit.evaluation.bootstrap import FIGURES, resampled_figures
from xraykit.evaluation.intervals import percentile_interval
from xraykit.evaluation.ranking import resampled_rankings
from xraykit.evaluation.resampling import patient_codes, patients_of_rarer_class
from xraykit.evaluation.shares import share_interval

# The official test part of ChestX-ray14 in size and, about, in prevalence; Hernia is the last.
CASES, PATIENTS = 25_596, 2_797
PREVALENCE = [0.128, 0.042, 0.182, 0.239, 0.068, 0.063, 0.022, 0.104, 0.071, 0.036, 0.043, 0.017, 0.045, 0.0034]
RESAMPLES = 1_000
LOOPED = 5

REPETITIONS = 500
# Patients, share of the ill, and share of the scores' variance that lies between patients.
SETTINGS = [(150, 0.2, 0.5), (600, 0.2, 0.5), (600, 0.2, 0.0), (300, 0.04, 0.5), (1_000, 0.02, 0.5)]
DISTANCE, THRESHOLD = 1.2, 0.5  # in standard deviations of the scores of either class
AUC, SENSITIVITY = NormalDist().cdf(DISTANCE / math.sqrt(2)), NormalDist().cdf(DISTANCE - THRESHOLD)


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in sys.argv[1:] or ["bootstrap", "coverage", "counts"]:
        {"bootstrap": bootstrap, "coverage": coverage, "counts": counts}[name]()


def bootstrap() -> None:
    generator = np.random.default_rng(0)
    patients = np.append(np.arange(PATIENTS), generator.integers(PATIENTS, size=CASES - PATIENTS))
    y = (generator.random((CASES, len(PREVALENCE))) < PREVALENCE).astype(float)
    # In single precision, as a network gives them; rounded in every second label, so that there are ties.
    p = (1 / (1 + np.exp(2 - generator.normal(y)))).astype(np.float32).astype(float)
    p[:, ::2] = p[:, ::2].round(3)
    thresholds = np.quantile(p, 0.8, axis=0).tolist()
    codes = patient_codes(patients, CASES)

    began = time.perf_counter()
    values = resampled_figures(y, p, codes, thresholds, RESAMPLES, 0)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    expected = looped(y, p, codes, thresholds)
    theirs = (time.perf_counter() - began) * RESAMPLES / LOOPED

    difference = np.max(np.abs(values[:, :, :LOOPED] - expected))
    print(f"{RESAMPLES:,} resamples of {PATIENTS:,} patients with {CASES:,} radiographs, {len(PREVALENCE)} labels, ")
    print(f"{len(FIGURES)} figures ({', '.join(FIGURES)}), one core.\n")
    print("| | seconds | |\n|---|---:|---|")
    print(f"| `xraykit.evaluation` | {ours:.1f} | {theirs / ours:.0f} times as fast |")
    print(f"| loop over scikit-learn | {theirs:.0f} | {LOOPED} resamples measured, scaled |")
    print(f"\nLargest difference in those {LOOPED} resamples: {difference:.1e}.\n")


def looped(y, p, codes, thresholds):
    """``FIGURES`` of the first resamples by scikit-learn, on the copied cases."""
    cases_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    draws = np.random.default_rng(0).integers(PATIENTS, size=(LOOPED, PATIENTS))
    values = np.empty((len(FIGURES), len(thresholds), LOOPED))
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([cases_of[patient] for patient in drawn])
        for label, threshold in enumerate(thresholds):
            truth, scores = y[cases, label], p[cases, label]
            precision, recall, f1, _ = precision_recall_fscore_support(truth, scores >= threshold)
            auc, ap = roc_auc_score(truth, scores), average_precision_score(truth, scores)
            brier = brier_score_loss(truth, scores)
            # In the order of FIGURES; what is recall of the negatives is specificity, and so on.
            values[:, label, resample] = auc, ap, recall[1], recall[0], precision[1], precision[0], f1[1], brier
    return values


def coverage() -> None:
    """Scores are normal, so that the true ROC AUC and sensitivity are known in closed form."""
    error = 100 * math.sqrt(0.95 * 0.05 / REPETITIONS)
    print(f"Share of 95 % intervals that hold the true value (ROC AUC {AUC:.3f}, sensitivity {SENSITIVITY:.3f}, no ")
    print(f"difference between two models) in {REPETITIONS} repetitions of {RESAMPLES:,} resamples; Monte-Carlo error ")
    print(f"{error:.1f} points. A patient has 1 to 8 radiographs; 'alike' is the share of the scores' variance that ")
    print("lies between patients.\n")
    print(
        "| patients | ill | alike | ROC AUC | by plain percentiles | by DeLong | sensitivity | difference of ROC AUCs |"
    )
    print("|---:" * 8 + "|")
    for patients, ill, alike in SETTINGS:
        held = np.mean([holds(patients, ill, alike, seed) for seed in range(REPETITIONS)], axis=0)
        shares = " | ".join(f"{share:.1%}" for share in held)
        print(f"| {patients:,} | {ill:.0%} | {alike:.0%} | {shares} |", flush=True)
    print()


def holds(patients: int, ill: float, alike: float, seed: int) -> list[bool]:
    """Whether each interval of one made-up test part holds the true value."""
    y, first, second, of = made_up(patients, ill, alike, np.random.default_rng(seed))
    figures = resampled_figures(y[:, None], first[:, None], of, [THRESHOLD], RESAMPLES, seed)[:, 0]
    roc_auc = figures[FIGURES.index("roc_auc")]
    gain = resampled_rankings(y[:, None], second[:, None], of, RESAMPLES, seed)[0, 0] - roc_auc
    number = patients_of_rarer_class(y, of)
    pairs = [
        (AUC, percentile_interval(roc_auc, number)),
        (AUC, np.nanpercentile(roc_auc, [2.5, 97.5])),
        (AUC, delong_interval(y, first)),
        (SENSITIVITY, share_interval((first >= THRESHOLD) & (y == 1), y == 1, of)),
        (0, percentile_interval(gain, number)),
    ]
    return [interval is not None and interval[0] <= truth <= interval[1] for truth, interval in pairs]


def made_up(patients: int, ill: float, alike: float, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Labels, scores of two equally good models, and each radiograph's patient."""
    of = np.repeat(np.arange(patients), generator.integers(1, 9, size=patients))
    # Those who are ill show the finding in most of their radiographs.
    y = ((generator.random(patients) < ill)[of] & (generator.random(len(of)) < 0.75)).astype(float)
    common = DISTANCE * y + math.sqrt(alike) * generator.normal(size=patients)[of]
    first, second = common + math.sqrt(1 - alike) * generator.normal(size=(2, len(of)))
    return y, first, second, of


if __name__ == "__main__":
    main()
