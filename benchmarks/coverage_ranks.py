"""How often the intervals of ranking metrics hold, and how often equal models are called different.

Parts of ``benchmarks/evaluation.py coverage``. Scores are normal unless said otherwise, so that the true values are
known. A patient with the finding shows it in three of four radiographs, and in one at least; 'alike' is the share of
the scores' variance that lies between patients.
"""

import math
from statistics import NormalDist

import numpy as np
from scipy.stats import norm

from xraykit.evaluation import Predictions, bootstrap_intervals, delong_comparison, holm, paired_differences
from xraykit.evaluation.statistics.resampling import number_of_patients, resampled
from xraykit.evaluation.statistics.roc_auc_intervals import roc_auc_difference_interval, roc_auc_interval

POSITIVES = (2, 3, 4, 5, 8, 10, 12, 20, 50)
AUCS = (0.6, 0.75, 0.9, 0.97)
PAIRS = ((0.75, 0.75), (0.75, 0.9), (0.9, 0.9), (0.9, 0.97), (0.97, 0.97))
# Most radiographs of a patient, how alike, patients without the finding.
CLUSTERS = ((1, 0.0, 200), (8, 0.0, 100), (8, 0.5, 100), (8, 0.9, 100))
HEAVY = 60  # most radiographs of a patient, where most have one and few have many
QUANTILE = NormalDist().inv_cdf


def roc_auc(repetitions: int = 1000) -> None:
    """ROC AUC, by number of positive patients."""
    _title(
        "ROC AUC", repetitions, "Lowest of four: one radiograph per patient, and 1 to 8 that are 0, 50 and 90 % alike"
    )
    print(
        "| positive patients |"
        + "".join(f" AUC {auc} |" for auc in AUCS)
        + " mean width at 0.75 |\n"
        + "|---:" * 6
        + "|"
    )
    for positives in POSITIVES:
        cells, widths = [], []
        for auc in AUCS:
            found = [_auc(repetitions, positives, auc, *cluster) for cluster in CLUSTERS]
            cells.append(f" {min(each[0] for each in found):.1%} |")
            if auc == 0.75:
                widths = [each[1] for each in found]
        print(f"| {positives} |{''.join(cells)} {min(widths):.2f} to {max(widths):.2f} |", flush=True)
    print()


def odd_scores(repetitions: int = 500) -> None:
    """ROC AUC where scores are not those that the method was made for."""
    _title(
        "ROC AUC, other scores",
        repetitions,
        "Lowest of AUC 0.75 and 0.9, each with one radiograph and with 1 to 8, 90 % alike",
    )
    kinds = {
        "ties (scores rounded to halves)": {"step": 0.5},
        "positives spread twice as far": {"spread": 2.0},
        "positives spread half as far": {"spread": 0.5},
        "half of the positive patients obvious": {"mixed": True},
        "few patients with up to 60 radiographs": {"most": HEAVY},
    }
    print("| scores |" + "".join(f" {each} |" for each in (3, 5, 10, 20, 50)) + "\n|---" + "|---:" * 5 + "|")
    for name, kind in kinds.items():
        most = kind.pop("most", 8)
        cells = [
            min(
                _auc(repetitions, positives, auc, *cluster, **kind)[0]
                for auc in (0.75, 0.9)
                for cluster in ((1 if most == 8 else most, 0.5, 100), (most, 0.9, 100))
            )
            for positives in (3, 5, 10, 20, 50)
        ]
        print(f"| {name} |" + "".join(f" {each:.1%} |" for each in cells), flush=True)
    print()


def separated(repetitions: int = 2000) -> None:
    """ROC AUC of samples that are separated without a fault."""
    _title(
        "Perfect separation",
        repetitions,
        "Samples from AUC 0.97 in which all positives rank above all negatives: share of them, and how many of their "
        "intervals hold 0.97. Percentiles of resamples are [1, 1] here: none would",
    )
    print("| positive patients | perfectly separated | held |\n" + "|---:" * 3 + "|")
    for positives in (2, 3, 4, 5, 8):
        held = []
        for seed in range(repetitions):
            y, p, of = made_up(positives, 0.97, 1, 0, 30, np.random.default_rng([seed, positives]))
            if p[y == 1].min() > p[y == 0].max():
                low, high = roc_auc_interval(y, p, of).interval or (1, 1)
                held.append(low <= 0.97 <= high)
        print(
            f"| {positives} | {len(held) / repetitions:.1%} | {np.mean(held) if held else math.nan:.1%} |", flush=True
        )
    print()


def paired(repetitions: int = 300) -> None:
    """Difference of two ROC AUCs on the same radiographs."""
    _title(
        "Paired difference of two ROC AUCs",
        repetitions,
        "Lowest of one radiograph and 1 to 8 that are 50 and 90 % alike, half or 90 % of the scores' variance shared "
        "by the models",
    )
    print("| positive patients |" + "".join(f" {one} and {two} |" for one, two in PAIRS) + "\n" + "|---:" * 6 + "|")
    for positives in POSITIVES:
        cells = [
            min(
                _paired(repetitions, positives, pair, cluster, shared)
                for cluster in (CLUSTERS[0], *CLUSTERS[2:])
                for shared in (0.5, 0.9)
            )
            for pair in PAIRS
        ]
        print(f"| {positives} |" + "".join(f" {each:.1%} |" for each in cells), flush=True)
    print()


def precision(repetitions: int = 100) -> None:
    """Average precision and its paired difference; fewer patients give no interval."""
    _title(
        "Average precision, 400 resamples",
        repetitions,
        "Lowest of one radiograph and 1 to 8 that are 50 and 90 % alike; in brackets the difference to a second model "
        "with ROC AUC 0.75, half of the variance shared; fewer than 10 patients give no interval",
    )
    print("| positive patients |" + "".join(f" ROC AUC {auc} |" for auc in AUCS) + "\n" + "|---:" * 5 + "|")
    for positives in (10, 12, 20, 50):
        cells = []
        for auc in AUCS:
            found = [_precision(repetitions, positives, auc, cluster) for cluster in (CLUSTERS[0], *CLUSTERS[2:])]
            cells.append(f" {min(each[0] for each in found):.1%} ({min(each[1] for each in found):.1%}) |")
        print(f"| {positives} |{''.join(cells)}", flush=True)
    print()


def macro(repetitions: int = 150) -> None:
    """Macro means of ROC AUC and sensitivity."""
    _title(
        "Macro means of 14 labels, 400 patients",
        repetitions,
        "1 to 4 radiographs, 50 % alike, 200 resamples. By the old rule: percentiles as wide as for the most frequent "
        "label",
    )
    print(
        "| positive patients of the labels | macro ROC AUC | old rule | macro sensitivity |\n|---" + "|---:" * 3 + "|"
    )
    for name, positives, auc, shared in (
        ("150, and 13 labels of 2", [150] + [2] * 13, 0.75, False),
        ("150, and 13 labels of 3", [150] + [3] * 13, 0.75, False),
        ("150, and 13 labels of 5, ROC AUC 0.9", [150] + [5] * 13, 0.9, False),
        ("150, and 13 labels of the same 3 patients", [150] + [3] * 13, 0.75, True),
        ("150, and 13 labels of 2 to 12", [150, 2, 2, 3, 3, 4, 4, 5, 5, 6, 8, 8, 10, 12], 0.75, False),
        ("14 labels of 20", [20] * 14, 0.75, False),
        ("14 labels of 100", [100] * 14, 0.75, False),
    ):
        held = np.mean([_macro(positives, auc, shared, seed) for seed in range(repetitions)], axis=0)
        print(f"| {name} |" + "".join(f" {each:.1%} |" for each in held), flush=True)
    print()


def equal_models(repetitions: int = 200) -> None:
    """Family-wise error of Holm-adjusted p values."""
    _title(
        "Equal models called different",
        repetitions,
        "14 labels with 12 to 90 positive patients of 300, adjusted by Holm; radiographs 50 % alike, half of the "
        "variance shared by the models. Share of comparisons with any p below 0.05: should be at most 5 %",
    )
    print("| radiographs per patient | over patients (shipped) | DeLong's, over radiographs |\n" + "|---:" * 3 + "|")
    for radiographs in (1, 2, 4):
        found = np.mean([_tests(radiographs, seed) for seed in range(repetitions)], axis=0)
        print(f"| {radiographs} | {found[0]:.1%} | {found[1]:.1%} |", flush=True)
    print()


PARTS = {
    "roc_auc": roc_auc,
    "odd_scores": odd_scores,
    "separated": separated,
    "paired": paired,
    "precision": precision,
    "macro": macro,
    "tests": equal_models,
}


def made_up(positives, auc, most, alike, negatives, generator, *, step=0.0, spread=1.0, mixed=False):
    """Labels, scores and each radiograph's patient; the first patients have the finding."""
    y, of = _patients(positives, negatives, most, generator)
    noise = _noise(of, alike, generator)
    if mixed:  # Half of the patients lie 4 standard deviations above the negatives.
        rest = QUANTILE(min(0.999, max(0.001, 2 * auc - norm.cdf(4 / math.sqrt(2))))) * math.sqrt(2)
        return y, noise + y * np.where(generator.random(of.max() + 1) < 0.5, 4, rest)[of], of
    p = np.where(y == 1, QUANTILE(auc) * math.sqrt(1 + spread**2) + spread * noise, noise)
    return y, np.round(p / step) * step if step else p, of


def _patients(positives, negatives, most, generator):
    many = positives + negatives
    if most == HEAVY:
        number = np.minimum((generator.random(many) ** -0.8).astype(int), HEAVY)
    else:
        number = generator.integers(1, most + 1, size=many)
    of = np.repeat(np.arange(many), number)
    y = (of < positives) & (generator.random(len(of)) < 0.75)
    y[np.append(0, np.cumsum(number)[:-1])[:positives]] = True
    return y.astype(float), of


def _noise(of, alike, generator):
    own = generator.normal(size=of.max() + 1)[of]
    return math.sqrt(alike) * own + math.sqrt(1 - alike) * generator.normal(size=len(of))


def _two(of, alike, shared, generator):
    """Noise of two models."""
    same = _noise(of, alike, generator)
    return [math.sqrt(shared) * same + math.sqrt(1 - shared) * _noise(of, alike, generator) for _ in range(2)]


def _holds(interval, truth):
    return interval is not None and interval[0] - 1e-9 <= truth <= interval[1] + 1e-9


def _auc(repetitions, positives, auc, most, alike, negatives, **kind):
    truth = auc
    if kind.get("step"):  # Ties count half, which moves the true value a little.
        y, p, _ = made_up(100_000, auc, 1, 0, 200_000, np.random.default_rng(0), **kind)
        steps, places = np.unique(p, return_inverse=True)
        shares = [np.bincount(places[y == label], minlength=len(steps)) / np.sum(y == label) for label in (0, 1)]
        truth = float(np.sum(shares[1] * (np.cumsum(shares[0]) - shares[0] / 2)))
    held, width = 0, 0.0
    for seed in range(repetitions):
        generator = np.random.default_rng([seed, positives, int(100 * auc), most, int(10 * alike)])
        low, high = roc_auc_interval(*made_up(positives, auc, most, alike, negatives, generator, **kind)).interval
        held, width = held + _holds((low, high), truth), width + high - low
    return held / repetitions, width / repetitions


def _paired(repetitions, positives, pair, cluster, shared):
    most, alike, negatives = cluster
    held = 0
    for seed in range(repetitions):
        generator = np.random.default_rng([seed, positives, int(100 * pair[0]), int(100 * pair[1]), int(10 * alike)])
        y, of = _patients(positives, negatives, most, generator)
        first, second = (
            (y, noise + QUANTILE(auc) * math.sqrt(2) * y)
            for noise, auc in zip(_two(of, alike, shared, generator), pair, strict=True)
        )
        held += _holds(roc_auc_difference_interval(first, second, of).interval, pair[1] - pair[0])
    return held / repetitions


def _precision(repetitions, positives, auc, cluster):
    most, alike, negatives = cluster
    held = np.zeros(2)
    share = 1 if most == 1 else 3.375 + 0.25  # radiographs with the finding of a patient who has it
    prevalence = positives * share / ((positives + negatives) * (1 + most) / 2)
    truths = [_true_precision(each, prevalence) for each in (auc, 0.75)]
    for seed in range(repetitions):
        generator = np.random.default_rng([seed, positives, int(100 * auc), int(10 * alike)])
        y, of = _patients(positives, negatives, most, generator)
        scores = [
            (noise + QUANTILE(each) * math.sqrt(2) * y)[:, None]
            for noise, each in zip(_two(of, alike, 0.5, generator), (auc, 0.75), strict=True)
        ]
        own = bootstrap_intervals(y[:, None], scores[0], of, ["a"], 400, seed)["labels"]["a"]
        runs = [Predictions([str(at) for at in range(len(y))], of, ["a"], y[:, None], each) for each in scores]
        gain = paired_differences(*runs, 400, seed)["labels"]["a"]
        held += [
            _holds(own["average_precision_interval"], truths[0]),
            _holds(gain["average_precision_difference_interval"], truths[1] - truths[0]),
        ]
    return held / repetitions


def _true_precision(auc, prevalence):
    recall = (np.arange(20_000) + 0.5) / 20_000
    cut = norm.isf(recall) + QUANTILE(auc) * math.sqrt(2)
    return float(np.mean(prevalence * recall / (prevalence * recall + (1 - prevalence) * norm.sf(cut))))


def roc_aucs(y, p, codes):
    """ROC AUC of each label as a statistic to resample, NaN without both classes."""

    def statistic(weights):
        values = np.full((y.shape[1], weights.shape[1]), np.nan)
        for row, truth, scores in zip(values, y.T, p.T, strict=True):
            rank = np.unique(scores, return_inverse=True)[1]
            for resample, times in enumerate(weights.T):
                positives = np.bincount(rank, times[codes] * (truth == 1))
                negatives = np.bincount(rank, times[codes] * (truth == 0))
                if positives.any() and negatives.any():
                    beaten = positives @ (np.cumsum(negatives) - negatives / 2)
                    row[resample] = beaten / positives.sum() / negatives.sum()
        return values

    return statistic


def _macro(positives, auc, shared, seed):
    generator = np.random.default_rng([seed, sum(positives)])
    number = generator.integers(1, 5, size=400)
    of, first = np.repeat(np.arange(400), number), np.append(0, np.cumsum(number)[:-1])
    distance, columns = QUANTILE(auc) * math.sqrt(2), []
    for many in positives:
        ill = np.arange(many) if shared else generator.choice(400, many, replace=False)
        y = np.isin(of, ill) & (generator.random(len(of)) < 0.75)
        y[first[ill]] = True
        columns.append((y.astype(float), distance * y + _noise(of, 0.5, generator)))
    y, p = (np.array(each).T for each in zip(*columns, strict=True))
    names = [str(at) for at in range(len(positives))]
    found = bootstrap_intervals(y, p, of, names, 200, seed, dict.fromkeys(names, 0.5))["macro"]
    (values,) = resampled([roc_aucs(y, p, of)], number_of_patients(of), 200, seed)
    old = np.percentile(np.nanmean(values, axis=0), [2.5, 97.5])
    sensitivity = norm.cdf(distance - 0.5)
    return (
        _holds(found["roc_auc_interval"], auc),
        _holds(old, auc),
        _holds(found["sensitivity_interval"], sensitivity),
    )


def _tests(radiographs, seed):
    generator = np.random.default_rng([seed, radiographs])
    of = np.repeat(np.arange(300), radiographs)
    over_patients, over_radiographs, columns = {}, {}, []
    for label, many in enumerate((12, 12, 15, 15, 18, 20, 25, 30, 40, 50, 60, 70, 80, 90)):
        y = np.isin(of, generator.choice(300, many, replace=False)).astype(float)
        columns.append((y, *(noise + y for noise in _two(of, 0.5, 0.5, generator))))
        over_radiographs[label] = delong_comparison(*columns[-1]).p_value
    y, first, second = (np.array(each).T for each in zip(*columns, strict=True))
    names = [str(at) for at in range(len(of))]
    runs = [Predictions(names, of, list(over_radiographs), y, scores) for scores in (first, second)]
    for label, figures in paired_differences(*runs, 0, 0)["labels"].items():
        over_patients[label] = figures["p_value"]
    return tuple(
        min(p for p in holm(each).values() if p is not None) < 0.05 for each in (over_patients, over_radiographs)
    )


def _title(what, repetitions, how):
    error = 100 * math.sqrt(0.95 * 0.05 / repetitions)
    print(f"**{what}**: {repetitions:,} repetitions, Monte-Carlo error {error:.1f} points. {how}.\n")
