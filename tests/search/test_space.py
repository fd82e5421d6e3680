import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.records import FairDraw, spaces
from xraykit.config import load_experiment
from xraykit.config.search.points import outside
from xraykit.config.search.space import SHIPPED_SPACE, Choices, Range
from xraykit.search import suggest
from xraykit.search.space import assemble, parameters, parameters_of

LAYERED = {
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
    "model.num_dense_layers": Range(low=1, high=5),
    "training.optimizer": Choices(choices=("rmsprop", "adam", "sgd")),
}
DEPENDENT = {
    "training.momentum": Range(low=0.0, high=0.9, when={"training.optimizer": ("sgd",)}),
    "training.optimizer": Choices(choices=("rmsprop", "adam", "sgd")),
}
SEEDS = st.integers(0, 10_000)


class NotingDraw(FairDraw):
    """Remembers the names, and what it gave."""

    def __init__(self, seed):
        super().__init__(seed)
        self.drawn = {}

    def integer(self, name, low, high, *, step, log):
        return self.drawn.setdefault(name, super().integer(name, low, high, step=step, log=log))

    def floating(self, name, low, high, *, step, log):
        return self.drawn.setdefault(name, super().floating(name, low, high, step=step, log=log))

    def categorical(self, name, choices):
        return self.drawn.setdefault(name, super().categorical(name, choices))


@given(SEEDS)
def test_a_list_is_as_long_as_its_count_and_nothing_beyond_is_drawn(seed):
    draw = NotingDraw(seed)
    values = suggest(LAYERED, draw)
    length = values["model.num_dense_layers"]
    assert len(values["model.dense_neurons"]) == length
    names = list(draw.drawn)
    elements = [name for name in names if name.startswith("model.dense_neurons")]
    assert elements == [f"model.dense_neurons_{position}" for position in range(1, length + 1)]
    assert names.index("model.num_dense_layers") < names.index("model.dense_neurons_1")


@given(SEEDS)
def test_what_depends_on_a_choice_exists_beside_it_alone(seed):
    draw = NotingDraw(seed)
    values = suggest(DEPENDENT, draw)
    assert ("training.momentum" in values) == (values["training.optimizer"] == "sgd")
    assert set(draw.drawn) == set(values)


def test_values_stand_in_the_order_of_the_space():
    assert list(suggest(LAYERED, FairDraw(0))) == list(LAYERED)


def test_every_element_that_may_exist_is_a_parameter():
    names = [parameter.name for parameter in parameters(SHIPPED_SPACE)]
    assert names[-5:] == [f"model.dense_neurons_{position}" for position in range(1, 6)]
    assert len(names) == len(set(names)) == 10


@given(spaces(), SEEDS)
def test_drawn_values_are_points_of_the_space(space, seed):
    assert outside(suggest(space, FairDraw(seed)), space) is None


@given(spaces(), SEEDS)
def test_the_parameters_of_values_are_the_inverse_of_assembling_them(space, seed):
    draw = NotingDraw(seed)
    values = suggest(space, draw)
    named = parameters_of(space, values)
    assert assemble(space, named) == values
    assert named.keys() == draw.drawn.keys()
    assert all(math.isclose(named[name], each) for name, each in draw.drawn.items() if isinstance(each, float))
    assert all(named[name] == each for name, each in draw.drawn.items() if not isinstance(each, float))


@given(spaces(), SEEDS, st.data())
def test_a_part_of_the_values_has_a_part_of_the_parameters(space, seed, data):
    values = suggest(space, FairDraw(seed))
    kept = data.draw(st.sets(st.sampled_from(list(values))))
    some = {key: value for key, value in values.items() if key in kept}
    assert assemble(space, parameters_of(space, some)) == some


@given(
    low=st.integers(-50, 50).map(lambda number: number / 10),
    step=st.integers(1, 30).map(lambda number: number / 100),
    position=st.integers(0, 20),
    steps=st.integers(1, 20),
)
def test_a_drawn_number_lies_exactly_on_its_grid(low, step, position, steps):
    domain = Range(low=low, high=round(low + steps * step, 6), step=step)
    position = min(position, steps)
    [value] = assemble({"x": domain}, {"x": low + position * step}).values()
    assert value == round(low + position * step, 6)
    assert value in domain.grid()


@given(st.floats(-1e9, 1e9), st.booleans())
def test_a_number_beyond_its_bounds_is_brought_back(drawn, whole):
    domain = Range(low=-3, high=11) if whole else Range(low=-0.3, high=0.7)
    [value] = assemble({"x": domain}, {"x": drawn}).values()
    assert domain.low <= value <= domain.high
    assert type(value) is (int if whole else float)


@pytest.mark.parametrize("choice", [True, 1.5, "adam", 8])
def test_a_choice_keeps_its_type(choice):
    [value] = assemble({"x": Choices(choices=(choice, "other"))}, {"x": choice}).values()
    assert (value, type(value)) == (choice, type(choice))


def test_the_whole_range_between_accepted_ends_can_be_drawn():
    experiment = load_experiment({"data": {"format": "phantom"}})
    for seed in range(50):
        values = suggest(SHIPPED_SPACE, FairDraw(seed))
        tried = experiment.with_values(values)
        assert tried.model.head_units == tuple(values["model.dense_neurons"])
        assert math.isclose(tried.training.learning_rate, values["training.learning_rate"])
