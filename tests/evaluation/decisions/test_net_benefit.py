"""Decision curves against the definition, case by case."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import decision_curve
from xraykit.evaluation.decisions.net_benefit import THRESHOLDS

CASES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, np.nan]),
        st.one_of(st.sampled_from([0.0, 0.05, 0.25, 0.5, 1.0]), st.floats(0, 1)),
        st.integers(0, 60),
    ),
    min_size=60,
    max_size=120,
)


def _by_hand(cases, threshold):
    """Net benefit of the model and of acting on all, counted one by one."""
    true_positives = false_positives = positives = number = 0
    for label, probability, _ in cases:
        if math.isnan(label):
            continue
        number += 1
        positives += label == 1
        true_positives += label == 1 and probability >= threshold
        false_positives += label == 0 and probability >= threshold
    weight = threshold / (1 - threshold)
    model = true_positives / number - false_positives / number * weight
    return model, positives / number - (number - positives) / number * weight


@settings(deadline=None)
@given(CASES, st.sampled_from([0.05, 0.25, 0.5, 0.9]))
def test_the_net_benefit_is_that_of_counting(cases, threshold):
    y, p, patients = (np.array(column) for column in zip(*cases, strict=True))
    curve = decision_curve(y, p, patients, [threshold])
    known = [case for case in cases if not math.isnan(case[0])]
    of_either = [len({patient for label, _, patient in known if label == value}) for value in (0, 1)]
    assert curve.cases == len(known)
    if min(of_either) < 10:
        assert curve.points == ()
        assert curve.reason == ("few_patients" if min(of_either) else "not_estimable")
        return
    (point,) = curve.points
    model, everyone = _by_hand(cases, threshold)
    assert (point.model, point.treat_all) == (pytest.approx(model), pytest.approx(everyone))
    assert point.gain == pytest.approx(model - everyone)
    for value, interval in ((point.model, point.model_interval), (point.gain, point.gain_interval)):
        assert interval is None or interval[0] <= value <= interval[1]


@settings(deadline=None)
@given(CASES, st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_patients_nor_unknown_cases_matter(cases, random):
    y, p, patients = (np.array(column) for column in zip(*cases, strict=True))
    before = decision_curve(y, p, patients, [0.05, 0.5])
    mixed = [*cases, (np.nan, 0.3, 999)]
    random.shuffle(mixed)
    y, p, patients = zip(*mixed, strict=True)
    after = decision_curve(y, p, [f"patient {patient}" for patient in patients], [0.5, 0.05])
    assert len(after.points) == len(before.points)
    for one, other in zip(before.points, after.points, strict=True):
        assert one.model == pytest.approx(other.model)
        assert one.model_interval == (None if other.model_interval is None else pytest.approx(other.model_interval))


def _drawn(seed, patients=150, each=2):
    """Cases whose probabilities are right; the radiographs of a patient are alike."""
    random = np.random.default_rng(seed)
    probability = np.repeat(random.beta(1, 4, patients), each)
    return np.repeat(random.random(patients), each) < probability, probability, np.repeat(np.arange(patients), each)


def test_intervals_hold_as_often_as_they_say():
    threshold = 0.2
    # The truth of this population, from many patients.
    y, p, patients = _drawn(10**6, 200_000, 1)
    (truth,) = decision_curve(y, p, patients, [threshold]).points
    points = [decision_curve(*_drawn(seed), [threshold]).points[0] for seed in range(300)]
    for value, intervals in (
        (truth.model, [point.model_interval for point in points]),
        (truth.gain, [point.gain_interval for point in points]),
    ):
        held = sum(interval[0] <= value <= interval[1] for interval in intervals) / len(intervals)
        assert 0.91 <= held <= 0.985


def test_copies_of_radiographs_do_not_make_an_interval_narrower():
    y, p, patients = _drawn(1, each=1)
    (once,) = decision_curve(y, p, patients, [0.2]).points
    (five_times,) = decision_curve(*(np.repeat(each, 5) for each in (y, p, patients)), [0.2]).points
    assert five_times.model_interval == pytest.approx(once.model_interval)


def test_without_a_call_there_is_the_net_benefit_of_none_and_no_interval():
    y, p, patients = _drawn(2)
    (point,) = decision_curve(y, np.full(len(p), 0.1), patients, [0.5]).points
    assert (point.model, point.model_interval) == (0, None)
    (point,) = decision_curve(y, np.full(len(p), 0.9), patients, [0.5]).points
    assert (point.gain, point.gain_interval) == (0, None)


def test_the_thresholds_rise_from_rare_findings_to_one_half():
    assert list(THRESHOLDS) == sorted(set(THRESHOLDS))
    assert {0.0025, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5} <= set(THRESHOLDS)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, math.nan])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(DataError, match="above 0 and below 1"):
        decision_curve([0, 1], [0.1, 0.2], ["a", "b"], [threshold])


def test_logits_and_numbers_that_are_none_are_refused():
    with pytest.raises(DataError, match="Probabilities must be within 0 and 1"):
        decision_curve([0, 1], [-2.0, 3.0], ["a", "b"])
    with pytest.raises(NonFiniteLossError):
        decision_curve([0, 1], [0.1, math.nan], ["a", "b"])
