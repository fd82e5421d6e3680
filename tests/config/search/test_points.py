from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.records import FairDraw, spaces
from xraykit.config.search.points import extremes, outside
from xraykit.config.search.space import SHIPPED_SPACE, Choices, Range
from xraykit.search import suggest

SPACE = {
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "training.learning_rate": Range(low=0.1, high=0.5),
    "training.momentum": Range(low=0.0, high=0.9, step=0.3, when={"training.optimizer": ("sgd",)}),
    "model.num_dense_layers": Range(low=1, high=3),
    "model.dense_neurons": Range(low=64, high=256, step=64, per="model.num_dense_layers"),
}


@settings(deadline=None)
@given(spaces())
def test_every_extreme_is_a_point_of_the_space(space):
    for key, values in islice(extremes(space), 500):
        assert key in values
        assert outside(values, space) is None


@given(spaces())
def test_every_key_is_seen_at_both_ends(space):
    seen = list(extremes(space))
    for key, domain in space.items():
        values = [each[key] for at, each in seen if at == key]
        if isinstance(domain, Choices):
            assert set(values) == set(domain.choices)
        elif domain.per is None:
            assert {domain.low, domain.highest} == set(values)
        else:
            assert {domain.low, domain.highest} == {number for each in values for number in each}
            count = space[domain.per]
            assert {count.low, count.highest} == {len(each) for each in values}


def test_two_keys_meet_at_all_their_ends():
    space = {"model.a": Range(low=1, high=2), "model.b": Range(low=3, high=4)}
    pairs = [tuple(values.values()) for _, values in extremes(space) if len(values) == 2]
    assert sorted(pairs) == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_what_depends_on_a_choice_is_never_seen_beside_another():
    for _, values in extremes(SPACE):
        if "training.momentum" in values:
            assert values["training.optimizer"] == "sgd"


def test_the_shipped_space_has_few_enough_ends_to_try_them_all():
    assert len(list(extremes(SHIPPED_SPACE))) < 300


@given(spaces(), st.integers(0, 10_000), st.data())
def test_a_key_that_is_not_searched_is_outside(space, seed, data):
    values = suggest(space, FairDraw(seed))
    key = data.draw(st.sampled_from(list(values)))
    assert f"{key}x is not searched" in outside({**values, f"{key}x": values[key]}, space)


@pytest.mark.parametrize(
    "point",
    [
        {},
        {"training.learning_rate": 0.1},
        {"training.learning_rate": 0.5, "training.optimizer": "adam"},
        {"training.optimizer": "sgd", "training.momentum": 0.6},
        {"model.num_dense_layers": 2, "model.dense_neurons": [64, 256]},
        {"model.num_dense_layers": 2, "model.dense_neurons": (64, 256)},
    ],
)
def test_a_point_may_name_some_keys_or_none(point):
    assert outside(point, SPACE) is None


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"training.batch_size": 8}, "training.batch_size is not searched. Expected: one of training.optimizer"),
        ({"training.optimizer": "rmsprop"}, "'rmsprop'. Expected: one of adam, sgd"),
        ({"training.learning_rate": 0.6}, "0.6. Expected: a number from 0.1 to 0.5"),
        ({"training.learning_rate": True}, "training.learning_rate is True"),
        ({"training.learning_rate": "0.3"}, "training.learning_rate is '0.3'"),
        ({"training.optimizer": "sgd", "training.momentum": 0.5}, "in steps of 0.3"),
        ({"training.momentum": 0.3}, "exists only with training.optimizer: sgd"),
        ({"training.momentum": 0.3, "training.optimizer": "adam"}, "exists only with training.optimizer: sgd"),
        ({"model.num_dense_layers": 4}, "a whole number from 1 to 3"),
        ({"model.num_dense_layers": 2.0}, "a whole number from 1 to 3"),
        ({"model.dense_neurons": [64]}, "and model.num_dense_layers in the point too"),
        ({"model.num_dense_layers": 1, "model.dense_neurons": [64, 64]}, "a list with model.num_dense_layers numbers"),
        ({"model.num_dense_layers": 1, "model.dense_neurons": 64}, "a list with model.num_dense_layers numbers"),
        (
            {"model.num_dense_layers": 2, "model.dense_neurons": [64, 65]},
            "contains 65. Expected: a whole number from 64",
        ),
    ],
)
def test_a_point_outside_is_reported_why(point, message):
    assert message in outside(point, SPACE)


def test_equal_values_of_another_type_are_no_choice():
    space = {"training.batch_size": Choices(choices=(1, 2))}
    assert outside({"training.batch_size": 1}, space) is None
    assert outside({"training.batch_size": True}, space) is not None
    assert outside({"training.batch_size": 1.0}, space) is not None
