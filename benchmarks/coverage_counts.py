"""How often the intervals of shares, of what follows from them, and the verdicts hold; prints Markdown tables.

    python benchmarks/evaluation.py counts

Called by ``benchmarks/evaluation.py``. A patient has 1 to 8 radiographs; 'alike' is the share of the variance of the
scores that lies between patients.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from xraykit.evaluation import (
    adjust_gaps,
    bootstrap_intervals,
    calibration_by_chance,
    calibration_in_the_large,
    expected_calibration_error,
    subgroup_metrics,
)
from xraykit.evaluation.calibration.reliability import brier_interval
from xraykit.evaluation.counts import Counts
from xraykit.evaluation.localisation.intervals import Cases, difference_estimates, mean_estimate
from xraykit.evaluation.metric_table import METRICS, threshold_metrics
from xraykit.evaluation.statistics.contrasts import difference_interval, ratio_interval
from xraykit.evaluation.statistics.intervals import LEAST_RESAMPLES
from xraykit.evaluation.statistics.roc_auc_intervals import roc_auc_difference_interval
from xraykit.evaluation.statistics.shares import share_of

PATIENTS = (2, 3, 5, 10, 20, 50)
AT_THRESHOLD = ("precision", "npv", "f1", "balanced_accuracy", "matthews_correlation")
SHARES = (0.5, 0.7, 0.9, 0.95, 0.98)
ALIKE = (0.0, 0.5, 0.9)
REPETITIONS = 1_000


def counts() -> None:
    """All tables."""
    tables = (shares, at_a_threshold, derived, gaps, roc_auc_gaps, reports, calibration, brier, in_the_large, heat_maps)
    for table in tables:
        table()
        print(flush=True)


def share(patients: int, truth: float, alike: float, generator: np.random.Generator):
    """A share as it is found in so many patients."""
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    scores = math.sqrt(alike) * generator.normal(size=patients)[of] + math.sqrt(1 - alike) * generator.normal(
        size=len(of)
    )
    return share_of(scores < norm.ppf(truth), np.ones(len(of)), of)


def lowest(held: Iterator[float]) -> str:
    """Lowest and mean of several shares of intervals that contain the true value; without intervals, dashes."""
    values = [each for each in held if not math.isnan(each)]
    return f"{min(values):.1%} | {np.mean(values):.1%}" if values else "- | -"


def repeated(once: Callable[..., bool], *of: object, repetitions: int = REPETITIONS) -> float:
    """Share of repetitions in which ``once`` of these arguments and a generator is true."""
    return float(np.mean([once(*of, np.random.default_rng(seed)) for seed in range(repetitions)]))


SETTINGS = [(truth, alike) for truth in SHARES for alike in ALIKE]


def shares() -> None:
    print(f"**Shares** (sensitivity, specificity, PPV, NPV): true shares {SHARES}, alike {ALIKE}, ")
    print(
        f"{REPETITIONS:,} each\n\n| patients | lowest of 15 settings | mean | width at a share of 0.9, alike 0% | 90% |"
    )
    print("|---:" * 5 + "|")
    for patients in PATIENTS:
        held = lowest(repeated(share_holds, patients, *at) for at in SETTINGS)
        widths = [np.mean([width(share(patients, 0.9, alike, np.random.default_rng(seed)).interval())
                           for seed in range(200)]) for alike in (0.0, 0.9)]  # fmt: skip
        print(f"| {patients} | {held} | {widths[0]:.2f} | {widths[1]:.2f} |", flush=True)


def share_holds(patients: int, truth: float, alike: float, generator: np.random.Generator) -> bool:
    return holds(truth, share(patients, truth, alike, generator).interval())


def at_a_threshold(repetitions: int = 400) -> None:
    settings = [
        (distance, cut, alike) for distance, cut in ((1.2, 0.5), (1.2, 2.0), (2.5, 1.2)) for alike in (0.0, 0.9)
    ]
    titles = [METRICS[name].title for name in AT_THRESHOLD]
    print("**Metrics at a threshold**, 6 settings: the finding separated by 1.2 or 2.5 standard deviations, threshold ")
    print(f"0.5 to 2, alike 0 and 0.9; three quarters of an ill patient's radiographs show it; {repetitions} each\n")
    print("| patients with / without |" + "".join(f" {title}: lowest | mean |" for title in titles))
    print("|---:" * (1 + 2 * len(titles)) + "|")
    for ill, healthy in ((2, 20), (3, 50), (5, 50), (10, 100), (20, 100), (50, 300)):
        held = np.array([metrics_hold(ill, healthy, *at, repetitions) for at in settings])
        print(f"| {ill} / {healthy} | {' | '.join(lowest(iter(column)) for column in held.T)} |", flush=True)


def metrics_hold(
    ill: int, healthy: int, distance: float, cut: float, alike: float, repetitions: int
) -> tuple[float, ...]:
    """Share of the intervals of each metric that contain the true value; NaN if there are none."""
    positives, negatives = ill * 0.75, ill * 0.25 + healthy
    tp, fp = positives * norm.sf(cut - distance), negatives * norm.sf(cut)
    truths = threshold_metrics(Counts(*map(np.asarray, (tp, fp, negatives - fp, positives - tp))))
    held: dict[str, list[bool]] = {name: [] for name in AT_THRESHOLD}
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        of = np.repeat(np.arange(ill + healthy), generator.integers(1, 9, ill + healthy))
        y = ((of < ill) & (generator.random(len(of)) < 0.75)).astype(float)
        scores = distance * y + math.sqrt(alike) * generator.normal(size=ill + healthy)[of]
        scores += math.sqrt(1 - alike) * generator.normal(size=len(of))
        intervals = bootstrap_intervals(y[:, None], scores[:, None], of, ["a"], LEAST_RESAMPLES, seed, {"a": cut})
        for name in AT_THRESHOLD:
            interval = intervals["labels"]["a"][f"{name}_interval"]
            if interval is not None:
                held[name].append(holds(float(truths[name]), interval))
    return tuple(float(np.mean(each)) if each else math.nan for each in held.values())


def derived() -> None:
    settings = [
        (found, cleared, alike) for found in (0.5, 0.8, 0.95) for cleared in (0.7, 0.9, 0.98) for alike in (0, 0.9)
    ]
    print("**Likelihood ratios** (so also PPV and NPV at another prevalence), 18 settings of sensitivity 0.5 to 0.95, ")
    print(f"specificity 0.7 to 0.98, alike 0 and 0.9, {REPETITIONS // 4} each\n")
    print("| patients with / without | LR+, PPV: lowest | mean | LR−, NPV: lowest | mean |\n|---:|---:|---:|---:|---:|")
    for few, many in ((2, 20), (3, 50), (5, 50), (10, 50), (20, 200), (50, 200)):
        cells = [
            lowest(repeated(ratio_holds, few, many, at, positive, repetitions=REPETITIONS // 4) for at in settings)
            for positive in (True, False)
        ]
        print(f"| {few} / {many} | {' | '.join(cells)} |", flush=True)


def ratio_holds(
    few: int, many: int, at: tuple[float, float, float], positive: bool, generator: np.random.Generator
) -> bool:
    found, cleared, alike = at
    one, other = share(few, found, alike, generator), share(many, cleared, alike, generator)
    if positive:
        return holds(found / (1 - cleared), ratio_interval(one, other.complement()))
    return holds((1 - found) / cleared, ratio_interval(one.complement(), other))


def gaps() -> None:
    print("**Gaps of sensitivity** between a group and 100 other patients, nothing differing: share of gaps whose own ")
    print(f"95 % interval leaves 0 out, true sensitivities {SHARES}, alike {ALIKE}, {REPETITIONS // 2} each\n")
    print("| patients with positives in the group | most of 15 settings | mean |\n|---:|---:|---:|")
    for patients in PATIENTS:
        wrong = [1 - repeated(gap_holds, patients, *at, repetitions=REPETITIONS // 2) for at in SETTINGS]
        print(f"| {patients} | {max(wrong):.1%} | {np.mean(wrong):.1%} |", flush=True)


def gap_holds(patients: int, truth: float, alike: float, generator: np.random.Generator) -> bool:
    pair = share(patients, truth, alike, generator), share(100, truth, alike, generator)
    return holds(0, difference_interval(*pair))


def roc_auc_gaps(repetitions: int = 250) -> None:
    print("**Gaps of ROC AUC** between a group and 100 other patients with and 200 without the finding, nothing ")
    print(f"differing: share of gaps whose own 95 % interval leaves 0 out, alike 0 and 0.9, {repetitions} each\n")
    print(
        "| patients with / without in the group | 0.76, alike 0% | 0.76, 90% | 0.92, 0% | 0.92, 90% |\n"
        + "|---:" * 5
        + "|"
    )
    for ill in (2, 3, 5, 10, 20, 50):
        cells = [
            f"{1 - repeated(roc_auc_gap_holds, ill, distance, alike, repetitions=repetitions):.1%}"
            for distance in (1.0, 2.0)
            for alike in (0.0, 0.9)
        ]
        print(f"| {ill} / {3 * ill} | {' | '.join(cells)} |", flush=True)


def roc_auc_gap_holds(ill: int, distance: float, alike: float, generator: np.random.Generator) -> bool:
    patients = 4 * ill + 300
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    sick, inside = (np.arange(patients) < ill) | (np.arange(patients) >= patients - 100), np.arange(patients) < 4 * ill
    y = sick[of].astype(float)
    scores = distance * y + math.sqrt(alike) * generator.normal(size=patients)[of]
    scores += math.sqrt(1 - alike) * generator.normal(size=len(of))
    sides = [(np.where(side[of], y, np.nan), scores) for side in (~inside, inside)]
    return holds(0, roc_auc_difference_interval(sides[0], sides[1], of).interval)


def reports(repetitions: int = 200) -> None:
    print(
        "**Reports in which nothing differs** but a gap is marked (Holm over all gaps of 3 labels, 2 + 4 + 3 groups), "
    )
    print(f"{repetitions} each\n\n| patients | prevalence | alike | a gap marked | without adjustment |")
    print("|---:" * 5 + "|")
    for patients, ill, alike in ((100, 0.3, 0.0), (100, 0.3, 0.9), (300, 0.1, 0.5), (300, 0.05, 0.9)):
        marked = np.mean(
            [any_gap(patients, ill, alike, np.random.default_rng(seed)) for seed in range(repetitions)], axis=0
        )
        print(f"| {patients} | {ill:.0%} | {alike:.0%} | {marked[0]:.1%} | {marked[1]:.1%} |", flush=True)


def any_gap(patients: int, ill: float, alike: float, generator: np.random.Generator) -> tuple[bool, bool]:
    """Whether a report marks a gap, and whether it would without adjustment."""
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    y = (generator.random((patients, 3)) < ill)[of].astype(float)
    scores = 1.2 * y + math.sqrt(alike) * generator.normal(size=(patients, 3))[of]
    scores += math.sqrt(1 - alike) * generator.normal(size=y.shape)
    labels, groups = ["a", "b", "c"], [generator.choice(list(names), patients)[of] for names in ("FM", "ABCD", "xyz")]
    cuts = dict.fromkeys(labels, 0.5)
    divided = {str(at): subgroup_metrics(y, scores, of, labels, cuts, each) for at, each in enumerate(groups)}
    adjust_gaps(divided)
    tested = [
        (each[f"{name}_gap_adjusted_p_value"], each[f"{name}_gap_p_value"], each[f"{name}_gap_interval"])
        for group in divided.values()
        for figures in group.values()
        for each in figures["labels"].values()
        for name in ("roc_auc", "sensitivity")
        if each[f"{name}_gap_p_value"] is not None
    ]
    return any(p < 0.05 and not holds(0, around) for p, _, around in tested), any(p < 0.05 for _, p, _ in tested)


def calibration(repetitions: int = 300) -> None:
    print(f"**ECE of right probabilities** above the limit of 95 % of chance, {repetitions} each\n")
    print("| patients | mean prevalence | alike 0% | alike 50% | alike 90% |\n|---:|---:|---:|---:|---:|")
    for patients, shift in ((30, -1.0), (100, -1.0), (100, -4.0), (300, -1.0), (300, -5.0)):
        cells, mean = [], expit(shift + 1.5 * np.random.default_rng(0).normal(size=100_000)).mean()
        for alike in ALIKE:
            above = [above_chance(patients, shift, alike, np.random.default_rng(seed)) for seed in range(repetitions)]
            cells.append(f"{np.mean([each for each in above if each is not None]):.1%}")
        print(f"| {patients} | {mean:.1%} | {' | '.join(cells)} |", flush=True)


def above_chance(patients: int, shift: float, alike: float, generator: np.random.Generator) -> bool | None:
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    p = expit(shift + 1.5 * math.sqrt(0.5) * (generator.normal(size=patients)[of] + generator.normal(size=len(of))))
    common = math.sqrt(alike) * generator.normal(size=patients)[of]
    y = norm.cdf(common + math.sqrt(1 - alike) * generator.normal(size=len(of))) < p
    chance = calibration_by_chance(y, p, patients=of)
    return None if chance is None else bool(expected_calibration_error(y, p) > chance.limit)


def brier(repetitions: int = 400) -> None:
    print(f"**Brier scores**, finding separated by so many standard deviations of the scores, {repetitions} each\n")
    print(
        "| patients with / without | 1.2, alike 0% | 1.2, alike 90% | 2.5, alike 0% | 2.5, alike 90% | 4, alike 90% |"
    )
    print("|---:" * 6 + "|")
    for ill, healthy in ((2, 50), (5, 300), (10, 300), (50, 300), (50, 50)):
        cells = []
        for distance, alike in ((1.2, 0.0), (1.2, 0.9), (2.5, 0.0), (2.5, 0.9), (4.0, 0.9)):
            parts = [scored(ill, healthy, distance, alike, np.random.default_rng(seed)) for seed in range(repetitions)]
            truth = sum(float(((p - y) ** 2).sum()) for y, p, _ in parts) / sum(len(y) for y, _, _ in parts)
            cells.append(f"{np.mean([holds(truth, brier_interval(*part)) for part in parts]):.1%}")
        print(f"| {ill} / {healthy} | {' | '.join(cells)} |", flush=True)


def scored(ill: int, healthy: int, distance: float, alike: float, generator: np.random.Generator) -> tuple:
    patients = ill + healthy
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    y = (of < ill).astype(float)
    scores = distance * y + math.sqrt(alike) * generator.normal(size=patients)[of]
    scores += math.sqrt(1 - alike) * generator.normal(size=len(of))
    return y, expit(distance * scores - distance**2 / 2 + math.log(ill / healthy)), of


def in_the_large(repetitions: int = 500) -> None:
    print(f"**Observed against expected, calibration intercept and slope** (external validation), {repetitions} each; ")
    print("in brackets: the share of samples that have the interval\n")
    print("| patients | prevalence | true slope | alike | O/E | intercept | slope |\n" + "|---:" * 7 + "|")
    for patients, shift in ((40, -1.0), (100, -2.0), (300, -2.0), (300, -3.5), (1000, -2.0)):
        for slope in (1.0, 0.4):
            for alike in (0.0, 0.9):
                generator = np.random.default_rng(0)
                truth, prevalence = in_the_large_truth(shift, slope)
                found = [in_the_large_held(patients, shift, slope, alike, truth, generator) for _ in range(repetitions)]
                cells = [held_and_given([each[name] for each in found]) for name in truth]
                print(f"| {patients} | {prevalence:.1%} | {slope} | {alike:.0%} | {' | '.join(cells)} |", flush=True)


def in_the_large_truth(shift: float, slope: float) -> tuple[dict[str, float], float]:
    """O/E, intercept and slope of a million cases, and the prevalence."""
    x = np.random.default_rng(1).normal(shift, 1.5, 1_000_000)
    truth, p = expit(slope * x), expit(x)
    shifts = np.linspace(-6, 6, 2401)
    # The best intercept makes the expected positives those observed.
    expected = np.array([expit(x[:20_000] + each).mean() for each in shifts])
    intercept = float(np.interp(truth[:20_000].mean(), expected, shifts))
    values = {"observed_expected": float(truth.mean() / p.mean()), "intercept": intercept, "slope": slope}
    return values, float(truth.mean())


def in_the_large_held(
    patients: int, shift: float, slope: float, alike: float, truth: dict[str, float], generator: np.random.Generator
) -> dict[str, bool | None]:
    """Whether each interval contains the true value; None where there is none."""
    of = np.repeat(np.arange(patients), generator.integers(1, 9, patients))
    x, luck = (shared(of, alike, generator) for _ in range(2))
    logits = shift + 1.5 * x
    y = (norm.cdf(luck) < expit(slope * logits)).astype(float)
    found = calibration_in_the_large(y[:, None], expit(logits)[:, None], of, ["Mass"])["Mass"]
    return {name: holds_if_given(value, found[f"{name}_interval"]) for name, value in truth.items()}


def shared(of: np.ndarray, alike: float, generator: np.random.Generator) -> np.ndarray:
    """Standard normal values of which a share of the variance lies between patients."""
    between = generator.normal(size=int(of.max()) + 1)[of]
    return math.sqrt(alike) * between + math.sqrt(1 - alike) * generator.normal(size=len(of))


def holds_if_given(truth: float, interval) -> bool | None:
    return None if interval is None else bool(interval[0] <= truth <= interval[1])


def held_and_given(held: list[bool | None]) -> str:
    given = [each for each in held if each is not None]
    return f"{np.mean(given):.1%} ({len(given) / len(held):.0%})" if given else "-"


def heat_maps(repetitions: int = 1_000) -> None:
    print("**Heat maps as good as a baseline** (three findings with 70, 20 and 10 % of the pairs, two pairs of each ")
    print(
        f"patient), {repetitions:,} each\n\n| pairs | alike | interval holds 0 | called better | by point estimates |"
    )
    print("|---:" * 5 + "|")
    for pairs in (20, 40, 100, 400):
        for alike in (0.2, 0.8):
            outcomes = np.mean(
                [paired(pairs, alike, np.random.default_rng(seed)) for seed in range(repetitions)], axis=0
            )
            print(f"| {pairs} | {alike:.0%} | {' | '.join(f'{each:.1%}' for each in outcomes)} |", flush=True)


def paired(pairs: int, alike: float, generator: np.random.Generator) -> tuple[bool, bool, bool]:
    codes, number = np.arange(pairs) // 2, np.arange(pairs)
    cases = Cases(np.stack([number % 10 < 7, np.isin(number % 10, (7, 8)), number % 10 == 9], axis=1), codes)
    common = (generator.random(pairs) < 0.5)[codes]
    first, second = (
        np.where(generator.random(pairs) < alike, common, generator.random(pairs) < 0.5).astype(float) for _ in range(2)
    )
    mean = mean_estimate(difference_estimates(first, second, cases), cases, -1.0)
    return holds(0, mean.interval), mean.interval[0] > 0, mean.value > 0


def holds(truth: float, interval) -> bool:
    """Whether the interval holds the truth, but for rounding."""
    return interval is not None and interval[0] - 1e-9 <= truth <= interval[1] + 1e-9


def width(interval) -> float:
    """Of an interval."""
    return interval[1] - interval[0]


if __name__ == "__main__":
    counts()
