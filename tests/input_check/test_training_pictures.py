"""Odd training pictures are named."""

import json

import cv2
import numpy as np
import pytest

from tests.conftest import NIH, needs_nih
from xraykit.input_check.training_pictures import describe_odd_pictures, find_odd_pictures
from xraykit.phantoms import draw_patient, draw_radiograph, draw_visits

SOURCE = (1024, 1024, 0.0)


@pytest.fixture(scope="module")
def radiographs() -> list[np.ndarray]:
    drawn = []
    for number in range(60):
        visit = draw_visits(draw_patient(number), 1, 0.1)[0]
        drawn.append(draw_radiograph(visit.patient, visit.findings, size=64, view=visit.view).pixels)
    return drawn


def odd_of(pictures, sources=None):
    names = [f"{number}.png" for number in range(len(pictures))]
    return find_odd_pictures(names, pictures, sources or [SOURCE] * len(pictures))


def test_nothing_is_odd_about_radiographs(radiographs):
    odd = odd_of(radiographs)
    assert odd.looked_at == 60
    assert not any(odd.counts.values())
    assert not odd.all_inverted
    assert describe_odd_pictures(odd) == ""


def test_inverted_turned_and_constant_pictures_are_named(radiographs):
    pictures = list(radiographs)
    for number in (3, 30, 59):
        pictures[number] = 255 - pictures[number]
    pictures[10] = np.rot90(pictures[10]).copy()
    pictures[20] = np.full((64, 64), 90, np.uint8)
    odd = odd_of(pictures)
    assert odd.examples == {
        "constant": ("20.png",),
        "inverted": ("3.png", "30.png", "59.png"),
        "turned": ("10.png",),
    }
    assert "3 of 60 training pictures seem with black and white exchanged: 3.png, 30.png, 59.png." in (
        describe_odd_pictures(odd)
    )
    json.dumps(odd.as_values())


def test_a_third_of_inverted_pictures_is_still_found(radiographs):
    odd = odd_of([255 - each if number % 3 == 0 else each for number, each in enumerate(radiographs)])
    assert odd.counts["inverted"] == 20
    assert "0.png, 3.png" in describe_odd_pictures(odd)
    assert "27.png and 10 more." in describe_odd_pictures(odd)


def test_a_training_part_of_inverted_pictures_only_is_reported_to_be_so(radiographs):
    odd = odd_of([255 - each for each in radiographs])
    assert odd.all_inverted
    assert "most pictures seem to be inverted" in describe_odd_pictures(odd)


def test_colour_and_shape_of_the_source_count(radiographs):
    odd = odd_of(radiographs[:3], [(1024, 500, 0.0), (400, 900, 0.05), (1024, 1024, 0.3)])
    assert odd.examples == {"elongated": ("0.png", "1.png"), "coloured": ("2.png",)}


def test_no_pictures_are_not_odd():
    assert odd_of([]).looked_at == 0


@needs_nih
def test_inverted_real_radiographs_are_found_and_others_hardly_ever_named():
    files = sorted((NIH / "images-256-b").iterdir())[::4]
    pictures = [cv2.resize(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), (64, 64)) for file in files]
    inverted = set(range(0, len(pictures), 20))
    odd = odd_of([255 - each if number in inverted else each for number, each in enumerate(pictures)])
    assert odd.counts["inverted"] >= len(inverted)
    assert odd.counts["inverted"] <= len(inverted) + 2
    assert odd.counts["turned"] <= 1
