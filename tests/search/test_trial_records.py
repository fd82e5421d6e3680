import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial

from xraykit.search.trial_records import BEGAN, ENDED, searched, union

intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)).map(lambda pair: (pair[0], sum(pair))))


@given(intervals)
def test_a_union_is_as_long_as_the_seconds_in_it(spans):
    assert union(spans) == len({second for low, high in spans for second in range(low, high)})


@given(intervals)
def test_the_order_of_intervals_does_not_matter(spans):
    assert union(spans) == union(reversed(spans))


def trial(number, state, **noted):
    values = {"values": [0.5]} if state == TrialState.COMPLETE else {}
    made = create_trial(state=state, user_attrs=noted, **values)
    made.number = number
    return made


def test_time_without_a_trial_and_after_a_death_does_not_count():
    trials = [
        trial(0, TrialState.COMPLETE, **{BEGAN: 100.0, ENDED: {"at": 110.0}}),
        trial(1, TrialState.FAIL, **{BEGAN: 105.0}),
        trial(2, TrialState.WAITING),
        trial(3, TrialState.RUNNING, **{BEGAN: 500.0}),
        trial(4, TrialState.FAIL, **{BEGAN: 300.0}),
    ]
    assert searched(trials, {0: 104.0, 1: 125.0, 3: 501.0}, now=507.0) == pytest.approx(25 + 7)
