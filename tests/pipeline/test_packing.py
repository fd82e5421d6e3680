"""The input check of a network, and of an ensemble whose members learned from different pictures."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tests.data.files import textured
from xraykit.input_check import Screen
from xraykit.pipeline.packing import training_screen


@dataclass
class Training:
    """As much of a training's data as the input check asks for."""

    images: list
    views: list
    asked: list

    @property
    def parts(self):
        return self

    def catalog_of(self, part):
        assert part == "train"
        return self

    @property
    def table(self):
        return pd.DataFrame({"image": self.images, "view": self.views})

    def pictures(self, part, images):
        assert part == "train"
        self.asked += images
        return np.stack([textured(32, seed=int(image)) for image in images])


def training(numbers, view="PA"):
    return Training([str(number) for number in numbers], [view] * len(numbers), [])


def test_a_picture_of_several_members_counts_once():
    first, second = training(range(8)), training(range(4, 12), "AP")
    screen = training_screen(7, [first, second])
    assert sorted(first.asked + second.asked, key=int) == [str(number) for number in range(12)]
    assert screen.pictures == 12
    assert set(screen.views) == {"AP", "PA"}


def test_of_one_network_it_is_the_fit_on_its_training_pictures():
    one = training(range(9))
    expected = Screen.fit(one.pictures("train", one.images), views={"PA"})
    assert training_screen(7, [one]).as_values() == expected.as_values()


@pytest.mark.parametrize("seed", [1, 2])
def test_of_many_pictures_a_sample_is_taken_that_the_seed_decides(monkeypatch, seed):
    monkeypatch.setattr("xraykit.pipeline.packing._MOST_PICTURES", 6)
    found = []
    for _ in range(2):
        members = training(range(20)), training(range(10, 30))
        assert training_screen(seed, members).pictures == 6
        found.append([each.asked for each in members])
    assert found[0] == found[1]
    assert sum(map(len, found[0])) == 6
