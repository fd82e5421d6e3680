"""Two runs on the same test part: how much better the second is, with intervals of the difference.

The radiographs are the same, so what one model finds hard the other often does too: the interval of the difference is
much narrower than those of the two runs suggest. In each resample both models see the same patients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.comparisons.paired_labels import PairedLabel, mean_difference, paired_label
from xraykit.evaluation.metric_table import shown_in
from xraykit.evaluation.metrics import Floats, as_columns, macro, roc_auc
from xraykit.evaluation.ranking import average_precisions
from xraykit.evaluation.statistics.intervals import Estimated
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients, patient_codes, resampled


@dataclass(frozen=True)
class Predictions:
    """The predictions of a run for its test part.

    Attributes:
        images: Name of each radiograph ``(n,)``, each once.
        patients: Its patient ``(n,)``.
        labels: Names of the L columns, each once.
        targets: Labels ``(n, L)``: 1, 0 or NaN = unknown.
        scores: Probabilities or logits ``(n, L)``, finite.
    """

    images: Sequence[str]
    patients: npt.ArrayLike
    labels: Sequence[str]
    targets: npt.ArrayLike
    scores: npt.ArrayLike


def paired_differences(first: Predictions, second: Predictions, resamples: int, seed: int) -> dict[str, Any]:
    """Second run minus first run: ROC AUC and average precision, per label and macro.

    The order of radiographs and labels may differ between the runs; labels are given in the first run's order.

    Args:
        first: The run that is compared against.
        second: The run that is hoped to be better.
        resamples: How often patients are drawn; 0 for no intervals.
        seed: Of the drawing.

    Returns:
        Plain values that JSON can hold, None where not estimable: numbers of ``images`` and ``patients``, ``macro``,
        ``macro_enough_cases`` and ``labels``. Each has ``roc_auc`` and ``average_precision`` as ``[first, second]``,
        ``…_difference`` and ``…_difference_interval`` (95 %, by patient), and ``no_interval``: why a difference has
        none (:data:`xraykit.evaluation.statistics.intervals.NoInterval`). A label has ``p_value`` (of equal ROC AUCs:
        Student's t with Obuchowski's variance over patients), or None and ``p_value_reason``; ``positives``,
        ``negatives``, ``positive_patients`` and ``negative_patients``. ``macro`` names in ``few_cases`` the labels with
        too few patients for a p value, which ``macro_enough_cases`` leaves out.

    Raises:
        DataError: the runs differ in radiographs, labels, patients or targets, or a run's arrays do not fit.
        NonFiniteLossError: a score is NaN or infinite.
    """
    y, before, codes = _arrays(first)
    same_y, after, same_codes = _arrays(_in_order_of(first, second))
    _check_same(y, same_y, codes, same_codes)
    statistics = [average_precisions(y, scores, codes) for scores in (before, after)]
    values = resampled(statistics, number_of_patients(codes), resamples, seed)
    found = [
        paired_label(y[:, at], (before[:, at], after[:, at]), codes, (values[0][at], values[1][at]))
        for at in range(len(first.labels))
    ]
    columns = {
        name: _label(y[:, at], before[:, at], after[:, at], codes, found[at]) for at, name in enumerate(first.labels)
    }
    few = [name for name, metrics in columns.items() if metrics["p_value_reason"] == "few_patients"]
    return {
        "images": len(y),
        "patients": len(np.unique(codes)),
        "macro": _macro(columns, found, few, False),
        "macro_enough_cases": _macro(columns, found, few, True),
        "labels": columns,
    }


def _arrays(run: Predictions) -> tuple[Floats, Floats, Codes]:
    y, scores = as_columns(run.targets, run.scores, len(run.labels))
    for what, names in (("radiograph", run.images), ("label", run.labels)):
        if len(set(names)) != len(names):
            raise DataError(
                f"Each {what} must occur once in a run's predictions. Received {len(names)} names, of which "
                f"{len(set(names))} differ. Remove the repeated ones."
            )
    if len(run.images) != len(y):
        raise DataError(
            f"Each radiograph needs its predictions. Received: {len(run.images)} radiographs and {len(y)} rows. Give "
            "the predictions of one part, whole."
        )
    return y, scores, patient_codes(run.patients, len(y))


def _in_order_of(first: Predictions, second: Predictions) -> Predictions:
    """The second run with radiographs and labels in the order of the first."""
    y, scores, _ = _arrays(second)
    rows = _places("radiographs", first.images, second.images)
    columns = _places("labels", first.labels, second.labels)
    place = np.ix_(rows, columns)
    return Predictions(first.images, np.asarray(second.patients)[rows], first.labels, y[place], scores[place])


def _places(what: str, wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    place = {name: at for at, name in enumerate(names)}
    lacking = [name for name in wanted if name not in place]
    added = sorted(set(names) - set(wanted))
    if lacking or added:
        raise DataError(
            f"Two runs can be compared on the same {what} only. Only in the first: {_some(lacking)}. Only in the "
            f"second: {_some(added)}. Compare runs of the same data, split and labels."
        )
    return [place[name] for name in wanted]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(str(name) for name in names[:3])
    return (shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")) or "none"


def _check_same(y: Floats, same_y: Floats, codes: Codes, same_codes: Codes) -> None:
    rows = {
        "labels": np.any((y != same_y) & ~(np.isnan(y) & np.isnan(same_y)), axis=1),
        "patients": codes != same_codes,
    }
    for what, differs in rows.items():
        if differs.any():
            raise DataError(
                f"Two runs can be compared if their radiographs have the same {what}. They differ for "
                f"{np.count_nonzero(differs)} of {len(y)} radiographs. Compare runs of the same label file."
            )


def _label(y: Floats, before: Floats, after: Floats, codes: Codes, found: PairedLabel) -> dict[str, Any]:
    metrics = {
        "roc_auc": [roc_auc(y, before), roc_auc(y, after)],
        "average_precision": list(found.average_precision),
    }
    return {
        **metrics,
        **{f"{name}_difference": _difference(metrics[name]) for name in _compared()},
        **_intervals({name: each.around for name, each in found.differences.items()}),
        "p_value": found.p_value,
        "p_value_reason": found.no_p_value,
        "positives": int(np.count_nonzero(y == 1)),
        "negatives": int(np.count_nonzero(y == 0)),
        "positive_patients": len(np.unique(codes[y == 1])),
        "negative_patients": len(np.unique(codes[y == 0])),
    }


def _macro(
    columns: Mapping[str, Mapping[str, Any]], found: Sequence[PairedLabel], few: Sequence[str], enough: bool
) -> dict[str, Any]:
    """Means over the labels, or over those with enough cases."""
    kept = [at for at, name in enumerate(columns) if not (enough and name in few)]
    metrics = [list(columns.values())[at] for at in kept]
    means = {name: [macro(each[name][run] for each in metrics) for run in (0, 1)] for name in _compared()}
    return {
        **means,
        **{f"{name}_difference": _difference(means[name]) for name in _compared()},
        **_intervals({name: mean_difference(name, [found[at] for at in kept]) for name in _compared()}),
        "labels": sum(each["roc_auc"][0] is not None for each in metrics),
        "few_cases": [] if enough else list(few),
    }


def _compared() -> list[str]:
    return [metric.name for metric in shown_in("differences")]


def _difference(pair: Sequence[float | None]) -> float | None:
    first, second = pair
    return None if first is None or second is None else second - first


def _intervals(around: Mapping[str, Estimated]) -> dict[str, Any]:
    return {
        **{f"{name}_difference_interval": each.interval for name, each in around.items()},
        "no_interval": {f"{name}_difference": each.reason for name, each in around.items() if each.reason},
    }
