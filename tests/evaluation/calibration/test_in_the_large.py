"""O/E, calibration intercept and slope: against statsmodels, closed forms and simulated truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from xraykit.errors import DataError
from xraykit.evaluation import FEWEST_PATIENTS, calibration_in_the_large


def drawn(seed, size=400, slope=1.0, shift=0.0, per_patient=2):
    """Labels whose log odds are ``shift + slope · logit(p)``, and each case's patient."""
    random = np.random.default_rng(seed)
    x = random.normal(-1, 1.5, size)
    y = (random.random(size) < special.expit(shift + slope * x)).astype(float)
    return y, special.expit(x), np.arange(size) // per_patient


def of_one(y, p, patients):
    return calibration_in_the_large(np.c_[y], np.c_[p], patients, ["Mass"])["Mass"]


def of_statsmodels(y, p, patients):
    """Intercept and slope with their standard errors over patients."""
    models = pytest.importorskip("statsmodels.api")
    x, groups = special.logit(p), {"groups": patients}
    binomial = models.families.Binomial()
    shift = models.GLM(y, np.ones((len(y), 1)), family=binomial, offset=x).fit(cov_type="cluster", cov_kwds=groups)
    both = models.GLM(y, np.c_[np.ones(len(y)), x], family=binomial).fit(cov_type="cluster", cov_kwds=groups)
    return (shift.params[0], shift.bse[0]), (both.params[1], both.bse[1])


@pytest.mark.parametrize(("seed", "slope", "shift"), [(0, 1, 0), (1, 0.4, -1), (2, 2, 1), (3, -0.5, 0)])
def test_intercept_and_slope_are_those_of_a_logistic_regression_with_clustered_errors(seed, slope, shift):
    y, p, patients = drawn(seed, slope=slope, shift=shift)
    found, expected = of_one(y, p, patients), of_statsmodels(y, p, patients)
    freedom = min(len(np.unique(patients[y == 1])), len(np.unique(patients[y == 0]))) - 1
    for name, (value, error) in zip(("intercept", "slope"), expected, strict=True):
        assert found[name] == pytest.approx(value, abs=1e-6)
        reach = special.stdtrit(freedom, 0.975) * error
        assert found[f"{name}_interval"] == pytest.approx([value - reach, value + reach], abs=1e-5)


@given(st.integers(0, 10_000), st.floats(0.3, 3), st.floats(-2, 2))
def test_a_shift_and_a_stretch_of_the_logits_are_found_back(seed, stretch, shift):
    """The maximum of the likelihood moves exactly with the logits."""
    y, p, patients = drawn(seed, size=150)
    moved = special.expit(shift + stretch * special.logit(p))
    before, after = of_one(y, p, patients), of_one(y, moved, patients)
    if before["slope"] is not None:
        assert after["slope"] == pytest.approx(before["slope"] / stretch, rel=1e-5, abs=1e-7)
    only_shifted = of_one(y, special.expit(shift + special.logit(p)), patients)
    if before["intercept"] is not None:
        assert only_shifted["intercept"] == pytest.approx(before["intercept"] - shift, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_observed_and_expected_are_means_and_their_ratio_lies_in_its_interval(seed, per_patient):
    y, p, patients = drawn(seed, size=60, per_patient=per_patient)
    found = of_one(y, p, patients)
    assert found["observed"] == pytest.approx(y.mean())
    assert found["expected"] == pytest.approx(p.mean())
    assert found["observed_expected"] == pytest.approx(y.sum() / p.sum())
    low, high = found["observed_expected_interval"]
    assert 0 <= low <= found["observed_expected"] <= high


@given(st.integers(0, 10_000))
def test_at_the_best_intercept_as_many_are_expected_as_observed(seed):
    y, p, patients = drawn(seed, size=200)
    shift = of_one(y, p, patients)["intercept"]
    assert special.expit(shift + special.logit(p)).sum() == pytest.approx(y.sum(), rel=1e-6)


def test_the_order_of_cases_and_unknown_ones_do_not_matter():
    y, p, patients = drawn(5)
    order = np.random.default_rng(0).permutation(len(y))
    more = of_one(np.r_[y[order], np.nan, np.nan], np.r_[p[order], 0.1, 0.9], np.r_[patients[order], 9999, 9998])
    for name, value in of_one(y, p, patients).items():
        assert more[name] == pytest.approx(value), name


def test_intervals_hold_for_patients_with_several_alike_radiographs():
    """200 simulated collections of 60 patients, whose 4 radiographs each share the finding."""
    held = {"observed_expected": 0, "intercept": 0}
    for seed in range(200):
        random = np.random.default_rng(seed)
        x = np.repeat(random.normal(-0.5, 1.2, 60), 4)
        y = np.repeat((random.random(60) < special.expit(x[::4])).astype(float), 4)
        found = of_one(y, special.expit(x), np.arange(240) // 4)
        for name, truth in (("observed_expected", 1), ("intercept", 0)):
            low, high = found[f"{name}_interval"]
            held[name] += low <= truth <= high
    assert min(held.values()) >= 182, held  # 95 % less three standard errors


def test_without_positives_the_ratio_is_zero_with_an_upper_limit_and_nothing_else_is_estimated():
    found = of_one(np.zeros(40), np.full(40, 0.2), np.arange(40))
    assert found["observed_expected"] == 0
    assert found["observed_expected_interval"][0] == 0 < found["observed_expected_interval"][1]
    assert (found["intercept"], found["slope"]) == (None, None)
    assert found["reasons"] == {"intercept": "not_estimable", "slope": "not_estimable"}


def test_few_patients_are_a_reason_even_with_many_radiographs():
    y, p, _ = drawn(0)
    few = of_one(y, p, np.arange(len(y)) // 40)
    assert few["reasons"]["slope"] == "few_patients"
    enough = FEWEST_PATIENTS["intercept"]
    assert few["reasons"].get("intercept") == ("few_patients" if len(y) // 40 < enough else None)


@pytest.mark.parametrize(
    ("p", "reason"),
    [
        (np.r_[np.linspace(0.6, 0.9, 30), np.linspace(0.1, 0.4, 30)], {"slope": "separated"}),
        (np.full(60, 0.3), {"slope": "equal_probabilities"}),
        (
            np.r_[1.0, np.full(59, 0.3)],
            {"intercept": "certain_probabilities", "slope": "certain_probabilities"},
        ),
    ],
)
def test_what_has_no_largest_likelihood_is_not_estimated(p, reason):
    y = np.r_[np.ones(30), np.zeros(30)]
    assert of_one(y, p, np.arange(60))["reasons"] == reason


def test_nothing_known_is_nothing_estimated_and_one_patient_has_no_interval():
    found = of_one(np.full(5, np.nan), np.full(5, 0.5), np.arange(5))
    assert (found["cases"], found["observed"], found["observed_expected"]) == (0, None, None)
    assert of_one(np.r_[1.0, 0], np.full(2, 0.5), np.zeros(2))["observed_expected_interval"] is None


def test_logits_are_refused():
    with pytest.raises(DataError, match="calibrate them first"):
        of_one(np.r_[1.0, 0], np.r_[2.0, -1], np.arange(2))
