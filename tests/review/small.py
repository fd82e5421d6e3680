"""A review of a few made-up radiographs, without a run and without a network."""

from dataclasses import dataclass

import cv2
import numpy as np

from tests.report.made_up_run import made_up_picture
from xraykit.review.cases import Case, Cases, Picture, natural
from xraykit.review.flags import Flags
from xraykit.review.pictures import HeatMapCache
from xraykit.review.readings import Readings
from xraykit.review.session import Session

LABELS = ("Effusion", "Mass", "Hernia")


def small_cases(folder, count=12, *, patients=4):
    """Cases of a few patients each; the last finding has no operating point, the first case no known labels."""
    random = np.random.default_rng(0)
    pictures, cases = [], []
    for number in range(count):
        name = f"{number % patients:03}_{number // patients}.png"
        path = folder / name
        cv2.imwrite(str(path), made_up_picture(number, 40))
        facts = {"view": "PA", "sex": "F", "age": 50.0 + number // patients}
        order = (50.0 + number // patients, natural(name))
        pictures.append(Picture(str(path), f"secret-{number % patients}", facts, order))
        given = random.integers(0, 2, 3).astype(float) if number else np.full(3, np.nan)
        cases.append(Case(name, number, given, random.random(3)))
    thresholds = {"Effusion": 0.5, "Mass": 0.2, "Hernia": None}
    boxes = {(cases[1].image, "Mass"): [(0.1, 0.2, 0.3, 0.4)]}
    uncalibrated = frozenset({"Hernia"})
    return Cases("made up", LABELS, thresholds, uncalibrated, tuple(cases), tuple(pictures), boxes, part="test")


@dataclass
class Rule:
    untrained: dict


class MadeUpNetwork:
    """Draws a heat map in which one pixel says which label it is of."""

    labels = LABELS
    image_size, max_megapixels, bit_depth = 16, 64.0, None
    decision_rule = Rule({"Hernia": "It has no positives."})

    def saliency(self):
        return self

    def heat_maps(self, pictures, columns):
        maps = np.zeros((len(columns), 16, 16), np.float32)
        for number, column in enumerate(columns):
            maps[number, column, column] = 1
        return maps


def small_session(folder, *, blind=False, **kind):
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    cases = small_cases(pictures, **kind)
    flags = Flags([{"inverted": "It is."} if number == 2 else {} for number in range(len(cases))])
    return Session(cases, Readings(folder / "review"), flags, HeatMapCache(MadeUpNetwork), blind, reader="anna")
