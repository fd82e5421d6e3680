import numpy as np
import pytest

from xraykit.config import Rule
from xraykit.evaluation import Calibration, OperatingPoint, brier_score, expected_calibration_error
from xraykit.evaluation.decisions.cross_fitting import LabelRule, _folds, cross_fitted, fit_label

YOUDEN = Rule("youden")
OLD = LabelRule(Calibration(), OperatingPoint(YOUDEN, 0.5))


def shifted(patients, seed=0, slope=0.6, intercept=-2.0):
    """Two radiographs per patient; the true probability is sigmoid(slope · logit + intercept)."""
    drawn = np.random.default_rng(seed)
    logits = drawn.normal(size=2 * patients) * 2
    truth = 1 / (1 + np.exp(-slope * logits - intercept))
    y = (drawn.random(2 * patients) < truth) * 1.0
    return y, logits, np.repeat(np.arange(patients), 2), truth


def test_a_shift_is_undone_on_patients_that_were_not_fitted_on():
    y, logits, patients, truth = shifted(2000)
    probabilities, _, failed = cross_fitted(y, logits, patients, OLD, "platt", YOUDEN)
    assert failed == 0
    assert brier_score(y, probabilities) < brier_score(y, OLD.probabilities(logits)) - 0.1
    assert expected_calibration_error(y, probabilities) < 0.02
    assert np.abs(probabilities - truth).mean() < 0.02


def test_no_radiograph_is_read_by_a_fit_that_knew_its_patient():
    y, logits, patients, _ = shifted(60)
    first, first_calls, _ = cross_fitted(y, logits, patients, OLD, "isotonic", YOUDEN)
    changed = logits.copy()
    changed[0] = 50 * (1 - 2 * y[0])  # one of the two radiographs of patient 0, as surprising as can be
    second, second_calls, _ = cross_fitted(y, changed, patients, OLD, "isotonic", YOUDEN)
    assert second[1] == first[1]
    assert second_calls[1] == first_calls[1]
    assert np.count_nonzero(second != first) > 10


def test_noise_looks_calibrated_in_sample_but_not_when_cross_fitted():
    drawn = np.random.default_rng(1)
    y, logits, patients = (drawn.random(120) < 0.5) * 1.0, drawn.normal(size=120), np.arange(120)
    fitted = fit_label(y, logits, "isotonic", YOUDEN)
    in_sample = expected_calibration_error(y, fitted.probabilities(logits))
    honest, _, _ = cross_fitted(y, logits, patients, OLD, "isotonic", YOUDEN)
    assert in_sample < 0.02
    assert expected_calibration_error(y, honest) > 0.05


def test_each_fold_has_patients_with_a_positive():
    y = np.zeros(100)
    y[::10] = 1
    folds = _folds(y, np.arange(100), 5, seed=3)
    assert np.bincount(folds).tolist() == [20] * 5
    assert np.bincount(folds[y == 1]).tolist() == [2] * 5


def test_where_a_fit_without_a_fold_fails_the_old_decision_rule_is_used():
    # Without its fold the only patient with a positive is gone.
    y, logits, patients = np.array([1.0, *[0] * 9]), np.linspace(1, -1, 10), np.arange(10)
    probabilities, calls, failed = cross_fitted(y, logits, patients, OLD, "platt", YOUDEN)
    assert probabilities[0] == OLD.probabilities(logits[:1])[0]
    assert calls[0] == 1
    assert failed == 1


@pytest.mark.parametrize(
    ("turn", "rule", "message", "code"),
    [
        (-1, YOUDEN, "reverse the order", "order_reversed"),
        (1, Rule("precision", 1.0), "No threshold has precision>=1", "target_not_reached"),
    ],
)
def test_a_fit_that_fails_says_why(turn, rule, message, code):
    y, logits, _, _ = shifted(500)
    y[np.argmax(logits)] = 0
    why = fit_label(y, turn * logits, "platt", rule)
    assert message in why.reason
    assert why.reason_code == code
