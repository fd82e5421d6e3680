"""From logits to calibrated probabilities, per label, fitted on the validation part alone.

A loss that weights positives up shifts all probabilities up, and a network is often too sure of itself: the order of
the cases is right, the numbers are not. A calibration is a rising function of the logit, so that the order stays as it
is (ROC AUC changes by new ties at most).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Booleans, Floats, check_finite, is_estimable, known_cases
from xraykit.evaluation.reasons import REASON_CODES, ReasonCode
from xraykit.evaluation.statistics.logistic import fit_logistic
from xraykit.system import counted

METHODS = ("platt", "temperature", "isotonic", "none")

LEAST_PROBABILITY = 1e-4
"""What an isotonic 0 counts as where logits are needed, and 1 minus this for 1: a logit of 9.2 at most.

The steps are 0 or 1 where the validation part had no case of the other kind, which is no certainty: with an infinite
logit, or one of 34, a single member of an ensemble would overrule all others.
"""


@dataclass(frozen=True)
class Calibration:
    """How a label's logits become probabilities.

    Attributes:
        method: One of ``METHODS``, as it was applied: ``none`` if the one asked for could not be fitted.
        slope: Of the logit; above 0.
        intercept: Added to it.
        knots: Logits, rising, of the isotonic function; empty for the other methods.
        heights: Its probabilities there, never falling. It is straight in between and level outside.
        reason: Why the method asked for was not applied, as a sentence; None if it was.
        reason_code: The same for programs; None if it was applied, or if an older version fitted it.
    """

    method: str = "none"
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    reason: str | None = None
    reason_code: ReasonCode | None = None

    def __post_init__(self) -> None:
        heights = (0.0, *self.heights, 1.0)
        sound = (
            self.method in METHODS
            and np.all(np.isfinite([self.slope, self.intercept, *self.knots, *self.heights]))
            and self.slope > 0
            and len(self.knots) == len(self.heights)
            and (self.method == "isotonic") == bool(self.knots)
            and np.all(np.diff(self.knots) > 0)
            and np.all(np.diff(heights) >= 0)
            and self.reason_code in (None, *REASON_CODES)
        )
        if not sound:
            raise DataError(
                f"A calibration has one of the methods {', '.join(METHODS)}, a finite slope above 0, a finite "
                f"intercept, and for isotonic rising knots with heights within 0 and 1. Received: {asdict(self)}. Fit "
                "it again on the validation part."
            )

    @property
    def calibrated(self) -> bool:
        """Whether a calibration is applied; else the probability is the plain sigmoid of the logit."""
        return self.method != "none"

    def apply(self, logits: npt.ArrayLike) -> Floats:
        """Calibrated probabilities, 0–1, float64, in the shape of the logits.

        Raises:
            NonFiniteLossError: a logit is NaN or infinite.
        """
        x = np.asarray(logits, np.float64)
        check_finite(x)
        if self.knots:
            return np.asarray(np.interp(x, self.knots, self.heights), np.float64)
        return _sigmoid(self.slope * x + self.intercept)

    def logits(self, logits: npt.ArrayLike) -> Floats:
        """Logits of the calibrated probabilities, float64, in the shape of the logits given, and finite.

        The logit itself where no calibration is applied. Isotonic probabilities are limited by
        :data:`LEAST_PROBABILITY`.

        Raises:
            NonFiniteLossError: a logit is NaN or infinite.
        """
        x = np.asarray(logits, np.float64)
        check_finite(x)
        if self.knots:
            return logits_of(np.clip(self.apply(x), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
        largest = np.finfo(np.float64).max
        with np.errstate(over="ignore"):
            return np.asarray(np.clip(self.slope * x + self.intercept, -largest, largest), np.float64)

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {**asdict(self), "knots": list(self.knots), "heights": list(self.heights)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Calibration":
        """The calibration that :meth:`as_values` gave.

        Raises:
            DataError: the values are not those of a calibration.
        """
        try:
            return cls(**{**values, "knots": tuple(values["knots"]), "heights": tuple(values["heights"])})
        except (KeyError, TypeError) as error:
            raise DataError(
                f"These are not the values of a calibration. Expected: {', '.join(asdict(cls()))}. Received: "
                f"{dict(values)}. Fit it again on the validation part."
            ) from error


def fit_calibration(y: npt.ArrayLike, logits: npt.ArrayLike, method: str = "platt") -> Calibration:
    """The calibration of one label.

    ``platt`` fits slope and intercept, ``temperature`` the slope alone, both by maximum likelihood. In place of 1 and
    0 they aim at (P + 1) / (P + 2) and 1 / (N + 2), for P positives and N negatives (Platt 1999, Probabilistic Outputs
    for Support Vector Machines): a best slope then exists even where the label is separated without a fault, and with
    few positives probabilities stay away from 0 and 1. ``isotonic`` takes the rising steps closest to the labels; it
    needs hundreds of positives and makes ties. ``temperature`` cannot undo a shift, as of a weighted loss.

    Args:
        y: Labels ``(n,)`` of the validation part: 1, 0 or NaN = unknown.
        logits: ``(n,)``, finite.
        method: One of ``METHODS``.

    Returns:
        The calibration; ``none`` with its reason if the label lacks positives or negatives, if all logits are equal,
        or if the fit would turn the order round.

    Raises:
        DataError: the method is unknown; else see :func:`xraykit.evaluation.metrics.known_cases`.
        NonFiniteLossError: a logit is NaN or infinite.
    """
    if method not in METHODS:
        raise DataError(f"Unknown calibration method. Allowed: {', '.join(METHODS)}. Received: {method!r}.")
    positive, x = known_cases(y, logits)
    if method == "none":
        return Calibration()
    if not is_estimable(positive):
        positives, negatives = int(np.count_nonzero(positive)), int(np.count_nonzero(~positive))
        counts = f"{counted(positives, 'positive')} and {counted(negatives, 'negative')}"
        reason = f"Calibration needs both positives and negatives. Found: {counts}."
        return Calibration(reason=reason, reason_code="one_class")
    if np.ptp(x) <= 1e-9 * max(1.0, float(np.max(np.abs(x)))):
        reason = "All logits are equal: calibration is impossible."
        return Calibration(reason=reason, reason_code="equal_logits")
    return _isotonic(positive, x) if method == "isotonic" else _scaled(positive, x, method)


def logits_of(probabilities: npt.ArrayLike) -> Floats:
    """Logits of probabilities in 0–1, for runs that kept only those; limited to ±34.5, which float64 still resolves.

    Raises:
        DataError: a probability is not within 0 and 1.
    """
    p = np.asarray(probabilities, np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        raise DataError(f"Probabilities must be within 0 and 1. Received: {p.min():g} to {p.max():g}.")
    inside = np.clip(p, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)


def _scaled(positive: Booleans, x: Floats, method: str) -> Calibration:
    positives, negatives = np.count_nonzero(positive), np.count_nonzero(~positive)
    aims = np.where(positive, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    # Scaled and, where there is an intercept, centred: the fit is the same and well conditioned.
    centre, scale = (float(x.mean()), float(x.std())) if method == "platt" else (0.0, float(np.sqrt(np.mean(x**2))))
    z = (x - centre) / scale
    fitted = fit_logistic(np.stack([z, np.ones_like(z)], axis=1) if method == "platt" else z[:, None], aims)
    slope = float(fitted[0]) / scale
    intercept = float(fitted[1]) - slope * centre if method == "platt" else 0.0
    if not slope > 0:
        return Calibration(
            reason=f"The best slope is {slope:.3g}: a higher logit does not mean a likelier finding where it was "
            "fitted. Calibration would reverse the order of the cases.",
            reason_code="order_reversed",
        )
    return Calibration(method, slope, intercept)


def _isotonic(positive: Booleans, x: Floats) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(y_min=0, y_max=1).fit(x, positive.astype(np.float64))
    if steps.y_thresholds_[0] == steps.y_thresholds_[-1]:
        return Calibration(
            reason="The best rising steps are one level: a higher logit does not mean a likelier finding where it was "
            "fitted. Calibration would make all cases equal.",
            reason_code="order_reversed",
        )
    return Calibration(
        "isotonic", knots=tuple(steps.X_thresholds_.tolist()), heights=tuple(steps.y_thresholds_.tolist())
    )


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -x)), np.float64)
