"""How much too good calibration and thresholds look on the validation part that also chose the epoch and the trial.

    python benchmarks/selection_optimism.py

A simulation: 14 findings; in each of several epochs of several trials the network's logits are a signal plus noise,
and the noise of two epochs is alike (correlation 0.7). The epoch with the highest macro ROC AUC of the validation part
is chosen, Platt scaling and the threshold for a sensitivity of at least 0.9 are fitted, and all is measured on
another 20,000 radiographs. All epochs are equally good: the less they differ, the more chance chooses. Three ways to
fit and to measure on the validation part are compared: on the part itself (`in sample`), by five-fold cross-fitting of
its patients (`evaluation.cross_fitting`), and on the half that was held out from the choice
(`training.held_out_share`). Prints Markdown; some minutes on one core.
"""

import sys
from collections import defaultdict

import numpy as np

from xraykit.config import Rule
from xraykit.evaluation import Calibration, OperatingPoint, at_threshold, brier_score, macro_roc_auc, roc_auc
from xraykit.evaluation.decisions.cross_fitting import LabelRule, NotFitted, cross_fitted, fit_label

FINDINGS, TEST = 14, 20_000
PREVALENCE = np.geomspace(0.02, 0.25, FINDINGS)
DISTANCE, ALIKE = 1.1, 0.7  # of the means of positives and negatives: a ROC AUC of 0.78
RULE = Rule("sensitivity", 0.9)
NOTHING = LabelRule(Calibration(), OperatingPoint(RULE, None))


def logits_of(truth, candidates, random):
    """Logits ``(candidates, n, L)`` of equally good networks."""
    shared = random.normal(size=truth.shape)
    own = random.normal(size=(candidates, *truth.shape))
    return DISTANCE * truth + np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own


def macro_roc_aucs(y, logits):
    """Macro ROC AUC of each candidate ``(candidates,)``, from the ranks of the positives; no two logits are equal."""
    ranks = np.empty(logits.shape, np.int64)
    np.put_along_axis(ranks, np.argsort(logits, axis=1), np.arange(1, len(y) + 1)[None, :, None], axis=1)
    positives = y.sum(axis=0)
    with np.errstate(invalid="ignore"):
        areas = ((ranks * y).sum(axis=1) - positives * (positives + 1) / 2) / (positives * (len(y) - positives))
    return np.nanmean(areas, axis=1)


def measured(y, p, calls):
    """ROC AUC, Brier score, sensitivity and specificity of one label."""
    shares = at_threshold(y, calls, 0.5) if not np.isnan(calls).any() else {"sensitivity": None, "specificity": None}
    return {"brier": brier_score(y, p), "sensitivity": shares["sensitivity"], "specificity": shares["specificity"]}


def one_round(size, candidates, seed):
    """Figures on the validation part minus those on the test part, for each way."""
    random = np.random.default_rng(seed)
    truth = (random.random((size + TEST, FINDINGS)) < PREVALENCE).astype(float)
    patients, y, unseen = np.arange(size), truth[:size], truth[size:]
    # As all candidates are equally good, any of them stands for the chosen one where nothing was chosen.
    logits, [new] = logits_of(y, candidates, random), logits_of(unseen, 1, random)
    half = random.permutation(size) < size // 2
    differences = defaultdict(list)
    for way, choosing, fitting in (("in sample", slice(None), slice(None)), ("held-out half", half, ~half)):
        chosen = int(np.argmax(macro_roc_aucs(y[choosing], logits[:, choosing])))
        x = logits[chosen]
        if way == "in sample":
            differences["auc"].append(macro_roc_auc(y, x) - macro_roc_auc(unseen, new))
        for label in range(FINDINGS):
            at, seen = y[fitting, label], x[fitting, label]
            fitted = fit_label(at, seen, "platt", RULE)
            if isinstance(fitted, NotFitted) or min(at.sum(), (1 - at).sum()) < 10:
                continue
            true = measured(unseen[:, label], fitted.probabilities(new[:, label]), fitted.calls(new[:, label]))
            here = {way: measured(at, fitted.probabilities(seen), fitted.calls(seen))}
            if way == "in sample":
                p, calls, _ = cross_fitted(at, seen, patients, NOTHING, "platt", RULE, folds=5, seed=seed)
                here["cross-fitted"] = measured(at, p, calls)
                differences["ranked"].append(roc_auc(at, seen) - roc_auc(unseen[:, label], new[:, label]))
            differences[f"{way}: reached"].append(true["sensitivity"])
            for name, figures in here.items():
                for figure, value in figures.items():
                    if value is not None:
                        differences[f"{name}: {figure}"].append(value - true[figure])
    return differences


def row(size, candidates, rounds):
    """One line of the table."""
    collected = defaultdict(list)
    for seed in range(rounds):
        for name, values in one_round(size, candidates, seed).items():
            collected[name] += values
    mean = {name: float(np.mean(values)) for name, values in collected.items()}
    cells = [f"{mean['auc']:+.3f}"]
    for way in ("in sample", "cross-fitted", "held-out half"):
        cells += [f"{mean[f'{way}: sensitivity']:+.3f}", f"{mean[f'{way}: brier']:+.4f}"]
    cells += [f"{mean[f'{way}: reached']:.3f}" for way in ("in sample", "held-out half")]
    return f"| {size:,} | {candidates} | {' | '.join(cells)} |"


def main(rounds: int = 20) -> None:
    print("Validation minus truth. Target: sensitivity >= 0.9 on the radiographs that were fitted on.\n")
    print(
        "| validation patients | epochs × trials | macro ROC AUC | sens., in sample | Brier, in sample | sens., "
        "cross-fitted | Brier, cross-fitted | sens., held-out half | Brier, held-out half | true sens., in sample | "
        "true sens., held-out half |"
    )
    print("|---:" * 11 + "|")
    for size in (300, 1000, 4000):
        for candidates in (1, 20, 200):
            print(row(size, candidates, rounds), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20)
