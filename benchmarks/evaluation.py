"""How fast the intervals come, and how often they hold; prints Markdown tables.

    python benchmarks/evaluation.py [speed] [bootstrap] [coverage] [PART ...]

speed      All metrics of a test part (`assess`), with subgroups by sex, age and view position: 25,596, 100,000 and
           400,000 cases, 14 labels, 1,000 resamples, each in a process of its own on at most two cores. Seconds and
           MiB. Numbers after the word are other numbers of cases.
bootstrap  1,000 resamples of the patients, all figures of 14 labels on 25,596 cases, beside a loop over scikit-learn.
coverage   How many of the 95 % intervals hold the true value, on made-up patients with several radiographs each. Its
           parts can be named alone: roc_auc, odd_scores, separated, paired, precision, macro and tests
           (coverage_ranks.py), and counts: shares, likelihood ratios, gaps between groups, calibration and heat maps
           (coverage_counts.py).

The other parts keep to one core.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import coverage_ranks
import numpy as np
import pandas as pd
from coverage_counts import counts
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
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


SIZES = (CASES, 100_000, 400_000)


def main() -> None:
    names = sys.argv[1:] or ["speed", "bootstrap", "coverage"]
    if names[0] == "measure":
        print(*measured(int(names[1])))
        return
    if names[0] == "speed":
        sizes = [int(name.replace(",", "")) for name in names[1:] if name[0].isdigit()]
        speed(sizes or list(SIZES))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in names:
        if name != "speed" and not name[0].isdigit():
            {"bootstrap": bootstrap, "coverage": coverage, **COVERAGE}[name]()


def speed(sizes: list[int]) -> None:
    """Seconds and MiB of all metrics of a test part, as Markdown."""
    print("| cases | patients | seconds | of it processor | times the first | times the cases | MiB beyond the table |")
    print("|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    first = None
    for cases in sizes:
        done = subprocess.run(
            [sys.executable, __file__, "measure", str(cases)], check=True, stdout=subprocess.PIPE, text=True
        )
        seconds, processor, memory = map(float, done.stdout.split())
        first = first or seconds
        print(
            f"| {cases:,} | {patients_of(cases):,} | {seconds:.1f} | {processor:.1f} | {seconds / first:.1f} "
            f"| {cases / sizes[0]:.1f} | {memory:,.0f} |",
            flush=True,
        )


def patients_of(cases: int) -> int:
    """As many radiographs per patient as in the official test part."""
    return round(cases * PATIENTS / CASES)


def measured(cases: int) -> tuple[float, float, float]:
    """Seconds, processor's seconds and MiB of ``assess`` on so many cases, in this process."""
    from xraykit.config import Evaluation, Rule, SplitRecord
    from xraykit.evaluation import DecisionRule
    from xraykit.evaluation.predictions import assess

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    labels = [f"label {number}" for number in range(len(PREVALENCE))]
    table = simulated_part(cases, patients_of(cases), labels, 0)
    known = simulated_part(2_000, 400, labels, 1)
    rule = DecisionRule.fit(
        known[labels].to_numpy(),
        known[[f"{label}_logit" for label in labels]].to_numpy(),
        labels,
        method="platt",
        rules=dict.fromkeys(labels, Rule.parse("youden")),
        fitted_on="the validation part",
        patients=known["patient"].to_numpy(),
        min_patients=2,
    )
    split, settings = SplitRecord.read("by patient 70/10/20, seed 7"), Evaluation(resamples=RESAMPLES)
    # What is imported at the first call is no part of the metrics.
    assess(known, rule, Evaluation(resamples=0), split, seed=0)
    before, began, processor = _peak(), time.perf_counter(), time.process_time()
    assess(table, rule, settings, split, seed=0)
    return time.perf_counter() - began, time.process_time() - processor, _peak() - before


def simulated_part(cases: int, patients: int, labels: list[str], seed: int) -> pd.DataFrame:
    """A table of predictions of a test part."""
    generator = np.random.default_rng(seed)
    numbers = np.append(np.arange(patients), generator.integers(patients, size=cases - patients))
    y = (generator.random((cases, len(labels))) < PREVALENCE).astype(float)
    logits = (generator.normal(y) - 2).astype(np.float32).astype(float)
    logits[:, ::2] = logits[:, ::2].round(2)
    columns = {"image": [f"{at}.png" for at in range(cases)], "patient": [f"p{number:07d}" for number in numbers]}
    columns |= {
        "part": "test",
        "sex": generator.choice(["F", "M"], cases),
        "view": generator.choice(["PA", "AP"], cases),
    }
    columns |= {"age": generator.integers(1, 95, cases).astype(float)}
    for at, label in enumerate(labels):
        columns |= {label: y[:, at], f"{label}_logit": logits[:, at]}
    return pd.DataFrame(columns)


def _peak() -> float:
    """MiB that this process took at most."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


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
    values = {metric.name: np.empty((len(thresholds), LOOPED)) for metric in averaged() if metric.name != "roc_auc"}
    for resample, drawn in enumerate(draws):
        cases = np.concatenate([cases_of[patient] for patient in drawn])
        for label, threshold in enumerate(thresholds):
            truth, scores = y[cases, label], p[cases, label]
            precision, recall, f1, _ = precision_recall_fscore_support(truth, scores >= threshold)
            ap = average_precision_score(truth, scores)
            brier = brier_score_loss(truth, scores)
            # What is recall of the negatives is specificity, and so on.
            found = {
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
