from itertools import pairwise

import pytest
from hypothesis import given
from pydantic import ValidationError

from tests.search.records import ranges
from xraykit.config.search.space import SHIPPED_SPACE, Choices, Range, check_space

CHOICE = Choices(choices=("sgd", "adam"))
COUNT = Range(low=1, high=3)


@given(ranges())
def test_a_grid_begins_at_low_ends_at_highest_and_keeps_its_step(domain):
    grid = domain.grid()
    if grid is None:
        assert domain.step is None
        assert not domain.is_integer
        return
    assert (grid[0], grid[-1]) == (domain.low, domain.highest)
    assert grid[-1] <= domain.high < grid[-1] + (domain.step or 1)
    assert {round(later - one, 9) for one, later in pairwise(grid)} <= {domain.step or 1}
    assert {type(number) for number in grid} == {int if domain.is_integer else float}


@pytest.mark.parametrize(
    ("domain", "grid"),
    [
        (Range(low=0.1, high=0.4, step=0.1), (0.1, 0.2, 0.3, 0.4)),
        (Range(low=1, high=4), (1, 2, 3, 4)),
        (Range(low=64, high=300, step=64), (64, 128, 192, 256)),
        (Range(low=1, high=2, step=0.5), (1.0, 1.5, 2.0)),
        (Range(low=1, high=3, log=True), (1, 2, 3)),
        (Range(low=0.0, high=1.0), None),
        (Range(low=1e-5, high=0.1, log=True), None),
    ],
)
def test_a_grid_contains_the_decimal_numbers_of_the_file(domain, grid):
    assert domain.grid() == grid


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (Range(low=0.1, high=0.3, step=0.1), 0.3),
        (Range(low=64, high=500, step=64), 448),
        (Range(low=1, high=2, step=5), 1),
        (Range(low=1e-5, high=0.1, log=True), 0.1),
    ],
)
def test_highest_is_the_last_number_that_steps_reach(domain, expected):
    assert domain.highest == expected


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"low": 2, "high": 1}, "low must be below high"),
        ({"low": 0, "high": 2, "step": 4.7e-222}, "step must be larger"),
        ({"low": 1, "high": 1}, "low must be below high"),
        ({"low": 0, "high": 1, "log": True}, "must begin above 0"),
        ({"low": 1, "high": 9, "log": True, "step": 2}, "not both"),
        ({"low": 1, "high": 9, "per": "n", "when": {"a": "b"}}, "not both"),
        ({"low": 1, "high": 9, "step": 0}, "greater than 0"),
        ({"low": 1, "high": 9, "when": {"a": []}}, "at least 1"),
    ],
)
def test_an_invalid_range_is_refused(message, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Range.model_validate(message)


@pytest.mark.parametrize("equal", [(8, 8.0), (1, True), ("a", "a")])
def test_equal_choices_are_refused(equal):
    with pytest.raises(ValidationError, match="once"):
        Choices(choices=equal)


def test_one_value_of_when_is_short_for_a_list_of_one():
    short = Range.model_validate({"low": 0.1, "high": 0.9, "when": {"training.optimizer": "sgd"}})
    assert short.when == {"training.optimizer": ("sgd",)}
    assert short == Range.model_validate({"low": 0.1, "high": 0.9, "when": {"training.optimizer": ["sgd"]}})


def test_the_shipped_space_is_a_search_space():
    check_space(SHIPPED_SPACE)


@pytest.mark.parametrize(
    ("space", "complaint"),
    [
        ({"data.split.seed": COUNT}, "data.split.seed cannot be searched"),
        ({"search.n_trials": COUNT}, "search.n_trials cannot be searched"),
        ({"model.list": Range(low=1, high=2, per="model.n")}, "`per` of model.list"),
        ({"model.list": Range(low=1, high=2, per="model.n"), "model.n": CHOICE}, "`per` of model.list"),
        ({"model.list": Range(low=1, high=2, per="model.n"), "model.n": Range(low=0, high=2)}, "from 1 on"),
        ({"model.list": Range(low=1, high=2, per="model.n"), "model.n": Range(low=1.0, high=2.0)}, "whole numbers"),
        ({"model.a": Range(low=1, high=2, when={"model.b": ("sgd",)})}, "`when` of model.a"),
        ({"model.a": Range(low=1, high=2, when={"model.b": (1,)}), "model.b": COUNT}, "`when` of model.a"),
        ({"model.a": Range(low=1, high=2, when={"model.b": ("x",)}), "model.b": CHOICE}, "sgd"),
        (
            {
                "model.a": Range(low=1, high=2, when={"model.b": ("sgd",)}),
                "model.b": Choices(choices=("sgd",), when={"model.c": ("sgd",)}),
                "model.c": CHOICE,
            },
            "have no `when`",
        ),
    ],
)
def test_a_condition_on_what_is_not_searched_is_refused(space, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_space(space)
