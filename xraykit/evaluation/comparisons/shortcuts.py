"""How far sex, age and view position alone would get: a model that barely beats them has learnt a shortcut.

Portable radiographs (AP) are taken of the sickest, and many findings grow more frequent with age. A network can read
both off a picture without seeing the finding. A verdict needs evidence on both sides: metadata that are known and that
vary, a baseline with positives to learn from, and an interval of the difference. Without, a label is not judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.comparisons.paired import Predictions, paired_differences
from xraykit.evaluation.metrics import Floats, is_estimable, known_cases

Verdict = Literal["more_than_metadata", "not_shown", "not_judged"]
"""``more_than_metadata``: the interval of the model's advantage lies above 0; ``not_shown``: it reaches 0;
``not_judged``: it cannot be estimated; ``not_judged_code`` is the reason."""

LEAST_KNOWN = 0.5
"""Share of the radiographs of either part of which a column must be known to be taken into account."""

LEAST_TRAINING_CASES = 10
"""Positives, and negatives, of the training part that a baseline needs: one that could not learn is no comparison."""

_NOT_JUDGED = {
    "not_trained": "The label was not trained.",
    "no_metadata": "Sex, age and view position are unknown, or the same on all radiographs: there is nothing to "
    "compare the model with.",
    "few_training_cases": f"The training part has fewer than {LEAST_TRAINING_CASES} positives or negatives: too few "
    "for a baseline to learn from.",
    "one_class": "The test part lacks positives or negatives.",
    "no_interval": "There is no interval of the difference: too few patients with a positive or a negative, or too few "
    "resamples.",
}


@dataclass(frozen=True)
class Metadata:
    """What is known of a part's radiographs without looking at them.

    Attributes:
        sex: ``(n,)``, any names; None, NaN and "" = unknown.
        age: Years ``(n,)``, NaN = unknown.
        view: ``(n,)``, such as PA or AP; None, NaN and "" = unknown.
        source: ``(n,)``, of several collections that one each comes from; None where there is one alone.
    """

    sex: npt.ArrayLike
    age: npt.ArrayLike
    view: npt.ArrayLike
    source: npt.ArrayLike | None = None

    def columns(self) -> dict[str, npt.NDArray[np.object_]]:
        """``sex``, ``age``, ``view`` and, of several collections, ``source``, each ``(n,)``, None where unknown.

        Raises:
            DataError: they differ in length.
        """
        names = ("sex", "age", "view", *(() if self.source is None else ("source",)))
        given = {name: np.asarray(getattr(self, name), object) for name in names}
        if len({len(values) for values in given.values()}) != 1:
            lengths = ", ".join(str(len(values)) for values in given.values())
            raise DataError(
                f"Sex, age and view position must have one value for each radiograph. Received: {lengths} values."
            )
        # NaN alone differs from itself.
        return {
            name: np.array([None if v is None or v != v or v == "" else v for v in values], object)
            for name, values in given.items()
        }


def metadata_baseline(
    training: Metadata,
    training_targets: npt.ArrayLike,
    test: Metadata,
    predictions: Predictions,
    resamples: int,
    seed: int,
    untrained: Mapping[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """The model's ROC AUC beside that of a logistic regression on sex, age and view position.

    The regression has a column for each sex and view of the training part, age and its square, and whether the age
    is unknown; a column that is unknown for most radiographs, or the same for all, is left out. It is fitted on the
    training part and scored on the test part.

    Args:
        training: Of the m radiographs of the training part.
        training_targets: Their labels ``(m, L)``: 1, 0 or NaN = unknown, in the order of ``predictions.labels``.
        test: Of the n radiographs of the test part.
        predictions: The model's, of the test part, in the same order.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.
        untrained: Labels that were not trained, which are not judged, with the reason of each.

    Returns:
        For each label, plain values that JSON can hold, None where not estimable: ``roc_auc`` of the model,
        ``metadata_roc_auc``, ``advantage`` (model minus metadata), ``advantage_interval`` (95 %, by patient),
        ``positives``, ``negatives``, ``metadata`` (the columns that were taken into account: of ``sex``, ``age``,
        ``view`` and ``source``), ``verdict`` (see :data:`Verdict`), and ``not_judged_code`` and ``not_judged_reason``.

    Raises:
        DataError: the arrays do not fit together, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a score is NaN or infinite.
    """
    y, used = np.asarray(training_targets, np.float64), known_columns(training, test)
    columns, test_columns = _columns(training, training, used), _columns(training, test, used)
    images, labels = len(predictions.images), len(predictions.labels)
    if y.shape != (len(columns), labels) or len(test_columns) != images:
        raise DataError(
            f"Sex, age and view position must be given for each radiograph. Expected: training labels (m, {labels}) "
            f"and {images} test radiographs. Received: training labels {y.shape} for {len(columns)} radiographs and "
            f"{len(test_columns)} test radiographs. Give whole parts."
        )
    scores = np.stack([_predicted(columns, y[:, at], test_columns) for at in range(labels)], axis=1)
    baseline = Predictions(predictions.images, predictions.patients, predictions.labels, predictions.targets, scores)
    compared = paired_differences(baseline, predictions, resamples, seed)["labels"]
    lacking = dict.fromkeys(untrained or {}, "not_trained")
    metrics = {}
    for at, label in enumerate(predictions.labels):
        code = lacking.get(label) or _lacks(y[:, at], used, compared[label])
        metrics[label] = _advantage(compared[label], used, code)
    return metrics


def known_columns(training: Metadata, test: Metadata) -> list[str]:
    """Those of sex, age, view and source that are known for most radiographs of both parts and vary in both."""
    parts = [training.columns(), test.columns()]
    return [name for name in parts[0] if all(_varies(part[name]) for part in parts)]


def _varies(values: npt.NDArray[np.object_]) -> bool:
    known = [value for value in values if value is not None]
    return len(known) >= max(1, LEAST_KNOWN * len(values)) and len(set(known)) > 1


def _lacks(y: Floats, used: list[str], compared: Mapping[str, Any]) -> str | None:
    """The code of what is lacking for a verdict; None if nothing is."""
    if not used:
        return "no_metadata"
    if min(np.count_nonzero(y == 1), np.count_nonzero(y == 0)) < LEAST_TRAINING_CASES:
        return "few_training_cases"
    if not compared["positives"] or not compared["negatives"]:
        return "one_class"
    return "no_interval" if compared["roc_auc_difference_interval"] is None else None


def _predicted(columns: Floats, y: Floats, test_columns: Floats) -> Floats:
    """The finding's logits by metadata; all 0 without positives, without negatives or without metadata."""
    positive, _ = known_cases(y, np.zeros(len(y)))
    if not is_estimable(positive) or not columns.shape[1]:
        return np.zeros(len(test_columns))
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(max_iter=1000).fit(columns[~np.isnan(y)], positive)
    return np.asarray(regression.decision_function(test_columns), np.float64)


def _columns(training: Metadata, part: Metadata, used: list[str]) -> Floats:
    """Numbers ``(n, k)`` for the regression, in the categories and on the scale of the training part."""
    known, shown = training.columns(), part.columns()
    numbers: list[Floats] = [np.zeros((len(shown["age"]), 0))]
    for name in ("sex", "view", "source"):
        if name in used:
            names = np.unique(np.array([value or "" for value in known[name]], str))
            numbers.append(np.array([value or "" for value in shown[name]], str)[:, None] == names)
    if "age" in used:
        numbers.append(_years(known["age"].astype(np.float64), shown["age"].astype(np.float64)))
    return np.hstack(numbers).astype(np.float64)


def _years(training: Floats, part: Floats) -> Floats:
    """Age, its square, and whether it is unknown ``(n, 3)``, on the scale of the training part."""
    years = np.nan_to_num((part - np.nanmean(training)) / np.nanstd(training))
    return np.column_stack([years, years**2, np.isnan(part)])


def _advantage(compared: Mapping[str, Any], used: list[str], code: str | None) -> dict[str, Any]:
    """The metrics of a label with its verdict; without metadata or training there is no baseline to compare it with."""
    metadata, model = compared["roc_auc"]
    interval = compared["roc_auc_difference_interval"]
    rival = code not in ("not_trained", "no_metadata", "few_training_cases")
    if code is not None or interval is None:
        verdict: Verdict = "not_judged"
    else:
        verdict = "more_than_metadata" if interval[0] > 0 else "not_shown"
    return {
        "roc_auc": None if code == "not_trained" else model,
        "metadata_roc_auc": metadata if rival else None,
        "advantage": compared["roc_auc_difference"] if rival else None,
        "advantage_interval": interval if rival else None,
        "metadata": used,
        "verdict": verdict,
        "not_judged_code": code,
        "not_judged_reason": None if code is None else _NOT_JUDGED[code],
        "positives": compared["positives"],
        "negatives": compared["negatives"],
    }
