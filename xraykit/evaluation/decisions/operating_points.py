"""Operating points: rules that choose the threshold from which on a label is called positive.

A threshold is chosen on the validation part and applied to the test part. The metrics at a threshold are computed by
:mod:`xraykit.evaluation.decisions.threshold_metrics`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xraykit.config import Rule
from xraykit.errors import DataError
from xraykit.evaluation.counts import Counts
from xraykit.evaluation.metric_table import threshold_metrics
from xraykit.evaluation.metrics import as_columns, is_estimable, known_cases, tie_ends
from xraykit.evaluation.reasons import ReasonCode
from xraykit.system import counted

# The metric that is maximised once the target is reached.
_PARTNER = {"sensitivity": "specificity", "specificity": "sensitivity", "precision": "sensitivity"}


@dataclass(frozen=True)
class OperatingPoint:
    """A label's threshold, or why there is none.

    Attributes:
        rule: By which it was chosen.
        threshold: A case is called positive if its score is at least this; None if there is none.
        reason: Why there is none, as a sentence; None if there is one.
        reason_code: The same for programs; None if there is one, or if an older version chose it.
    """

    rule: Rule
    threshold: float | None
    reason: str | None = None
    reason_code: ReasonCode | None = None


YOUDEN = Rule("youden")


def operating_points(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, float | None]:
    """Each label's threshold after Youden, None where not estimable; see :func:`choose_operating_points`."""
    points = choose_operating_points(targets, probabilities, labels, dict.fromkeys(labels, YOUDEN))
    return {label: point.threshold for label, point in points.items()}


def choose_operating_points(
    targets: npt.ArrayLike, probabilities: npt.ArrayLike, labels: Sequence[str], rules: Mapping[str, Rule]
) -> dict[str, OperatingPoint]:
    """Each label's operating point by its own rule; see :func:`choose_threshold`.

    Args:
        targets: Labels ``(n, L)`` of the validation part: 1, 0 or NaN = unknown.
        probabilities: ``(n, L)``, 0–1.
        labels: Names of the L columns.
        rules: The rule of each label, by name.

    Returns:
        Name of the label to its operating point, in the given order.

    Raises:
        DataError: the shapes differ, a label is not 1, 0 or NaN, or a label has no rule.
        NonFiniteLossError: a probability is NaN or infinite.
    """
    y, p = as_columns(targets, probabilities, len(labels))
    missing = [label for label in labels if label not in rules]
    if missing:
        raise DataError(
            f"Each label needs a rule for its threshold. Expected: {', '.join(labels)}. Missing: "
            f"{', '.join(missing)}. Give them one."
        )
    return {label: choose_threshold(y[:, column], p[:, column], rules[label]) for column, label in enumerate(labels)}


def youden_threshold(y: npt.ArrayLike, p: npt.ArrayLike) -> float | None:
    """The threshold after Youden, None where not estimable; see :func:`choose_threshold`."""
    return choose_threshold(y, p, YOUDEN).threshold


def choose_threshold(y: npt.ArrayLike, p: npt.ArrayLike, rule: Rule) -> OperatingPoint:
    """The threshold that a rule chooses.

    A case is called positive if its score is at least the threshold. Candidates are the scores themselves, so that
    the threshold is finite. Of several equally good ones the highest is taken: it makes the fewest positive calls.

    A threshold whose Youden index is not above 0 is no operating point: a call there does not make the finding
    likelier, as when every case is called. A target is looked for among the others; where Youden's or F1's own best
    is such a threshold, there is none.

    Args:
        y: Labels ``(n,)`` of the validation part: 1, 0 or NaN = unknown.
        p: Scores ``(n,)``, finite.
        rule: What to look for.

    Raises:
        DataError, NonFiniteLossError: see :func:`xraykit.evaluation.metrics.known_cases`.
    """
    positive, score = known_cases(y, p)
    if not is_estimable(positive):
        positives = int(np.count_nonzero(positive))
        counts = f"{counted(positives, 'positive')} and {counted(len(positive) - positives, 'negative')}"
        reason = f"A threshold needs both positives and negatives. Found: {counts}."
        return OperatingPoint(rule, None, reason, "one_class")
    order = np.argsort(-score, kind="stable")
    candidates = score[order]
    last_of_tie = tie_ends(candidates)
    tp = np.cumsum(positive[order], dtype=np.float64)[last_of_tie]
    fp = last_of_tie + 1 - tp
    chosen = _best(rule, Counts(tp, fp, tn=fp[-1] - fp, fn=tp[-1] - tp))
    if isinstance(chosen, OperatingPoint):
        return chosen
    return OperatingPoint(rule, float(candidates[last_of_tie[chosen]]))


def _best(rule: Rule, counts: Counts) -> int | OperatingPoint:
    """The index of the best candidate, from the highest score down; or the reason why there is none."""
    # Youden's index times positives times negatives: whole numbers, so that equal ones are equal.
    gain = counts.tp * counts.negatives - counts.fp * counts.positives
    metrics = threshold_metrics(counts)
    if rule.target is None:
        worth = gain if rule.metric == "youden" else metrics["f1"]
        best = int(np.argmax(worth))
        return best if gain[best] > 0 else OperatingPoint(rule, None, _no_gain(rule, best, len(gain)), "no_gain")
    reached = metrics[rule.metric] >= rule.target
    if not reached.any():
        reason = f"No threshold has {rule}: the largest {rule.metric} is {np.max(metrics[rule.metric]):.3f}."
        return OperatingPoint(rule, None, reason, "target_not_reached")
    if not np.any(reached & (gain > 0)):
        reason = (
            f"{rule} is reached only by thresholds that are no better than calling radiographs at random, or that call "
            f"all of them."
        )
        return OperatingPoint(rule, None, reason, "no_gain")
    return int(np.argmax(np.where(reached & (gain > 0), metrics[_PARTNER[rule.metric]], -1)))


def _no_gain(rule: Rule, best: int, candidates: int) -> str:
    if rule.metric == "youden":
        return "No threshold has a Youden index above 0: none is better than calling radiographs at random."
    if best == candidates - 1:
        return "The largest F1 is that of calling every radiograph positive, which carries no information."
    return "The largest F1 is that of a threshold which is no better than calling radiographs at random."
