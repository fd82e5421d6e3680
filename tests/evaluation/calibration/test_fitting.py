"""Calibration, against SciPy's optimiser and scikit-learn."""

import json

import numpy as np
import pytest
import statsmodels.api
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.special import logit as scipy_logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tests.evaluation.reference import CASES, by_class, columns
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import Calibration, brier_score, fit_calibration, logits_of, roc_auc
from xraykit.evaluation.calibration.fitting import METHODS
from xraykit.evaluation.statistics.logistic import fit_logistic
from xraykit.system.terminal.counting import counted

NAN = np.nan
FITTED = METHODS[:3]


def shifted(n=3000, slope=0.5, intercept=-1.5, seed=0):
    """Labels whose true logit is ``slope`` times the model's plus ``intercept``, and the model's logits."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, n)
    return (generator.random(n) < expit(slope * logits + intercept)).astype(float), logits


def aims(y):
    positives, negatives = np.sum(y == 1), np.sum(y == 0)
    return np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def loss_and_gradient(coefficients, y, design):
    z = design @ coefficients
    return np.sum(np.logaddexp(0, z) - aims(y) * z), design.T @ (expit(z) - aims(y))


@pytest.mark.parametrize(("method", "start"), [("platt", [1.0, 0.0]), ("temperature", [1.0])])
@pytest.mark.parametrize("seed", range(4))
def test_slope_and_intercept_have_the_largest_likelihood(method, start, seed):
    y, x = shifted(n=200, seed=seed)
    fitted = fit_calibration(y, x, method)
    design = np.stack([x, np.ones_like(x)], axis=1)[:, : len(start)]
    found = minimize(loss_and_gradient, start, args=(y, design), jac=True, method="BFGS", options={"gtol": 1e-9})
    assert [fitted.slope, fitted.intercept][: len(start)] == pytest.approx(found.x, abs=1e-6)
    assert fitted.method == method


def test_with_many_cases_it_is_the_plain_logistic_regression():
    y, x = shifted(n=50_000)
    regression = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, None], y)
    fitted = fit_calibration(y, x)
    assert [fitted.slope, fitted.intercept] == pytest.approx(
        [regression.coef_[0, 0], regression.intercept_[0]], abs=2e-3
    )
    assert [fitted.slope, fitted.intercept] == pytest.approx([0.5, -1.5], abs=0.05)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(CASES, st.sampled_from(FITTED), st.sampled_from([1.0, 30.0, 1e4]), st.sampled_from([0.0, -5.0, 100.0]))
def test_whatever_the_cases_probabilities_rise_with_the_logit(cases, method, scale, shift):
    y, x = columns(cases)
    x = scale * x + shift
    fitted = fit_calibration(y, x, method)
    p = fitted.apply(np.sort(x))
    assert np.all((p >= 0) & (p <= 1))
    assert np.all(np.diff(p) >= 0)
    assert (fitted.reason is None) == (fitted.method == method)
    if fitted.method == "none":
        np.testing.assert_allclose(p, expit(np.sort(x)), rtol=1e-12)
    assert Calibration.from_values(json.loads(json.dumps(fitted.as_values(), allow_nan=False))) == fitted


@settings(deadline=None)
@given(CASES)
def test_platt_is_at_a_point_without_slope_of_the_likelihood(cases):
    y, x = columns(cases)
    fitted = fit_calibration(y, x)
    known = ~np.isnan(y)
    if not all(by_class(y, x)) or np.ptp(x[known]) <= 1e-9:
        assert fitted.method == "none"
        return
    if fitted.method == "none":
        # The likelihood does not rise with the slope, from the best fit without one.
        assert np.sum((aims(y[known]) - aims(y[known]).mean()) * x[known]) <= 1e-9
        return
    surplus = fitted.apply(x[known]) - aims(y[known])
    assert abs(surplus.sum()) < 1e-7
    assert abs((surplus * (x[known] - x[known].mean())).sum()) < 1e-7


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_roc_auc_stays_as_it_is(method):
    y, x = shifted(n=500)
    assert roc_auc(y, fit_calibration(y, x, method).apply(x)) == roc_auc(y, x)


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_probabilities_are_better_on_other_cases(method):
    fitted = fit_calibration(*shifted(), method)
    y, x = shifted(seed=1)
    assert brier_score(y, fitted.apply(x)) < brier_score(y, expit(x)) - 0.02
    assert fitted.apply(x).mean() == pytest.approx(y.mean(), abs=0.03)


def test_temperature_cools_what_is_too_sure_of_itself():
    fitted = fit_calibration(*shifted(n=20_000, slope=0.4, intercept=0), "temperature")
    assert (fitted.slope, fitted.intercept) == (pytest.approx(0.4, abs=0.02), 0)


@settings(deadline=None)
@given(CASES)
def test_isotonic_is_that_of_scikit_learn(cases):
    y, x = columns(cases)
    fitted = fit_calibration(y, x, "isotonic")
    known = ~np.isnan(y)
    if not all(by_class(y, x)) or np.ptp(x[known]) <= 1e-9:
        assert fitted.method == "none"
        return
    expected = IsotonicRegression(out_of_bounds="clip").fit(x[known], y[known])
    elsewhere = np.concatenate([x, np.linspace(-1, 2, 50)])
    if fitted.method == "none":
        assert np.ptp(expected.predict(elsewhere)) == 0
        return
    np.testing.assert_allclose(fitted.apply(elsewhere), expected.predict(elsewhere), atol=1e-12)


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_a_label_separated_without_a_fault_gets_a_finite_slope_and_no_certainty(method):
    fitted = fit_calibration([0, 0, 0, 1, 1], [-3, -2, -1, 1, 2], method)
    assert fitted.method == method
    p = fitted.apply([-3, 2])
    assert 0.01 < p[0] < 0.3
    assert 0.6 < p[1] < 0.99


@pytest.mark.parametrize("y", [[], [0, 0, 0], [1, 1, 1], [NAN, NAN, 1]])
@pytest.mark.parametrize("method", FITTED)
def test_a_label_without_both_classes_is_left_as_it_is_and_says_why(y, method):
    fitted = fit_calibration(y, [-1, 0, 2][: len(y)], method)
    assert fitted.method == "none"
    positives, negatives = sum(label == 1 for label in y), sum(label == 0 for label in y)
    assert f"{counted(positives, 'positive')} and {counted(negatives, 'negative')}" in fitted.reason
    np.testing.assert_allclose(fitted.apply([-1.0, 2.0]), expit([-1, 2]), rtol=1e-14)


@pytest.mark.parametrize("method", FITTED)
def test_a_fit_that_would_turn_the_order_round_is_refused_and_says_why(method):
    fitted = fit_calibration([1, 1, 1, 0, 0, 0], [-3, -2, -1, 1, 2, 3], method)
    assert fitted.method == "none"
    assert "does not mean a likelier finding" in fitted.reason


@pytest.mark.parametrize("method", FITTED)
def test_equal_logits_are_refused_and_say_why(method):
    assert fit_calibration([1, 0, 0], [2.0, 2.0, 2.0], method).reason.startswith("All logits are equal")


def test_none_says_nothing_and_extreme_logits_do_not_overflow():
    fitted = fit_calibration(*shifted(), "none")
    assert fitted == Calibration()
    with np.errstate(all="raise", under="ignore"):
        assert fitted.apply([-1e4, 0, 1e4]).tolist() == [0, 0.5, 1]


def test_keeps_the_shape_of_the_logits():
    assert fit_calibration(*shifted()).apply(np.zeros((3, 2), np.float32)).shape == (3, 2)


class TestRefused:
    def test_an_unknown_method(self):
        with pytest.raises(DataError, match=r"platt, temperature, isotonic, none.*'beta'"):
            fit_calibration([1, 0], [1, 0], "beta")

    @pytest.mark.parametrize("broken", [NAN, np.inf])
    def test_logits_that_are_not_finite(self, broken):
        with pytest.raises(NonFiniteLossError):
            fit_calibration([1, 0], [1, broken])
        with pytest.raises(NonFiniteLossError):
            Calibration().apply([broken])

    @pytest.mark.parametrize(
        "changes",
        [
            {"method": "beta"},
            {"slope": -1.0},
            {"slope": NAN},
            {"intercept": np.inf},
            {"method": "isotonic"},
            {"method": "isotonic", "knots": [0.0, 1.0], "heights": [0.5]},
            {"method": "isotonic", "knots": [1.0, 0.0], "heights": [0.1, 0.5]},
            {"method": "isotonic", "knots": [0.0, 1.0], "heights": [0.5, 0.1]},
            {"method": "isotonic", "knots": [0.0, 1.0], "heights": [0.5, 1.5]},
            {"knots": [0.0], "heights": [0.5]},
            {"slope": "steep"},
            {"knots": None},
            {"temperature": 2.0},
        ],
        ids=str,
    )
    def test_values_that_are_no_calibration(self, changes):
        with pytest.raises(DataError, match="calibration"):
            Calibration.from_values(Calibration().as_values() | changes)


class TestLogitsOf:
    def test_undo_the_sigmoid(self):
        x = np.linspace(-30, 30, 121)
        np.testing.assert_allclose(logits_of(expit(x)), x, atol=1e-2)
        p = np.linspace(0.001, 0.999, 99)
        np.testing.assert_allclose(logits_of(p), scipy_logit(p), atol=1e-12)

    def test_are_finite_at_certainty(self):
        assert np.abs(logits_of([0, 1])).tolist() == pytest.approx([34.54, 34.54], abs=0.01)

    @pytest.mark.parametrize("broken", [-0.1, 1.1, NAN])
    def test_refuse_what_is_no_probability(self, broken):
        with pytest.raises(DataError, match="within 0 and 1"):
            logits_of([0.5, broken])


def test_a_rare_label_keeps_both_classes_in_reach():
    y, x = columns([(1.0, 0.9), *[(0.0, score) for score in np.linspace(0, 0.8, 40)]])
    fitted = fit_calibration(y, 10 * x - 5)
    positives, _ = by_class(y, fitted.apply(10 * x - 5))
    assert 0.05 < positives[0] < 0.95


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_to_soft_targets_is_that_of_statsmodels(seed):
    generator = np.random.default_rng(seed)
    design = np.stack([generator.normal(size=80), np.ones(80)], axis=1)
    aims = generator.uniform(0.05, 0.95, 80)
    theirs = statsmodels.api.GLM(aims, design, family=statsmodels.api.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(fit_logistic(design, aims), theirs.params, rtol=1e-6)
