import logging
import warnings

import cv2
import matplotlib
import matplotlib.pyplot as plt
import pytest

from tests.search.records import SEVERAL, record, searched, study
from xraykit.config.search.space import Choices
from xraykit.errors import DataError
from xraykit.search.results.pictures import draw_search

pytestmark = pytest.mark.slow

ALONE = {"optimization_history", "parameter_importance", "parallel_coordinates"}


def _drawn(folder):
    return {path.name.removesuffix(".png") for path in folder.iterdir()}


def _colors(path):
    """How many colours a picture has, beside its size."""
    picture = cv2.imread(str(path))
    return len({tuple(pixel) for pixel in picture.reshape(-1, 3)[::7]}), picture.shape[1]


@pytest.mark.parametrize("engine", ["optuna", "keras_tuner"])
def test_the_shipped_space_is_drawn_for_either_engine(tmp_path, engine):
    search = searched(engine=engine)
    draw_search(search, study(search, 25), tmp_path)
    assert _drawn(tmp_path) == ALONE
    assert all(_colors(path)[0] > 10 for path in tmp_path.iterdir())


def test_each_coordinate_has_its_inch(tmp_path):
    search = searched()
    draw_search(search, study(search, 12), tmp_path)
    # The score and nine parameters or more, at 150 dots per inch.
    assert _colors(tmp_path / "parallel_coordinates.png")[1] >= 10 * 150


def test_several_objectives_have_their_own_pictures_and_fronts(tmp_path):
    search = searched(objectives=SEVERAL)
    draw_search(search, study(search, 25), tmp_path)
    assert _drawn(tmp_path) == ALONE | {
        *(f"{name}_{other}" for name in ("optimization_history", "parameter_importance") for other in SEVERAL[1:]),
        *(f"pareto_front_{other}" for other in SEVERAL[1:]),
    }


def test_two_objectives_have_one_front(tmp_path):
    search = searched(objectives=SEVERAL[::2])
    draw_search(search, study(search, 5), tmp_path)
    assert "pareto_front" in _drawn(tmp_path)


@pytest.mark.parametrize("count", [0, 1])
def test_what_cannot_be_drawn_is_reported_and_not_raised(tmp_path, caplog, count):
    search = searched()
    with caplog.at_level(logging.INFO, "xraykit"):
        draw_search(search, study(search, count), tmp_path)
    assert _drawn(tmp_path) == set()
    for name in ALONE:
        assert f"{name}.png is not drawn. This needs at least 2 completed trials" in caplog.text


def test_a_constant_score_and_words_with_dollars_are_drawn(tmp_path):
    choices = ("$\\frac{$", "a$b$c", "<b>", "/a/very/long/path/to/some/folder/weights.h5")
    search = searched(space={"model.weights": Choices(choices=choices)})
    trials = tuple(record(number, values={"model.weights": choices[number % 4]}) for number in range(8))
    draw_search(search, trials, tmp_path)
    assert _drawn(tmp_path) == ALONE - {"parameter_importance"}


def test_the_users_pyplot_and_the_console_are_left_alone(tmp_path):
    search = searched()
    at_first = matplotlib.get_backend()
    plt.switch_backend("svg")
    before = dict(matplotlib.rcParams)
    mine = plt.figure()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draw_search(search, study(search, 25), tmp_path)
        assert dict(matplotlib.rcParams) == before
        assert plt.get_fignums() == [mine.number]
    finally:
        plt.close(mine)
        plt.switch_backend(at_first)


def test_a_library_that_fails_costs_no_winner(tmp_path, monkeypatch, caplog):
    def fail(study, **options):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("optuna.visualization.matplotlib.plot_param_importances", fail)
    search = searched()
    draw_search(search, study(search, 25), tmp_path)
    assert _drawn(tmp_path) == ALONE - {"parameter_importance"}
    assert "Parameter importance for macro_roc_auc could not be drawn" in caplog.text


def test_a_picture_that_cannot_be_written_is_reported(tmp_path):
    (tmp_path / "optimization_history.png").mkdir()
    search = searched()
    with pytest.raises(DataError, match=r"optimization_history\.png cannot be written"):
        draw_search(search, study(search, 5), tmp_path)
