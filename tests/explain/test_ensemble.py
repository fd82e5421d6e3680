"""Heat maps of an ensemble are the mean of its members'."""

import numpy as np
import pytest

from xraykit.errors import ModelError
from xraykit.explain import MeanHeatMaps


class Fixed:
    """Draws the same map for each radiograph, times the number of the label plus 1, and counts the radiographs."""

    def __init__(self, heat):
        self.heat = np.array(heat, np.float32)
        self.asked = 0

    def heat_maps(self, pictures, labels, batch_size=32):
        self.asked += len(pictures)
        return np.stack([self.heat] * len(pictures))


PICTURES = np.zeros((3, 2, 2), np.uint8)
LEFT, RIGHT, NOTHING = [[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [0, 0]]


def test_the_mean_is_scaled_to_a_largest_value_of_1():
    found = MeanHeatMaps([Fixed(LEFT), Fixed(LEFT), Fixed(RIGHT)]).heat_maps(PICTURES, [0, 1, 0])
    assert found == pytest.approx(np.array([[[1, 0.5], [0, 0]]] * 3))
    assert found.dtype == np.float32


def test_a_member_that_did_not_train_the_label_is_left_out_and_not_asked():
    first, second = Fixed(LEFT), Fixed(RIGHT)
    trained = np.array([[True, False, False], [True, True, False]])
    found = MeanHeatMaps([first, second], trained).heat_maps(PICTURES, [0, 1, 2])
    assert found == pytest.approx(np.array([[[1, 1], [0, 0]], RIGHT, NOTHING]))
    assert (first.asked, second.asked) == (1, 2)


def test_a_map_that_is_0_everywhere_stays_so():
    assert not MeanHeatMaps([Fixed(NOTHING)] * 2).heat_maps(PICTURES[..., None], [0, 0, 0]).any()


@pytest.mark.parametrize("methods", [[], [Fixed(LEFT)]])
def test_members_and_labels_must_fit(methods):
    with pytest.raises(ModelError, match="Heat maps of an ensemble need its members"):
        MeanHeatMaps(methods, np.ones((2, 3), bool))
