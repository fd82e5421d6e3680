"""Cases: calls, surprise, names and the patient's other radiographs."""

import numpy as np
import pytest

from tests.review.small import small_cases
from xraykit.review.cases import Case, Cases, Picture, natural, random_order


@pytest.fixture
def cases(tmp_path):
    return small_cases(tmp_path)


def test_a_call_is_that_of_the_operating_point(cases):
    case = cases.cases[3]
    assert cases.call(case, 0) == (case.probabilities[0] >= 0.5)
    assert cases.call(case, 2) is None
    assert cases.call(Case("a", 0, np.zeros(3), np.full(3, np.nan)), 0) is None


def test_the_surprise_is_that_of_the_worklist(cases):
    assert cases.surprise(Case("a", 0, np.array([1.0, 0, np.nan]), np.array([0.25, 0.875, 0.5])), 0) == 2
    assert cases.surprise(Case("a", 0, np.array([1.0, 0, np.nan]), np.array([0.25, 0.875, 0.5])), 1) == 3
    assert cases.surprise(Case("a", 0, np.array([1.0, 0, np.nan]), np.array([0.25, 0.875, 0.5])), 2) is None
    assert cases.surprise(Case("a", 0, np.array([1.0, 0, 0]), np.array([0.0, 0, 0])), 0) < 60


def test_earlier_radiographs_come_before_later_ones_and_the_nearest_first(cases):
    assert list(cases.others(cases.cases[4])) == [(0, True), (8, False)]
    assert list(cases.others(cases.cases[8])) == [(4, True), (0, True)]
    assert list(cases.others(cases.cases[0])) == [(4, False), (8, False)]


def test_a_radiograph_of_nobody_known_has_no_prior():
    pictures = (Picture("a.png"), Picture("b.png"))
    case = Case("a.png", 0, np.zeros(0), np.zeros(0))
    assert list(Cases("", (), {}, frozenset(), (case,), pictures).others(case)) == []


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("00000001_000.png", "00000001_000.png"),
        ("MUELLER^HANS/1.png", "1.png"),
        ("c:\\MUELLER\\1.png", "1.png"),
        ("1.2.276.0.7230010.3.1.4.8323329.6904.png", "….png"),
        ("v1.2.png", "v1.2.png"),
    ],
)
def test_names_on_the_page_have_no_folders_and_no_uids(cases, image, shown):
    assert cases.shown_name(Case(image, 0, np.zeros(3), np.zeros(3))) == shown


def test_hidden_names_stay_hidden(cases):
    hidden = Cases("", (), {}, frozenset(), cases.cases, cases.pictures, hidden_names=True)
    assert hidden.shown_name(hidden.cases[0]) == ""


def test_names_are_sorted_as_people_do():
    assert sorted(["x_10", "x_9", "x_9a", "y"], key=natural) == ["x_9", "x_9a", "x_10", "y"]


def test_the_order_of_blind_mode_is_the_same_each_time_and_a_prefix_is_a_sample(cases):
    order = random_order(cases)
    assert sorted(order) == list(range(12))
    assert order != list(range(12))
    assert random_order(cases, 5) == order[:5]
    assert cases.take(order[:5]).cases[0] is cases.cases[order[0]]
