"""How a network's logits are read: calibrated, then held against an operating point; for each label on its own.

Both are fitted on the validation part and frozen: nothing that is read on the test part may change them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.config.rules import Rule
from xraykit.errors import DataError
from xraykit.evaluation.calibration import Calibration, fit_calibration
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.operating_points import OperatingPoint, choose_operating_points


@dataclass(frozen=True)
class Reading:
    """From logits to probabilities and calls.

    Attributes:
        calibrations: Of each label, in the order of the network's outputs.
        points: Operating point of each label, on the calibrated probabilities, in the same order.
        fitted_on: Which radiographs both were fitted on, as a person would say it.
    """

    calibrations: Mapping[str, Calibration]
    points: Mapping[str, OperatingPoint]
    fitted_on: str

    def __post_init__(self) -> None:
        if list(self.calibrations) != list(self.points):
            raise DataError(
                f"Each label needs a calibration and an operating point, in the same order. Received calibrations for "
                f"{', '.join(self.calibrations)} and operating points for {', '.join(self.points)}."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the network's outputs."""
        return tuple(self.points)

    @property
    def thresholds(self) -> dict[str, float | None]:
        """The least calibrated probability that is called positive, per label; None where there is none."""
        return {label: point.threshold for label, point in self.points.items()}

    def probabilities(self, logits: npt.ArrayLike) -> Floats:
        """Calibrated probabilities ``(n, L)``, 0–1, of logits ``(n, L)``.

        Raises:
            DataError: the logits have another number of columns than there are labels.
            NonFiniteLossError: a logit is NaN or infinite.
        """
        x = np.asarray(logits, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.points):
            raise DataError(f"Expected logits (n, {len(self.points)}), a column per label. Received: {x.shape}.")
        columns = zip(self.calibrations.values(), x.T, strict=True)
        return np.stack([calibration.apply(column) for calibration, column in columns], axis=1)

    def calls(self, probabilities: npt.ArrayLike) -> Floats:
        """1 where a calibrated probability ``(n, L)`` reaches its operating point, else 0; NaN where there is none."""
        p = np.asarray(probabilities, np.float64)
        thresholds = np.array([np.nan if value is None else value for value in self.thresholds.values()])
        return np.where(np.isnan(thresholds), np.nan, (p >= thresholds).astype(np.float64))

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        labels = {
            label: {
                "calibration": self.calibrations[label].as_values(),
                "rule": str(point.rule),
                "threshold": point.threshold,
                "reason": point.reason,
            }
            for label, point in self.points.items()
        }
        return {"fitted_on": self.fitted_on, "labels": labels}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Reading":
        """The reading that :meth:`as_values` gave.

        Raises:
            DataError: the values are not those of a reading.
        """
        try:
            labels = dict(values["labels"])
            points = {
                label: OperatingPoint(Rule.parse(each["rule"]), each["threshold"], each["reason"])
                for label, each in labels.items()
            }
            calibrations = {label: Calibration.from_values(each["calibration"]) for label, each in labels.items()}
            return cls(calibrations, points, str(values["fitted_on"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"These are not the values of a reading: {error}. Expected: fitted_on, and for each label calibration, "
                f"rule, threshold and reason. Write them anew with python -m xraykit.recalibrate."
            ) from error


def fit_reading(
    targets: npt.ArrayLike,
    logits: npt.ArrayLike,
    labels: Sequence[str],
    *,
    method: str,
    rules: Mapping[str, Rule],
    fitted_on: str,
) -> Reading:
    """Fit calibration and operating point of each label.

    Args:
        targets: Labels ``(n, L)`` of the radiographs to fit on, never those of the test part: 1, 0 or NaN = unknown.
        logits: ``(n, L)`` of the network, finite.
        labels: Names of the L columns.
        method: How each label is calibrated: one of ``calibration.METHODS``.
        rules: By which each label's threshold is chosen, by name.
        fitted_on: Which radiographs these are, as a person would say it.

    Raises:
        DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or method or rules are unknown.
        NonFiniteLossError: a logit is NaN or infinite.
    """
    y, x = as_columns(targets, logits, len(labels))
    calibrations = {label: fit_calibration(y[:, at], x[:, at], method) for at, label in enumerate(labels)}
    p = np.stack([calibrations[label].apply(x[:, at]) for at, label in enumerate(labels)], axis=1)
    return Reading(calibrations, choose_operating_points(y, p, labels, rules), fitted_on)
