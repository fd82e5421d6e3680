"""From the logits of an ensemble's members to one logit per label, and how far the members are apart.

A logit means something only together with its member's calibration: two members that were trained with other seeds or
on other patients are equally good and have another scale. So each member's logits are calibrated by its own decision
rule before they are averaged. The mean of logits is the logarithm of a geometric mean of odds (a product of experts:
Hinton, Neural Computation 2002); the ensemble's own decision rule is fitted on it and calibrates the whole.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.calibration.fitting import Calibration
from xraykit.evaluation.decisions.decision_rule import DecisionRule
from xraykit.evaluation.metrics import Floats


def combined_logits(rules: Sequence[DecisionRule], logits: npt.ArrayLike) -> Floats:
    """The mean over an ensemble's members of their calibrated logits, ``(n, L)`` float64.

    - A label that a member did not train is left out of the mean: its output is noise.
    - A label that not every member that trained it calibrated, as some had too few patients, counts with the raw logits
      of all of them (:func:`alike_rules`): calibrated and raw logits have different scales.
    - A label that no member trained has the mean of the raw logits, which are noise; the ensemble's decision rule has
      no probability for it.
    - An isotonic calibration that gives 0 or 1 counts as :data:`.LEAST_PROBABILITY` or 1 minus that.

    Args:
        rules: Decision rule of each of the ``m`` members, all of the same ``L`` labels in the same order.
        logits: ``(m, n, L)``, each member's raw logits of the same ``n`` radiographs, finite.

    Raises:
        DataError: the shape does not fit the rules, or the labels of the rules differ.
        NonFiniteLossError: a logit is NaN or infinite.
    """
    x = _checked(rules, logits)
    alike = alike_rules(rules)
    calibrated = np.stack([rule.calibrated_logits(each) for rule, each in zip(alike, x, strict=True)])
    trained = trained_labels(rules)
    counts = np.where(trained.any(axis=0), trained, True)
    return np.asarray(np.where(counts[:, None, :], calibrated, 0).sum(axis=0) / counts.sum(axis=0), np.float64)


def alike_rules(rules: Sequence[DecisionRule]) -> tuple[DecisionRule, ...]:
    """The members' decision rules, in which a label is calibrated by all members that trained it, or by none."""
    trained, calibrated = trained_labels(rules), calibrated_labels(rules)
    mixed = calibrated.any(axis=0) & (calibrated != trained).any(axis=0)
    names = {label for label, differs in zip(rules[0].labels, mixed, strict=True) if differs} if rules else set()
    return tuple(
        DecisionRule(
            {label: Calibration() if label in names else each for label, each in rule.calibrations.items()},
            rule.points,
            rule.fitted_on,
            rule.untrained,
        )
        if names
        else rule
        for rule in rules
    )


def member_probabilities(rules: Sequence[DecisionRule], logits: npt.ArrayLike) -> Floats:
    """Each member's probabilities by its own decision rule, ``(m, n, L)``; NaN for labels that it did not train.

    Args and raises: see :func:`combined_logits`.
    """
    x = _checked(rules, logits)
    return np.stack([rule.probabilities(each) for rule, each in zip(rules, x, strict=True)])


def spread(rules: Sequence[DecisionRule], logits: npt.ArrayLike) -> Floats:
    """How far an ensemble's members are apart: the largest minus the smallest of their probabilities, ``(n, L)``, 0–1.

    Members are compared that can be: those with a calibration of the label, or, if none has one, those that trained
    it. NaN where these are fewer than two. It is no confidence interval: all members may be wrong together.

    Args and raises: see :func:`combined_logits`.
    """
    p = member_probabilities(rules, logits)
    trained, calibrated = trained_labels(rules), calibrated_labels(rules)
    compared = np.where(calibrated.any(axis=0), calibrated, trained)
    low = np.where(compared[:, None, :], p, np.inf).min(axis=0)
    high = np.where(compared[:, None, :], p, -np.inf).max(axis=0)
    return np.where(compared.sum(axis=0) >= 2, high - np.where(np.isfinite(low), low, 0), np.nan)


def trained_labels(rules: Sequence[DecisionRule]) -> npt.NDArray[np.bool_]:
    """Which labels each member trained, ``(m, L)``."""
    return np.array([[label not in rule.untrained for label in rule.labels] for rule in rules], bool)


def calibrated_labels(rules: Sequence[DecisionRule]) -> npt.NDArray[np.bool_]:
    """Which labels each member trained and calibrated, ``(m, L)``."""
    calibrated = [[each.calibrated for each in rule.calibrations.values()] for rule in rules]
    return np.array(calibrated, bool) & trained_labels(rules)


def _checked(rules: Sequence[DecisionRule], logits: npt.ArrayLike) -> Floats:
    x = np.asarray(logits, np.float64)
    others = [rule.labels for rule in rules if rule.labels != rules[0].labels]
    if not rules or others:
        received = f"{', '.join(rules[0].labels)} and {', '.join(others[0])}" if others else "no member"
        raise DataError(f"All members of an ensemble need the same labels in the same order. Received: {received}.")
    if x.ndim != 3 or len(x) != len(rules) or x.shape[2] != len(rules[0].labels):
        raise DataError(
            f"Expected logits ({len(rules)}, n, {len(rules[0].labels)}): members, radiographs, labels. Received: "
            f"{x.shape}."
        )
    return x
