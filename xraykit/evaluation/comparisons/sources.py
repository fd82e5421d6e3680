"""Several collections in one test part: how much of the pooled ROC AUC comes from telling the collections apart.

Where a finding is more frequent at one hospital, a network that recognises the hospital, by a marker, the machine or
the processing of its pictures, ranks the radiographs of that hospital higher and reaches a pooled ROC AUC above 0.5
without seeing the finding. Within a hospital it is no better than chance. So the pooled ROC AUC is given beside the one
within sources (:mod:`xraykit.evaluation.statistics.stratified_auc`), and beside that of the source alone: each
radiograph gets the prevalence that its source has in the training part.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xraykit.evaluation.metrics import Floats, as_columns, macro
from xraykit.evaluation.statistics.clustered_auc import ClusteredAuc, clustered_auc
from xraykit.evaluation.statistics.resampling import Codes, patient_codes
from xraykit.evaluation.statistics.roc_auc_intervals import difference_interval, interval_of
from xraykit.evaluation.statistics.stratified_auc import stratified_auc

SourceVerdict = Literal["from_source", "not_shown", "not_judged"]
"""``from_source``: the pooled ROC AUC is higher than the one within sources, by an interval above 0: a part of it comes
from telling the sources apart; ``not_shown``: the interval reaches 0; ``not_judged``: ``not_judged_code`` is why."""

_NOT_JUDGED = {
    "not_trained": "The label was not trained.",
    "one_source": "One source alone has radiographs in the test part for which the label is known: the metrics hold "
    "for that source and for no other.",
    "one_class": "The test part lacks positives or negatives.",
    "confounded": "No source has both positives and negatives in the test part: telling the sources apart and seeing "
    "the finding cannot be distinguished.",
    "no_interval": "There is no interval of the difference: too few patients with a positive or a negative.",
}


def source_metrics(
    targets: npt.ArrayLike,
    scores: npt.ArrayLike,
    patients: npt.ArrayLike,
    labels: list[str],
    sources: npt.ArrayLike,
    training_targets: npt.ArrayLike,
    training_sources: npt.ArrayLike,
    untrained: Mapping[str, str] | None = None,
    *,
    intervals: bool = True,
) -> dict[str, Any]:
    """The pooled ROC AUC, the one within sources, and the one of the source alone.

    Args:
        targets: Labels of the n radiographs of the test part ``(n, L)``: 1, 0 or NaN = unknown.
        scores: What they are ranked by ``(n, L)``, such as logits, finite.
        patients: Their patients ``(n,)``.
        labels: Names of the L columns.
        sources: Their sources ``(n,)``.
        training_targets: Labels of the m radiographs of the training part ``(m, L)``.
        training_sources: Their sources ``(m,)``.
        untrained: Labels that were not trained, which are not judged, with the reason of each.
        intervals: Whether 95 % intervals are wanted; without, nothing is judged.

    Returns:
        Plain values that JSON can hold, None where not estimable: ``macro``, with means over the labels that have all
        of ``roc_auc``, ``within_roc_auc`` and ``source_roc_auc``, and their number; and ``labels``. Each has
        ``known_in`` and ``trained_in`` (the sources with known values in the test and the training part),
        ``roc_auc`` (pooled), ``within_roc_auc``, ``roc_auc_from_source`` (pooled minus within) and
        ``source_roc_auc`` (of the source alone), the ``…_interval`` of each (95 %, by patient), ``verdict`` (see
        :data:`SourceVerdict`), ``not_judged_code`` and ``not_judged_reason``.

    Raises:
        DataError: the arrays do not fit together, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a score is NaN or infinite.
    """
    y, ranked = as_columns(targets, scores, len(labels))
    trained, names = np.asarray(training_targets, np.float64), np.asarray(sources, object).astype(str)
    training_names = np.asarray(training_sources, object).astype(str)
    codes = patient_codes(patients, len(y))
    metrics = {}
    for at, label in enumerate(labels):
        prior = _prevalences(trained[:, at], training_names, names)
        found = _label(y[:, at], ranked[:, at], prior, codes, names, intervals)
        known = {"known_in": _known_in(y[:, at], names), "trained_in": _known_in(trained[:, at], training_names)}
        code = "not_trained" if label in (untrained or {}) else _lacks(known["known_in"], found)
        metrics[label] = {**known, **found, **_judged(found, code)}
    return {"macro": _macro(list(metrics.values())), "labels": metrics}


def source_remarks(found: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about labels whose pooled ROC AUC comes in part from the source, or that one source alone annotates.

    Args:
        found: The result of :func:`source_metrics`.
    """
    labels = found["labels"]
    apart = [label for label, each in labels.items() if each["verdict"] == "from_source"]
    if apart:
        yield (
            f"For {', '.join(apart)} a part of the pooled ROC AUC comes from telling the sources apart: the ROC AUC "
            f"within sources counts."
        )
    confounded = [label for label, each in labels.items() if each["not_judged_code"] == "confounded"]
    if confounded:
        yield (
            f"For {', '.join(confounded)} no source has both positives and negatives in the test part: the ROC AUC "
            f"cannot be distinguished from recognising the source."
        )
    by_source: dict[str, list[str]] = {}
    for label, each in labels.items():
        if each["not_judged_code"] == "one_source" and each["known_in"]:
            by_source.setdefault(each["known_in"][0], []).append(label)
    for source, only in by_source.items():
        yield f"Known in test radiographs of {source} alone, so that the metrics hold for it only: {', '.join(only)}."


def _label(y: Floats, p: Floats, prior: Floats, codes: Codes, names: np.ndarray, intervals: bool) -> dict[str, Any]:
    pooled, within = clustered_auc(y, p, codes), stratified_auc(y, p, codes, names)
    alone = clustered_auc(y, prior, codes)
    estimates = {"roc_auc": pooled, "within_roc_auc": within, "source_roc_auc": alone}
    difference = None if pooled is None or within is None else pooled.auc - within.auc
    around = difference_interval(within, pooled).interval if intervals else None
    return {
        **{name: None if each is None else each.auc for name, each in estimates.items()},
        **{f"{name}_interval": _interval(each, intervals) for name, each in estimates.items()},
        "roc_auc_from_source": difference,
        "roc_auc_from_source_interval": around,
    }


def _interval(estimate: ClusteredAuc | None, wanted: bool) -> list[float] | None:
    return interval_of(estimate).interval if wanted else None


def _prevalences(trained: Floats, training_names: np.ndarray, names: np.ndarray) -> Floats:
    """Of each test radiograph the share of positives of its source in the training part; of all where unknown."""
    known = ~np.isnan(trained)
    overall = float(trained[known].mean()) if known.any() else 0.0
    prior = np.full(len(names), overall)
    for name in np.unique(names):
        rows = known & (training_names == name)
        if rows.any():
            prior[names == name] = trained[rows].mean()
    return prior


def _known_in(y: Floats, names: np.ndarray) -> list[str]:
    return sorted(set(names[~np.isnan(y)].tolist()))


def _lacks(known_in: list[str], found: Mapping[str, Any]) -> str | None:
    """The code of what is lacking for a verdict; None if nothing is."""
    if len(known_in) <= 1:
        return "one_source"
    if found["roc_auc"] is None:
        return "one_class"
    if found["within_roc_auc"] is None:
        return "confounded"
    return "no_interval" if found["roc_auc_from_source_interval"] is None else None


def _judged(found: Mapping[str, Any], code: str | None) -> dict[str, Any]:
    verdict: SourceVerdict = "not_judged"
    if code is None:
        verdict = "from_source" if found["roc_auc_from_source_interval"][0] > 0 else "not_shown"
    reason = None if code is None else _NOT_JUDGED[code]
    # Of one source there is nothing to tell apart.
    blank = {"not_trained": "", "one_source": "source"}.get(code or "")
    without = {} if blank is None else {name: None for name in found if blank in name}
    return {**without, "verdict": verdict, "not_judged_code": code, "not_judged_reason": reason}


def _macro(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("roc_auc", "within_roc_auc", "source_roc_auc")
    whole = [each for each in metrics if all(each[name] is not None for name in names)]
    return {**{name: macro(each[name] for each in whole) for name in names}, "labels": len(whole)}
