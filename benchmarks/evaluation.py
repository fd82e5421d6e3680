"""How fast the intervals come, and how often they hold; prints Markdown tables.

    python benchmarks/evaluation.py [bootstrap] [coverage] [PART ...]

bootstrap  1,000 resamples of the patients, all figures of 14 labels on 25,596 cases, beside a loop over scikit-learn.
coverage   How many of the 95 % intervals hold the true value, on made-up patients with several radiographs each. Its
           parts can be named alone: roc_auc, odd_scores, separated, paired, precision, macro and tests
           (coverage_ranks.py), and counts: shares, likelihood ratios, gaps between groups, calibration and heat maps
           (coverage_counts.py).

All keep to one core.
"""

import os
import sys
import time

import coverage_ranks
import numpy as np
from coverage_counts import counts
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

from xraykit.evaluation import bootstrap_intervals
from xraykit.evaluation.bootstrap import resampled_metrics
from xraykit.evaluation.metric_table import averaged
from xraykit.evaluation.statistics.resampling import patient_codes

# The official test part of ChestX-ray14 in size and, about, in prevalence; Hernia is the last.
CASES, PATIENTS = 25_596, 2_797
PREVALENCE = [0.128, 0.042, 0.182, 0.239, 0.068, 0.063, 0.022, 0.104, 0.071, 0.036, 0.043, 0.017, 0.045, 0.0034]
RESAMPLES = 1_000
LOOPED = 5

# Parts of the coverage, which can be run by name too; those of another kind of figure are added here.
COVERAGE = {**coverage_ranks.PARTS, "counts": counts}


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in sys.argv[1:] or ["bootstrap", "coverage"]:
        {"bootstrap": bootstrap, "coverage": coverage, **COVERAGE}[name]()


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
    values = resampled_metrics(y, p, codes, thresholds, RESAMPLES, 0)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    names = [str(at) for at in range(len(PREVALENCE))]
    bootstrap_intervals(y, p, codes, names, RESAMPLES, 0, dict(zip(names, thresholds, strict=True)))
    whole = time.perf_counter() - began
    began = time.perf_counter()
    expected = looped(y, p, codes, thresholds)
    theirs = (time.perf_counter() - began) * RESAMPLES / LOOPED

    difference = max(np.max(np.abs(values[name][:, :LOOPED] - expected[name])) for name in values)
    print(f"{RESAMPLES:,} resamples of {PATIENTS:,} patients with {CASES:,} radiographs, {len(PREVALENCE)} labels, ")
    print(f"{len(values)} metrics ({', '.join(values)}), one core.\n")
    print("| | seconds | |\n|---|---:|---|")
    print(f"| `xraykit.evaluation` | {ours:.1f} | {theirs / ours:.0f} times as fast |")
    print(f"| `xraykit.evaluation`, with all intervals of labels and macro means | {whole:.1f} | |")
    print(f"| loop over scikit-learn | {theirs:.0f} | {LOOPED} resamples measured, scaled |")
    print(f"\nLargest difference in those {LOOPED} resamples: {difference:.1e}.\n")


def looped(y, p, codes, thresholds):
    """All metrics of the first resamples by scikit-learn, on the copied cases."""
    cases_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    draws = np.random.default_rng(0).integers(PATIENTS, size=(LOOPED, PATIENTS))
    values = {metric.name: np.empty((len(thresholds), LOOPED)) for metric in averaged()}
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([cases_of[patient] for patient in drawn])
        for label, threshold in enumerate(thresholds):
            truth, scores = y[cases, label], p[cases, label]
            precision, recall, f1, _ = precision_recall_fscore_support(truth, scores >= threshold)
            auc, ap = roc_auc_score(truth, scores), average_precision_score(truth, scores)
            brier = brier_score_loss(truth, scores)
            # What is recall of the negatives is specificity, and so on.
            found = {
                "roc_auc": auc,
                "average_precision": ap,
                "sensitivity": recall[1],
                "specificity": recall[0],
                "precision": precision[1],
                "npv": precision[0],
                "f1": f1[1],
                "balanced_accuracy": balanced_accuracy_score(truth, scores >= threshold),
                "matthews_correlation": matthews_corrcoef(truth, scores >= threshold),
                "brier": brier,
            }
            for name, value in found.items():
                values[name][label, resample] = value
    return values


def coverage() -> None:
    for part in COVERAGE.values():
        part()


if __name__ == "__main__":
    main()
