"""How far sex, age and view position alone would get: a model that barely beats them has learnt a shortcut.

Portable radiographs (AP) are taken of the sickest, and many findings grow more frequent with age. A network can read
both off a picture without seeing the finding.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats, is_estimable, known_cases
from xraykit.evaluation.paired import Predictions, paired_differences


@dataclass(frozen=True)
class Metadata:
    """What is known of a part's radiographs without looking at them.

    Attributes:
        sex: ``(n,)``, any names; unknown ones are a name of their own.
        age: Years ``(n,)``, NaN = unknown.
        view: ``(n,)``, such as PA or AP.
    """

    sex: npt.ArrayLike
    age: npt.ArrayLike
    view: npt.ArrayLike


def metadata_baseline(
    training: Metadata,
    training_targets: npt.ArrayLike,
    test: Metadata,
    predictions: Predictions,
    resamples: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """The model's ROC AUC beside that of a logistic regression on sex, age and view position.

    The regression has a column for each sex and view of the training part, age and its square, and whether the age
    is unknown. It is fitted on the training part and scored on the test part.

    Args:
        training: Of the m radiographs of the training part.
        training_targets: Their labels ``(m, L)``: 1, 0 or NaN = unknown, in the order of ``predictions.labels``.
        test: Of the n radiographs of the test part.
        predictions: The model's, of the test part, in the same order.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.

    Returns:
        For each label, plain values that JSON can hold, None where not estimable: ``roc_auc`` of the model,
        ``metadata_roc_auc``, ``advantage`` (model minus metadata), ``advantage_interval`` (95 %, by patient),
        ``positives``, ``negatives`` and ``shortcut``: whether the interval reaches down to 0, so that the model was
        not shown to see more than sex, age and view tell. With few positives that may be for want of evidence.

    Raises:
        DataError: the arrays do not fit together, or a label is not 1, 0 or NaN.
        NonFiniteLossError: a score is NaN or infinite.
    """
    y = np.asarray(training_targets, np.float64)
    columns, test_columns = _columns(training, training), _columns(training, test)
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
    return {label: _advantage(compared[label]) for label in predictions.labels}


def _predicted(columns: Floats, y: Floats, test_columns: Floats) -> Floats:
    """The finding's logits by metadata; all 0 without positives or without negatives to learn from."""
    positive, _ = known_cases(y, np.zeros(len(y)))
    if not is_estimable(positive):
        return np.zeros(len(test_columns))
    regression = LogisticRegression(max_iter=1000).fit(columns[~np.isnan(y)], positive)
    return np.asarray(regression.decision_function(test_columns), np.float64)


def _columns(training: Metadata, part: Metadata) -> Floats:
    """Numbers ``(n, k)`` for the regression, in the categories and on the scale of the training part."""
    categories = [(np.asarray(training.sex, str), part.sex), (np.asarray(training.view, str), part.view)]
    shown = [np.asarray(values, str)[:, None] == np.unique(known) for known, values in categories]
    known_ages = np.asarray(training.age, np.float64)
    known_ages = known_ages[~np.isnan(known_ages)]
    age = np.asarray(part.age, np.float64)
    if not len({len(age), *[len(each) for each in shown]}) == 1:
        raise DataError(
            f"Sex, age and view position must have one value for each radiograph. Received: {len(shown[0])}, "
            f"{len(age)} and {len(shown[1])} values."
        )
    centre, spread = (known_ages.mean(), known_ages.std() or 1.0) if len(known_ages) else (0.0, 1.0)
    years = np.nan_to_num((age - centre) / spread)
    return np.column_stack([*shown, years, years**2, np.isnan(age)]).astype(np.float64)


def _advantage(compared: dict[str, Any]) -> dict[str, Any]:
    metadata, model = compared["roc_auc"]
    interval = compared["roc_auc_difference_interval"]
    return {
        "roc_auc": model,
        "metadata_roc_auc": metadata,
        "advantage": compared["roc_auc_difference"],
        "advantage_interval": interval,
        "shortcut": None if interval is None else interval[0] <= 0,
        "positives": compared["positives"],
        "negatives": compared["negatives"],
    }
