"""Parallel coordinates: where each trial is, and that no text covers a line."""

import pytest

from tests.report.drawn import covering, outside, texts
from tests.search.records import record, searched, study
from xraykit.config.search.space import Choices, Range
from xraykit.search.results.coordinates import draw_coordinates
from xraykit.search.results.drawn_study import drawn_study, silence


@pytest.fixture(autouse=True)
def _silent():
    with silence():
        yield


def drawn(search, trials):
    return draw_coordinates(drawn_study(search, trials), "Parallel coordinates", target_name=search.objectives[0])


def lines(figure):
    """The ends of each stretch: for each gap between two columns, the heights on its left and right."""
    (plot,) = figure.axes
    return [[segment[:, 1].round(9).tolist() for segment in each.get_segments()] for each in plot.collections]


@pytest.mark.parametrize("objective", ["macro_roc_auc", "loss"])
def test_no_text_covers_a_line_and_nothing_is_cut_off(objective):
    search = searched(objectives=(objective,))
    figure = drawn(search, study(search, 40))
    assert covering(figure) == []
    assert outside(figure) == []


def test_each_trial_runs_through_its_values_in_the_order_of_the_score():
    space = {
        "training.learning_rate": Range(low=1e-4, high=1e-2, log=True),
        "model.weights": Choices(choices=("imagenet", "none at all")),
    }
    search = searched(space=space)
    values = [(1e-4, "imagenet"), (1e-3, "none at all"), (1e-2, "imagenet")]
    trials = tuple(
        record(number, scores=(score,), values={"training.learning_rate": rate, "model.weights": weights})
        for number, (score, (rate, weights)) in enumerate(zip((0.5, 0.9, 0.6), values, strict=True))
    )
    first, second = lines(drawn(search, trials))
    assert first == [[0, 0], [0.25, 1], [1, 0.5]], "score to rate, which is logarithmic; the best is drawn last"
    assert second == [[0, 0], [1, 0], [0.5, 1]]


def test_a_trial_without_a_parameter_has_a_place_of_its_own():
    space = {"training.learning_rate": Range(low=0.1, high=0.9), "model.dropout": Range(low=0.0, high=0.5)}
    search = searched(space=space)
    given = [{"training.learning_rate": 0.3, "model.dropout": 0.2}, {"training.learning_rate": 0.5}]
    figure = drawn(search, tuple(record(n, scores=(n / 10,), values=each) for n, each in enumerate(given)))
    assert texts(figure).count("none") == 1
    assert lines(figure)[0] == [[0, 0.4], [1, -0.12]]


def test_a_constant_score_and_one_choice_are_drawn():
    search = searched(space={"model.weights": Choices(choices=("imagenet",))})
    trials = tuple(record(number, values={"model.weights": "imagenet"}) for number in range(3))
    assert lines(drawn(search, trials)) == [[[0.5, 0.5]] * 3]
