"""The paired differences of two finished runs, or of two external validations, from their predictions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.compare.external import collection_names, in_common
from xraykit.errors import DataError

if TYPE_CHECKING:
    from xraykit.evaluation import Predictions
    from xraykit.runs import FinishedRun


def compare_runs(
    first: str | Path, second: str | Path, *, part: str | None = None, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Second run minus first run on the same radiographs, from their ``predictions.csv``.

    Two external validations on the same collection are compared likewise, on the findings and radiographs that both
    have.

    Args:
        first: Run folder of the reference run.
        second: Run folder of the new run.
        part: ``test``, or ``validation``, on which both were chosen; ``out_of_fold`` of ensembles of folds; of
            external validations their own part. Left out, the part of the first run's metrics: ``test``, if it has one.
        resamples: Bootstrap resamples of patients for the 95 % intervals; 0 for none.
        seed: Of the drawing.

    Returns:
        Plain values that JSON can hold: those of :func:`xraykit.evaluation.paired_differences`, each label also with
        ``holm_p_value`` (:func:`xraykit.evaluation.holm`); ``runs`` (two names), ``not_trained``, ``part``, ``split``,
        ``data_fingerprint``, ``test_part_met`` (of each run: how often its study met the test part), ``resamples``
        and ``seed``; of external validations also ``labels_of_one`` and ``radiographs_of_one``: what one alone has.

    Raises:
        DataError: a run is not finished, or the runs differ in split, data, radiographs, labels or patients.
        NonFiniteLossError: a logit is missing or not finite.
    """
    from xraykit.runs import FinishedEvaluation, open_finished

    runs = [open_finished(first), open_finished(second)]
    if len({isinstance(run, FinishedEvaluation) for run in runs}) > 1:
        raise DataError(
            f"A run and an external validation cannot be compared: their radiographs are others. Received: "
            f"{runs[0].folder} and {runs[1].folder}. Give two runs, or two evaluations of the same collection."
        )
    external = isinstance(runs[0], FinishedEvaluation)
    splits = [run.split for run in runs]
    _check_same("split", splits, same=splits[0].same_as(splits[1]))
    prints = [run.summary.data_fingerprint for run in runs]
    _check_same("collection" if external else "fingerprint of data and parts", prints, same=prints[0] == prints[1])
    # Imported late, as it takes a second.
    from xraykit.evaluation import holm, masked_targets, paired_differences
    from xraykit.evaluation.predictions import with_true_counts

    part = runs[0].summary.part if external or part is None else part
    predictions = [run.scored(part) for run in runs]
    left_out: dict[str, Any] = {}
    if external:
        predictions, left_out = in_common(predictions, runs)
    # The outputs of a label that either run did not train are noise: it is counted, and nothing is compared.
    untrained = _untrained(runs, predictions)
    masked = [replace(each, targets=masked_targets(each.targets, each.labels, untrained)) for each in predictions]
    figures = paired_differences(masked[0], masked[1], resamples, seed)
    if untrained:
        with_true_counts(
            figures["labels"], paired_differences(predictions[0], predictions[1], 0, seed)["labels"], untrained
        )
    adjusted = holm({label: each["p_value"] for label, each in figures["labels"].items()})
    for label, each in figures["labels"].items():
        each["holm_p_value"] = adjusted[label]
    return {
        "runs": [run.short_path for run in runs],
        "part": part,
        "split": splits[0].as_values(),
        "data_fingerprint": prints[0],
        "not_trained": sorted(untrained),
        "test_part_met": [run.summary.test_part_uses for run in runs],
        "resamples": resamples,
        "seed": seed,
        **left_out,
        **figures,
    }


def _untrained(runs: Sequence["FinishedRun"], predictions: Sequence["Predictions"]) -> dict[str, str]:
    """The labels that either run did not train."""
    names = [collection_names(run) for run in runs]
    found = {own.get(label, label) for run, own in zip(runs, names, strict=True) for label in run.summary.untrained}
    return {label: "" for label in predictions[0].labels if label in found}


def _check_same(what: str, values: Sequence[Any], *, same: bool) -> None:
    if not same:
        raise DataError(
            f"The two runs cannot be compared: they differ in their {what}. First: {values[0]}. Second: {values[1]}. "
            f"A difference of their metrics could come from different radiographs alone. Train both on the same label "
            f"file, radiographs, split and seed (split_seed)."
        )
