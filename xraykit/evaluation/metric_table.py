"""``METRICS``: the one table of the metrics of a label, with their names, titles, values and intervals.

A new threshold metric is one entry::

    add_metric(Metric("jaccard", "Jaccard index", of_counts=lambda c: ratio(c.tp, c.tp + c.fp + c.fn),
                      shown=frozenset({"operating points", "compare"})))

It then is in ``metrics.json`` with its 95 % interval and macro mean, in the report, in comparisons and in MLflow.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from xraykit.errors import RegistryError
from xraykit.evaluation.counts import Counts, Shares
from xraykit.evaluation.metrics import Floats
from xraykit.evaluation.statistics.contrasts import difference_interval
from xraykit.evaluation.statistics.intervals import Interval
from xraykit.evaluation.statistics.resampling import ratio

Kind = Literal["rank", "threshold", "calibration"]
Output = Literal[
    "console", "operating points", "compare", "compare operating points", "differences", "cross-fitting",
    "recalibration", "worklist",
]  # fmt: skip
"""Where a metric is displayed. ``metrics.json`` and MLflow contain all of them."""


@dataclass(frozen=True)
class Metric:
    """One metric of a label.

    Attributes:
        name: Its key in ``metrics.json``.
        title: What the report calls it.
        kind: ``rank`` (of the scores' order), ``threshold`` (of the calls) or ``calibration`` (of the probabilities).
        short: What narrow tables call it; left out, the title.
        higher_is_better: The direction.
        shown: In which outputs it has a column or a table.
        lowest: The least value that it can take.
        highest: The greatest.
        averaged: Whether it has a macro mean over labels.
        of_counts: A threshold metric from the numbers of TP, FP, TN and FN, of any shape; NaN where undefined.
        of_shares: Its 95 % interval from shares of cases (:func:`.shares_at_threshold`). Left out, the interval of an
            averaged threshold metric is resampled over patients; it then needs ``ENOUGH_PATIENTS`` with and without
            the finding, and with and without a positive call.
    """

    name: str
    title: str
    kind: Kind = "threshold"
    short: str = ""
    higher_is_better: bool = True
    shown: frozenset[Output] = frozenset()
    lowest: float = 0.0
    highest: float = 1.0
    averaged: bool = True
    of_counts: Callable[[Counts], Floats] | None = None
    of_shares: Callable[[Shares], Interval] | None = None

    @property
    def heading(self) -> str:
        """What narrow tables call it."""
        return self.short or self.title


METRICS: dict[str, Metric] = {}
"""All metrics by name, in the order in which they are displayed."""


def add_metric(metric: Metric) -> Metric:
    """Add a threshold metric to ``METRICS``.

    Raises:
        RegistryError: the name is taken.
    """
    if METRICS.get(metric.name, metric) != metric:
        raise RegistryError(f"There already is a metric {metric.name!r}. Choose another name.")
    METRICS[metric.name] = metric
    return metric


def shown_in(output: Output) -> list[Metric]:
    """The metrics that an output displays, in order."""
    return [metric for metric in METRICS.values() if output in metric.shown]


def averaged() -> list[Metric]:
    """The metrics with a macro mean, all of which have an interval."""
    return [metric for metric in METRICS.values() if metric.averaged]


def threshold_metrics(counts: Counts) -> dict[str, Floats]:
    """All threshold metrics from counts of any shape; NaN where undefined, as where they would divide by zero."""
    return {metric.name: _value(metric, counts) for metric in METRICS.values() if metric.of_counts is not None}


def _value(metric: Metric, counts: Counts) -> Floats:
    try:
        return metric.of_counts(counts)  # type: ignore[misc]
    except Exception as error:
        if metric in _TABLE:
            raise
        raise RegistryError(
            f"The metric {metric.name!r} of the plug-in {metric.of_counts.__module__} failed: {type(error).__name__}: "
            f"{error}. Correct the plug-in, or report this to its author."
        ) from error


def _matthews(counts: Counts) -> Floats:
    """Matthews' correlation coefficient; undefined without positives, negatives, positive or negative calls."""
    tp, fp, tn, fn = (np.asarray(each, np.float64) for each in counts)
    # Roots of each factor: the product of four counts may be too large.
    divisor = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return np.clip(ratio(tp * tn - fp * fn, divisor), -1, 1)


def _share(name: str, of: Callable[[float], float] = float) -> Callable[[Shares], Interval]:
    """The interval of a share, or of a rising function of it."""

    def interval(shares: Shares) -> Interval:
        share = shares[name]
        ends = None if share is None else share.interval()
        return None if ends is None else [of(end) for end in ends]

    return interval


def _balanced_accuracy_interval(shares: Shares) -> Interval:
    """Balanced accuracy is (1 + TPR − FPR) / 2, and so are the ends of its interval."""
    sensitivity, specificity = shares["sensitivity"], shares["specificity"]
    if sensitivity is None or specificity is None:
        return None
    ends = difference_interval(sensitivity, specificity.complement())
    return None if ends is None else [min(1.0, max(0.0, (1 + end) / 2)) for end in ends]


_CHOSEN_BY: frozenset[Output] = frozenset(
    {"console", "operating points", "compare operating points", "cross-fitting", "recalibration", "worklist"}
)
_POINT: frozenset[Output] = frozenset({"operating points"})
_TABLE = (
    Metric("roc_auc", "ROC AUC", "rank", shown=frozenset({"console", "differences", "recalibration", "worklist"})),
    Metric("average_precision", "Average precision", "rank", "av. precision",
           shown=frozenset({"console", "differences"})),
    Metric("sensitivity", "Sensitivity", short="sens.", shown=_CHOSEN_BY,
           of_counts=lambda c: ratio(c.tp, c.positives), of_shares=_share("sensitivity")),
    Metric("specificity", "Specificity", short="spec.", shown=_CHOSEN_BY,
           of_counts=lambda c: ratio(c.tn, c.negatives), of_shares=_share("specificity")),
    Metric("precision", "PPV", short="prec.", shown=_POINT | {"console"},
           of_counts=lambda c: ratio(c.tp, c.tp + c.fp), of_shares=_share("precision")),
    Metric("npv", "NPV", shown=_POINT, of_counts=lambda c: ratio(c.tn, c.tn + c.fn), of_shares=_share("npv")),
    # F1 is 2 J / (1 + J) with the Jaccard index J, which is a share of cases.
    Metric("f1", "F1", shown=_POINT | {"console"}, of_counts=lambda c: ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn),
           of_shares=_share("jaccard", lambda jaccard: 2 * jaccard / (1 + jaccard))),
    Metric("balanced_accuracy", "Balanced accuracy", shown=_POINT | {"compare"},
           of_counts=lambda c: (ratio(c.tp, c.positives) + ratio(c.tn, c.negatives)) / 2,
           of_shares=_balanced_accuracy_interval),
    Metric("matthews_correlation", "MCC", lowest=-1.0, shown=_POINT | {"compare"}, of_counts=_matthews),
    Metric("likelihood_ratio_positive", "LR+", shown=_POINT, highest=math.inf, averaged=False,
           of_counts=lambda c: ratio(c.tp * c.negatives, c.fp * c.positives)),
    Metric("likelihood_ratio_negative", "LR−", shown=_POINT, highest=math.inf, averaged=False, higher_is_better=False,
           of_counts=lambda c: ratio(c.fn * c.negatives, c.tn * c.positives)),
    Metric("brier", "Brier score", "calibration", "Brier", higher_is_better=False,
           shown=frozenset({"cross-fitting", "recalibration"})),
)  # fmt: skip
METRICS |= {metric.name: metric for metric in _TABLE}
