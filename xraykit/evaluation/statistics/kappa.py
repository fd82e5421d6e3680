"""Cohen's kappa: agreement of two readings beyond chance, with an interval over patients.

Cohen, Educational and Psychological Measurement 1960;20:37-46. The large-sample variance is that of Fleiss, Cohen and
Everitt (Psychological Bulletin 1969;72:323-327), written as a sum over cases of their influence on kappa, which is
added up within patients first, as radiographs of one patient are not independent. With one radiograph of each patient
it is theirs, times n / (n - 1). The interval is Student's on the scale of Fisher's z, which keeps it within -1 and 1
and, other than kappa plus and minus two standard errors, holds where agreement is high.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped]

from xraykit.errors import DataError
from xraykit.evaluation.metrics import Floats
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS, LEVEL, Estimated, not_given
from xraykit.evaluation.statistics.resampling import Codes, number_of_patients, patient_codes


@dataclass(frozen=True)
class Agreement:
    """How far two readings of the same cases agree.

    Attributes:
        cases: Number of cases that both read.
        patients: Number of their patients.
        both: Cases that both call present.
        first_only: Cases that the first alone calls present.
        second_only: Cases that the second alone calls present.
        neither: Cases that both call absent.
        kappa: Cohen's kappa, -1 to 1; None where it does not exist: no cases, or both call all present or all absent.
        standard_error: Of kappa; None without one.
        around: Its 95 % interval over patients, or why there is none.
    """

    cases: int
    patients: int
    both: int
    first_only: int
    second_only: int
    neither: int
    kappa: float | None
    standard_error: float | None
    around: Estimated

    @property
    def observed(self) -> float | None:
        """Share of the cases in which they agree, 0-1; None without cases."""
        return (self.both + self.neither) / self.cases if self.cases else None


def cohens_kappa(first: npt.ArrayLike, second: npt.ArrayLike, patients: npt.ArrayLike) -> Agreement:
    """Agreement of two readings, each present or absent.

    Args:
        first: ``(n,)`` 1 (present) or 0 (absent).
        second: ``(n,)`` the same of the other.
        patients: Each case's patient ``(n,)``.

    Raises:
        DataError: the lengths differ, or a reading is neither 1 nor 0.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.shape != b.shape or a.ndim != 1 or not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise DataError(
            f"Agreement needs two readings of the same cases, each 1 or 0. Received: {a.shape} and {b.shape}. Leave "
            f"out cases that only one of them read."
        )
    codes = patient_codes(patients, len(a))
    count = number_of_patients(codes)
    both, first_only, second_only = (int(np.sum((a == x) & (b == y))) for x, y in ((1, 1), (1, 0), (0, 1)))
    counts = (len(a), count, both, first_only, second_only, len(a) - both - first_only - second_only)
    chance = _by_chance(a, b)
    if not len(a) or chance == 1:
        return Agreement(*counts, None, None, not_given("not_estimable"))
    kappa = (float(np.mean(a == b)) - chance) / (1 - chance)
    error = _standard_error(_influence(a, b, kappa, chance), codes, count)
    return Agreement(*counts, kappa, error, _interval(kappa, error, count))


def _by_chance(a: Floats, b: Floats) -> float:
    """Share of agreement that is expected of the two rates of present alone."""
    if not len(a):
        return math.nan
    p, q = float(a.mean()), float(b.mean())
    return p * q + (1 - p) * (1 - q)


def _influence(a: Floats, b: Floats, kappa: float, chance: float) -> Floats:
    """How much each case moves kappa, times n; its mean is 0."""
    p, q = a.mean(), b.mean()
    of_chance = np.where(a == 1, q, 1 - q) + np.where(b == 1, p, 1 - p) - 2 * chance
    agreement = (a == b) - np.mean(a == b)
    return np.asarray((agreement - (1 - kappa) * of_chance) / (1 - chance))


def _standard_error(influence: Floats, codes: Codes, patients: int) -> float | None:
    if patients < 2:
        return None
    sums = np.bincount(codes, influence, minlength=patients)
    error = math.sqrt(float(np.sum(sums**2)) * patients / (patients - 1)) / len(influence)
    return 0.0 if error < 1e-12 else error


def _interval(kappa: float, error: float | None, patients: int) -> Estimated:
    if error is None or patients < ENOUGH_PATIENTS:
        return not_given("few_patients")
    if error == 0 or abs(kappa) == 1:
        return not_given("no_variation")
    half = float(special.stdtrit(patients - 1, (1 + LEVEL) / 2)) * error / (1 - kappa**2)
    return Estimated([math.tanh(math.atanh(kappa) - half), math.tanh(math.atanh(kappa) + half)], None)
