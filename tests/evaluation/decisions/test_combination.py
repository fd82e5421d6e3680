"""The logits of an ensemble: members are calibrated, then averaged; what a member cannot say is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.config import Rule
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import (
    Calibration,
    DecisionRule,
    OperatingPoint,
    alike_rules,
    combined_logits,
    member_probabilities,
    spread,
    trained_labels,
)

RULE = Rule("youden")


def rule_of(*calibrations, untrained=()):
    labels = [f"L{number}" for number in range(len(calibrations))]
    reasons = dict.fromkeys(untrained, "It has no positives.")
    points = {label: OperatingPoint(RULE, None if label in reasons else 0.5) for label in labels}
    return DecisionRule(dict(zip(labels, calibrations, strict=True)), points, "made-up cases", reasons)


def platt(slope, intercept):
    return Calibration("platt", slope, intercept)


def isotonic(*steps):
    return Calibration("isotonic", knots=tuple(float(x) for x, _ in steps), heights=tuple(float(y) for _, y in steps))


numbers = st.floats(-50, 50, allow_nan=False)
slopes = st.floats(0.01, 20)
platts = st.builds(platt, slopes, numbers)
calibrations = st.one_of(
    platts,
    st.just(Calibration()),
    st.sampled_from([isotonic((-1, 0), (1, 1)), isotonic((-3, 0.1), (0, 0.1), (2, 0.9))]),
)


@st.composite
def ensembles(draw):
    """Rules of 1 to 5 members with 1 to 4 labels, some untrained, and logits (m, n, L)."""
    members, labels, cases = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(0, 6))
    rules = []
    for _ in range(members):
        chosen = draw(st.lists(calibrations, min_size=labels, max_size=labels))
        untrained = [f"L{number}" for number in range(labels) if draw(st.booleans())]
        rules.append(rule_of(*chosen, untrained=untrained))
    flat = draw(st.lists(numbers, min_size=members * cases * labels, max_size=members * cases * labels))
    return rules, np.array(flat).reshape(members, cases, labels)


@given(ensembles())
def test_each_logit_is_the_mean_of_the_members_that_trained_the_label(ensemble):
    rules, logits = ensemble
    found = combined_logits(rules, logits)
    assert found.shape == logits.shape[1:]
    assert np.isfinite(found).all()
    alike = alike_rules(rules)
    for column, label in enumerate(rules[0].labels):
        counted = [number for number, rule in enumerate(rules) if label not in rule.untrained]
        # Logits that are calibrated and logits that are not have different scales: never one mean of both.
        assert len({alike[number].calibrations[label].calibrated for number in counted}) <= 1
        for case in range(found.shape[0]):
            values = [
                alike[number].calibrations[label].logits(logits[number, case, column])
                for number in counted or range(len(rules))
            ]
            assert found[case, column] == pytest.approx(np.mean(values), abs=1e-9)


@given(ensembles(), st.randoms())
def test_the_order_of_the_members_does_not_matter(ensemble, random):
    rules, logits = ensemble
    order = list(range(len(rules)))
    random.shuffle(order)
    again = combined_logits([rules[number] for number in order], logits[order])
    assert again == pytest.approx(combined_logits(rules, logits), abs=1e-9)


@given(st.lists(platts, min_size=1, max_size=4), st.integers(1, 5))
def test_members_that_agree_give_their_own_probability(calibrated, members):
    rule = rule_of(*calibrated)
    logits = np.random.default_rng(0).normal(0, 2, (1, 5, len(calibrated)))
    found = combined_logits([rule] * members, np.repeat(logits, members, axis=0))
    plain = rule_of(*[Calibration()] * len(calibrated))
    assert plain.probabilities(found) == pytest.approx(rule.probabilities(logits[0]), abs=1e-12)
    expected = np.nan if members < 2 else 0.0
    assert np.allclose(spread([rule] * members, np.repeat(logits, members, axis=0)), expected, equal_nan=True)


@given(ensembles())
def test_the_spread_lies_between_0_and_1_and_needs_two_members_that_can_be_compared(ensemble):
    rules, logits = ensemble
    found, p = spread(rules, logits), member_probabilities(rules, logits)
    for column, label in enumerate(rules[0].labels):
        trained = [number for number, rule in enumerate(rules) if label not in rule.untrained]
        calibrated = [number for number in trained if rules[number].calibrations[label].calibrated]
        compared = calibrated or trained
        if len(compared) < 2:
            assert np.isnan(found[:, column]).all()
        else:
            expected = np.ptp(p[compared][:, :, column], axis=0)
            assert found[:, column] == pytest.approx(expected, abs=1e-12)
            assert ((found[:, column] >= 0) & (found[:, column] <= 1)).all()


def test_members_of_other_scales_count_alike():
    # The second network's logits are ten times as large; its calibration takes that back.
    found = combined_logits([rule_of(platt(1, 0)), rule_of(platt(0.1, 0))], [[[2.0]], [[-20.0]]])
    assert found.item() == pytest.approx(0)


def test_an_isotonic_0_or_1_does_not_overrule_the_others():
    sure, others = rule_of(isotonic((-1, 0), (1, 1))), rule_of(platt(1, 0))
    found = combined_logits([sure, others, others], [[[-5.0], [5.0]], [[4.0], [-4.0]], [[9.0], [-9.0]]])
    limit = np.log((1 - 1e-4) / 1e-4)
    assert found[:, 0] == pytest.approx([(13 - limit) / 3, (limit - 13) / 3])
    assert np.isfinite(combined_logits([sure], [[[-1e300], [1e300]]])).all()


def test_a_label_that_no_member_trained_has_finite_noise_and_no_spread():
    rules = [rule_of(Calibration(), untrained=["L0"])] * 2
    assert combined_logits(rules, [[[1.0]], [[3.0]]]).item() == 2
    assert np.isnan(spread(rules, [[[1.0]], [[3.0]]])).all()
    assert not trained_labels(rules).any()


def test_raw_probabilities_are_not_compared_with_calibrated_ones():
    # A weighted loss shifts raw probabilities up; that is no disagreement.
    rules = [rule_of(platt(1, -3)), rule_of(platt(1, -3)), rule_of(Calibration())]
    logits = np.zeros((3, 1, 1))
    assert spread(rules, logits).item() == 0
    assert spread(rules[1:], logits[1:]).item() == pytest.approx(np.nan, nan_ok=True)
    assert spread([rules[2]] * 2, np.array([[[0.0]], [[40.0]]])).item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rules", "logits", "reason"),
    [
        ([], np.zeros((0, 1, 1)), "no member"),
        ([rule_of(Calibration()), rule_of(Calibration(), Calibration())], np.zeros((2, 1, 1)), "L0 and L0, L1"),
        ([rule_of(Calibration())], np.zeros((2, 1, 1)), r"Expected logits \(1, n, 1\).*Received: \(2, 1, 1\)"),
        ([rule_of(Calibration())], np.zeros((1, 1)), r"Received: \(1, 1\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(rules, logits, reason):
    with pytest.raises(DataError, match=reason):
        combined_logits(rules, logits)


@pytest.mark.parametrize("calibration", [Calibration(), platt(1, 0), isotonic((-1, 0), (1, 1))])
def test_a_logit_that_is_no_number_is_refused(calibration):
    with pytest.raises(NonFiniteLossError):
        combined_logits([rule_of(calibration)], [[[np.nan]]])
