import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.search.toys import LAYERED, QUADRATIC, RandomDraw
from xraykit.config import load_experiment
from xraykit.config.search_section import SHIPPED_SPACE, Choices, Range
from xraykit.errors import ExperimentError
from xraykit.search import suggest
from xraykit.search.space import assemble, parameters


@given(st.integers(0, 10_000))
def test_a_list_is_as_long_as_its_count_and_nothing_beyond_is_drawn(seed):
    draw = RandomDraw(seed)
    values = suggest(LAYERED, draw)
    length = values["model.num_dense_layers"]
    assert len(values["model.dense_neurons"]) == length
    elements = [name for name in draw.names if name.startswith("model.dense_neurons")]
    assert elements == [f"model.dense_neurons_{position}" for position in range(1, length + 1)]
    assert draw.names.index("model.num_dense_layers") < draw.names.index("model.dense_neurons_1")


def test_values_stand_in_the_order_of_the_space():
    assert list(suggest(LAYERED, RandomDraw(0))) == list(LAYERED)


def test_every_element_that_may_exist_is_a_parameter():
    names = [parameter.name for parameter in parameters(SHIPPED_SPACE)]
    assert names[-5:] == [f"model.dense_neurons_{position}" for position in range(1, 6)]
    assert len(names) == len(set(names)) == 10


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
    assert domain.low <= value <= domain.high


@given(st.floats(-1e9, 1e9), st.booleans())
def test_a_number_beyond_its_bounds_is_brought_back(drawn, whole):
    domain = Range(low=-3, high=11) if whole else Range(low=-0.3, high=0.7)
    [value] = assemble({"x": domain}, {"x": drawn}).values()
    assert domain.low <= value <= domain.high
    assert type(value) is (int if whole else float)


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


@pytest.fixture
def experiment():
    return load_experiment({"data": {"format": "phantom"}})


def _with_space(space, **model):
    domains = {key: domain.model_dump(mode="json") for key, domain in space.items()}
    return load_experiment({"data": {"format": "phantom"}, "model": model, "search": {"space": domains}})


@pytest.mark.parametrize("space", [SHIPPED_SPACE, QUADRATIC, LAYERED])
def test_a_space_within_the_experiments_bounds_is_accepted(space):
    assert _with_space(space).search.space == space


def test_a_list_in_the_experiment_itself_does_not_matter():
    _with_space(SHIPPED_SPACE, dense_neurons=[128])


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"model.dropout_rate": Range(low=0.1, high=1.5)}, "model.dropout_rate=1.5"),
        ({"training.optimizer": Choices(choices=("adam", "adamm"))}, "'adamm'"),
        ({"training.learning_rat": Range(low=0.1, high=0.5)}, "Did you mean 'learning_rate'"),
        ({**LAYERED, "model.num_dense_layers": Range(low=1, high=6)}, "model.num_dense_layers=6"),
        (
            {**LAYERED, "model.dense_neurons": Range(low=32, high=512, per="model.num_dense_layers")},
            "model.dense_neurons=[32]",
        ),
        ({"data.split.seed": Range(low=1, high=9)}, "data.split.seed cannot be searched"),
        ({"search.n_trials": Range(low=1, high=9)}, "search.n_trials cannot be searched"),
        ({**LAYERED, "model.num_dense_layers": Choices(choices=(1, 2))}, "`per` of model.dense_neurons"),
        ({**LAYERED, "model.num_dense_layers": Range(low=0, high=2)}, "from 1 on"),
    ],
)
def test_a_space_that_the_experiment_would_refuse_is_refused(space, said):
    with pytest.raises(ExperimentError, match=r"search") as refused:
        _with_space(space)
    assert said in str(refused.value)


def test_equal_choices_are_refused():
    with pytest.raises(ValueError, match="once"):
        Choices(choices=(8, 8.0))


def test_the_whole_range_between_accepted_ends_can_be_drawn(experiment):
    for seed in range(50):
        values = suggest(SHIPPED_SPACE, RandomDraw(seed))
        tried = experiment.with_values(values)
        assert tried.model.head_units == tuple(values["model.dense_neurons"])
        assert math.isclose(tried.training.learning_rate, values["training.learning_rate"])
