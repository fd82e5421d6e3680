"""Radiographs from the side: the same patient, the same findings, another picture."""

import numpy as np
import pytest

from xraykit.phantoms import FINDINGS, Phantom, draw_patient, draw_radiograph
from xraykit.phantoms.dataset import plan_visits

PATIENT = draw_patient(3, 7)


def _lateral(findings=(), **options):
    return draw_radiograph(PATIENT, findings, size=64, view="lateral", **options)


def test_the_same_arguments_give_the_same_picture_and_other_visits_another():
    assert np.array_equal(_lateral().pixels, _lateral().pixels)
    assert not np.array_equal(_lateral().pixels, _lateral(visit=1).pixels)


def test_it_is_no_frontal_radiograph():
    """A frontal chest is about symmetrical and bright at both edges below; from the side there is air around it."""
    frontal, lateral = draw_radiograph(PATIENT, size=64).pixels, _lateral().pixels
    assert lateral[30:, :6].max() < 20 < frontal[45:, :6].mean()


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_changes_the_picture_where_its_box_is(finding):
    healthy, ill = _lateral().pixels.astype(float), _lateral({finding: 0.9})
    (left, upper, width, height), *_ = ill.boxes[finding]
    assert left >= 0
    assert upper >= 0
    assert left + width <= 64
    assert upper + height <= 64
    rows, columns = slice(int(upper), int(upper + height) + 1), slice(int(left), int(left + width) + 1)
    change = np.abs(ill.pixels - healthy)
    assert change[rows, columns].max() > 20


def test_a_large_heart_is_large_from_the_side():
    small, large = (_lateral({"Cardiomegaly": severity}).boxes["Cardiomegaly"][0] for severity in (0.0, 1.0))
    assert large[2] * large[3] > small[2] * small[3]


def test_laterals_belong_to_visits_and_come_in_addition():
    settings = Phantom(patients=50, images=80, size=32)
    frontal = list(plan_visits(settings))
    both = list(plan_visits(settings, laterals=True))
    laterals = [visit for visit in both if visit.view == "lateral"]
    assert [visit for visit in both if visit.view != "lateral"] == frontal
    assert 15 < len(laterals) < 50
    of = {(visit.patient.number, visit.number): visit for visit in frontal}
    assert all(of[visit.patient.number, visit.number].findings == visit.findings for visit in laterals)
