"""The contract of a metric, checked on a few counts."""

import numpy as np

from xraykit.errors import DataError
from xraykit.evaluation import METRICS, Counts
from xraykit.testing.contract import require

# True and false positives, true and false negatives: ordinary, perfect, without positives, without negatives, no case.
_COUNTS = Counts(*np.array([[5, 2, 8, 1], [6, 0, 10, 0], [0, 2, 8, 0], [5, 0, 0, 1], [0, 0, 0, 0]], float).T)


def check_metric(name: str) -> None:
    """Check that a threshold metric of the table keeps the contract.

    It takes counts of any shape, gives one value for each, in its range or NaN where it is undefined, and is undefined
    without any case.

    Args:
        name: As in ``METRICS``.

    Raises:
        DataError: there is no such threshold metric, or the contract is broken; the message says where.
    """
    metric = METRICS.get(name)
    if metric is None or metric.of_counts is None:
        known = ", ".join(each.name for each in METRICS.values() if each.of_counts is not None)
        raise DataError(f"There is no threshold metric {name!r}. Known: {known}. Add it with add_metric.")
    with np.errstate(all="ignore"):
        values = np.asarray(metric.of_counts(_COUNTS))
        table = np.asarray(metric.of_counts(Counts(*(np.stack([each, each]) for each in _COUNTS))))
    _require(name, values.shape == (5,), f"gives an array {values.shape} for counts (5,)")
    _require(name, table.shape == (2, 5), f"gives an array {table.shape} for counts (2, 5)")
    _require(name, bool(np.isfinite(values[0])), "is not finite for 5 TP, 2 FP, 8 TN and 1 FN")
    _require(name, bool(np.isnan(values[4])), "has a value without any case; NaN is expected")
    defined = values[~np.isnan(values)]
    inside = (defined >= metric.lowest) & (defined <= metric.highest)
    _require(name, bool(inside.all()), f"leaves its range {metric.lowest} to {metric.highest}: {defined}")


def _require(name: str, kept: bool, broken: str) -> None:
    require(DataError, f"The metric {name!r}", kept, broken)
