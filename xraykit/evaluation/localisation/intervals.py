"""Intervals of how well heat maps meet boxes, and of how much better than a baseline on the same boxes.

A score of a label is a mean over its pairs or boxes, with an interval by patient
(:mod:`xraykit.evaluation.statistics.shares`).
The mean over labels combines those (MOVER: Zou and Donner, Statistics in Medicine 2008;27:1693–1702), as if a
patient's pairs of two findings always agreed; of a label with one patient it takes any value to be possible.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from xraykit.evaluation.metrics import Booleans, Floats
from xraykit.evaluation.statistics.intervals import Interval
from xraykit.evaluation.statistics.resampling import Codes
from xraykit.evaluation.statistics.shares import mean_of, share_of


class Estimate(NamedTuple):
    """A mean, None where there is nothing, and its 95 % interval, None with fewer than two patients."""

    value: float | None
    interval: Interval


class Cases(NamedTuple):
    """Pairs or boxes: whether each is of each of the L labels ``(k, L)``, and its patient ``(k,)``."""

    member: Booleans
    codes: Codes


def label_estimates(values: Floats, cases: Cases, *, binary: bool) -> list[Estimate]:
    """Mean of the values ``(k,)``, 0–1, of each label; ``binary`` if (nearly) all of them are 0 or 1."""
    estimates = []
    for of in cases.member.T:
        own, codes = values[of], np.unique(cases.codes[of], return_inverse=True)[1]
        share = share_of(own, np.ones(len(own)), codes) if binary else mean_of(own, codes, len(np.unique(codes)))
        estimates.append(Estimate(None, None) if share is None else Estimate(share.value, share.interval()))
    return estimates


def difference_estimates(first: Floats, second: Floats, cases: Cases) -> list[Estimate]:
    """Mean of ``first - second``, both ``(k,)`` and 0–1, of each label: what one patient's pairs share cancels out."""
    # On the scale of shares, where a difference of nothing in all pairs is no certainty.
    scaled = label_estimates((first - second + 1) / 2, cases, binary=False)
    return [
        Estimate(
            None if each.value is None else 2 * each.value - 1, each.interval and [2 * end - 1 for end in each.interval]
        )
        for each in scaled
    ]


def mean_estimate(estimates: Sequence[Estimate], cases: Cases, lowest: float) -> Estimate:
    """Mean over the labels that have a value, between ``lowest`` and 1."""
    known = [at for at, each in enumerate(estimates) if each.value is not None]
    if not known:
        return Estimate(None, None)
    values = np.array([estimates[at].value for at in known], np.float64)
    mean = float(np.mean(values))
    if all(estimates[at].interval is None for at in known):
        return Estimate(mean, None)
    ends = np.array([estimates[at].interval or [lowest, 1.0] for at in known], np.float64)
    alike = _shared_patients(cases)[np.ix_(known, known)]
    below, above = (
        math.sqrt(float(distances @ alike @ distances)) / len(known) for distances in np.abs(ends - values[:, None]).T
    )
    return Estimate(mean, [max(lowest, mean - below), min(1.0, mean + above)])


def _shared_patients(cases: Cases) -> Floats:
    """The largest correlation that two labels can have ``(L, L)``: by how many patients are those of both."""
    patients = [set(cases.codes[of].tolist()) for of in cases.member.T]
    return np.array(
        [[len(one & other) / math.sqrt(max(1, len(one) * len(other))) for other in patients] for one in patients]
    ).reshape(len(patients), len(patients))
