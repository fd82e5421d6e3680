"""From logits to decisions: calibration, then a threshold on the calibrated probability; each label separately.

Both are fitted on the validation part and frozen: nothing in the test part may change them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xraykit.config import Rule
from xraykit.errors import DataError
from xraykit.evaluation.calibration.fitting import Calibration, fit_calibration
from xraykit.evaluation.decisions.operating_points import OperatingPoint, choose_threshold
from xraykit.evaluation.metrics import Floats, as_columns
from xraykit.evaluation.reasons import PHRASES, REASON_CODES, ReasonCode
from xraykit.evaluation.statistics.resampling import patient_codes, patients_of_rarer_class


class Decisions(NamedTuple):
    """What a decision rule makes of logits.

    Attributes:
        probabilities: ``(n, L)``, 0–1; NaN for a label that was not trained.
        calls: ``(n, L)``: 1 = positive, 0 = negative, NaN where the label has no threshold.
    """

    probabilities: Floats
    calls: Floats


@dataclass(frozen=True)
class DecisionRule:
    """From logits to probabilities and calls: :meth:`fit` on the validation part, :meth:`apply` to other radiographs.

    Attributes:
        calibrations: Of each label, in the order of the network's outputs.
        points: Operating point of each label, on the calibrated probabilities, in the same order.
        fitted_on: Which radiographs both were fitted on, in words.
        untrained: Labels that were not trained, each with the reason as a sentence
            (:func:`.untrained_labels`): they have no probabilities.
    """

    calibrations: Mapping[str, Calibration]
    points: Mapping[str, OperatingPoint]
    fitted_on: str
    untrained: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if list(self.calibrations) != list(self.points):
            raise DataError(
                f"Each label needs a calibration and an operating point, in the same order. Received calibrations for "
                f"{', '.join(self.calibrations)} and operating points for {', '.join(self.points)}."
            )
        called = [label for label in self.untrained if label not in self.points or self.thresholds[label] is not None]
        if called:
            raise DataError(
                f"A label that was not trained has neither probability nor operating point. Received one for, or no "
                f"label named: {', '.join(called)}."
            )

    @classmethod
    def fit(
        cls,
        targets: npt.ArrayLike,
        logits: npt.ArrayLike,
        labels: Sequence[str],
        *,
        method: str,
        rules: Mapping[str, Rule],
        fitted_on: str,
        patients: npt.ArrayLike,
        min_patients: int,
        untrained: Mapping[str, str] | None = None,
    ) -> "DecisionRule":
        """Fit calibration and operating point of each label that has patients enough.

        Args:
            targets: Labels ``(n, L)`` of the radiographs to fit on, never those of the test part: 1, 0 or NaN =
                unknown.
            logits: ``(n, L)`` of the network, finite.
            labels: Names of the L columns.
            method: How each label is calibrated: one of ``calibration.METHODS``.
            rules: By which each label's threshold is chosen, by name.
            fitted_on: Which radiographs these are, in words.
            patients: Each radiograph's patient ``(n,)``.
            min_patients: Fewest patients with a positive, and with a negative, on which a label is fitted; with fewer
                it keeps its plain sigmoid, has no operating point, and gives the reason.
            untrained: Labels that were not trained, with the reason of each (:func:`.untrained_labels`).

        Raises:
            DataError: the arrays do not fit together, a label is not 1, 0 or NaN, or method or rules are unknown.
            NonFiniteLossError: a logit is NaN or infinite.
        """
        y, x = as_columns(targets, logits, len(labels))
        codes, lacking = patient_codes(patients, len(y)), untrained or {}
        missing = [label for label in labels if label not in rules]
        if missing:
            raise DataError(f"Each label needs a rule for its threshold. Missing: {', '.join(missing)}. Give them one.")
        calibrations, points = {}, {}
        for label, truth, score in zip(labels, y.T, x.T, strict=True):
            few = too_few_patients(truth, codes, min_patients)
            if label in lacking:
                calibrations[label], points[label] = _unfitted(rules[label], lacking[label], "not_trained")
            elif few is not None:
                calibrations[label], points[label] = _unfitted(rules[label], few, "few_patients")
            else:
                calibrations[label] = fit_calibration(truth, score, method)
                points[label] = choose_threshold(truth, calibrations[label].apply(score), rules[label])
        return cls(calibrations, points, fitted_on, dict(lacking))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the network's outputs."""
        return tuple(self.points)

    @property
    def thresholds(self) -> dict[str, float | None]:
        """The least calibrated probability that is called positive, per label; None where there is none."""
        return {label: point.threshold for label, point in self.points.items()}

    @property
    def uncalibrated(self) -> dict[str, str]:
        """The trained labels whose probability is the plain sigmoid of the logit, each with the reason."""
        return {
            label: each.reason or "The experiment switches calibration off."
            for label, each in self.calibrations.items()
            if not each.calibrated and label not in self.untrained
        }

    @property
    def notes(self) -> list[str]:
        """Caveats for its probabilities and calls, grouped by reason, as sentences; often none."""
        groups: dict[str, list[str]] = {}
        for label, calibration in self.calibrations.items():
            point = self.points[label]
            if label in self.untrained:
                groups.setdefault(f"Not trained, no probability ({PHRASES['not_trained']})", []).append(label)
                continue
            if not calibration.calibrated:
                why = PHRASES[calibration.reason_code] if calibration.reason else "not asked for"
                groups.setdefault(f"Not calibrated ({why})", []).append(label)
            if point.threshold is None:
                groups.setdefault(f"No operating point ({PHRASES[point.reason_code]})", []).append(label)
        return [f"{what}: {', '.join(labels)}." for what, labels in groups.items()]

    def take(self, labels: Sequence[str]) -> "DecisionRule":
        """The decision rule of some of the labels, in the given order; it reads logits with their columns alone.

        Raises:
            DataError: a label is unknown.
        """
        unknown = [label for label in labels if label not in self.points]
        if unknown:
            raise DataError(f"Unknown labels: {', '.join(unknown)}. Expected: {', '.join(self.labels)}.")
        return DecisionRule(
            {label: self.calibrations[label] for label in labels},
            {label: self.points[label] for label in labels},
            self.fitted_on,
            {label: self.untrained[label] for label in labels if label in self.untrained},
        )

    def apply(self, logits: npt.ArrayLike) -> Decisions:
        """Probabilities and calls of logits ``(n, L)``; raises as :meth:`probabilities` does."""
        probabilities = self.probabilities(logits)
        return Decisions(probabilities, self.calls(probabilities))

    def probabilities(self, logits: npt.ArrayLike) -> Floats:
        """Probabilities ``(n, L)``, 0–1, of logits ``(n, L)``: calibrated but for those of :attr:`uncalibrated`.

        Those of a label that was not trained are NaN.

        Raises:
            DataError: the logits have another number of columns than there are labels.
            NonFiniteLossError: a logit is NaN or infinite.
        """
        columns = [calibration.apply(column) for calibration, column in self._by_label(logits)]
        p = np.stack(columns, axis=1)
        p[:, [label in self.untrained for label in self.labels]] = np.nan
        return p

    def calibrated_logits(self, logits: npt.ArrayLike) -> Floats:
        """Logits of the calibrated probabilities ``(n, L)``, finite; see :meth:`.Calibration.logits`.

        Those of a label that was not calibrated, or not trained, are the logits given.

        Raises:
            DataError: the logits have another number of columns than there are labels.
            NonFiniteLossError: a logit is NaN or infinite.
        """
        return np.stack([calibration.logits(column) for calibration, column in self._by_label(logits)], axis=1)

    def _by_label(self, logits: npt.ArrayLike) -> list[tuple[Calibration, Floats]]:
        x = np.asarray(logits, np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.points):
            raise DataError(f"Expected logits (n, {len(self.points)}), a column per label. Received: {x.shape}.")
        return list(zip(self.calibrations.values(), x.T, strict=True))

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
                "reason_code": point.reason_code,
                "trained": label not in self.untrained,
                "not_trained_reason": self.untrained.get(label),
            }
            for label, point in self.points.items()
        }
        return {"fitted_on": self.fitted_on, "labels": labels}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "DecisionRule":
        """The decision rule that :meth:`as_values` gave; earlier versions lack ``reason_code`` and ``trained``.

        Raises:
            DataError: the values are not those of a decision rule.
        """
        try:
            labels = dict(values["labels"])
            points = {
                label: OperatingPoint(Rule.parse(each["rule"]), each["threshold"], each["reason"], _code(each))
                for label, each in labels.items()
            }
            calibrations = {label: Calibration.from_values(each["calibration"]) for label, each in labels.items()}
            untrained = {
                label: str(each["not_trained_reason"])
                for label, each in labels.items()
                if not each.get("trained", True)
            }
            return cls(calibrations, points, str(values["fitted_on"]), untrained)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"These are not the values of a decision rule: {error}. Expected: fitted_on, and for each label "
                f"calibration, rule, threshold and reason. Write them again with xraykit recalibrate."
            ) from error


def _code(values: Mapping[str, Any]) -> Any:
    code = values.get("reason_code")
    if code not in (None, *REASON_CODES):
        raise ValueError(f"{code!r} is no reason_code")
    return code


def too_few_patients(y: npt.ArrayLike, patients: npt.ArrayLike, needed: int) -> str | None:
    """Why calibration and threshold are not fitted on so few patients, as a sentence; None if there are enough.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        patients: Each radiograph's patient ``(n,)``.
        needed: Fewest patients with a positive, and with a negative.
    """
    values = np.asarray(y, np.float64)
    codes = patient_codes(patients, len(values))
    if patients_of_rarer_class(values, codes) >= needed:
        return None
    positives, negatives = (len(np.unique(codes[values == label])) for label in (1, 0))
    return (
        f"Too few patients for a stable fit: {positives:,} with a positive and {negatives:,} with a negative; at least "
        f"{needed:,} of each are needed."
    )


def _unfitted(rule: Rule, reason: str, code: ReasonCode) -> tuple[Calibration, OperatingPoint]:
    return Calibration(reason=reason, reason_code=code), OperatingPoint(rule, None, reason, code)
