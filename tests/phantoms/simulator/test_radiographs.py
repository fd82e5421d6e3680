"""Phantoms: what is drawn, and who has what."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraykit.data.formats.nih import FINDINGS
from xraykit.errors import DataError
from xraykit.phantoms import draw_patient, draw_radiograph, draw_visits
from xraykit.phantoms.dataset import plan_visits
from xraykit.phantoms.settings import Phantom
from xraykit.phantoms.simulator.anatomy import anatomy_of
from xraykit.phantoms.simulator.grid import FIELD_CM, clouds, grid_for

PATIENTS = [draw_patient(number, seed=4) for number in range(1, 9)]
OPACITIES = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Consolidation",
    "Edema", "Fibrosis", "Pleural_Thickening",
)  # fmt: skip


def in_boxes(boxes, size: int) -> np.ndarray:
    inside = np.zeros((size, size), bool)
    for x, y, w, h in boxes:
        inside[int(y) : int(np.ceil(y + h)), int(x) : int(np.ceil(x + w))] = True
    return inside


def difference(patient, finding: str, severity: float, view="PA", size: int = 128):
    """What the finding changes, grey levels, and where its boxes are."""
    healthy = draw_radiograph(patient, size=size, view=view)
    ill = draw_radiograph(patient, {finding: severity}, size=size, view=view)
    return ill.pixels.astype(int) - healthy.pixels, in_boxes(ill.boxes[finding], size)


@settings(max_examples=25)
@given(
    number=st.integers(1, 10_000),
    findings=st.sets(st.sampled_from(FINDINGS)),
    size=st.integers(32, 200),
    view=st.sampled_from(["PA", "AP"]),
    visit=st.integers(0, 9),
)
def test_any_patient_with_any_findings_gives_a_picture_with_boxes_inside(number, findings, size, view, visit):
    radiograph = draw_radiograph(draw_patient(number), findings, size=size, view=view, visit=visit)
    assert radiograph.pixels.shape == (size, size)
    assert radiograph.pixels.dtype == np.uint8
    assert radiograph.pixels.std() > 25
    assert set(radiograph.boxes) == findings
    for x, y, w, h in itertools.chain(*radiograph.boxes.values()):
        assert min(x, y) >= 0
        assert min(w, h) > 0
        assert max(x + w, y + h) <= size
    assert all(radiograph.boxes.values())


def test_the_same_call_gives_the_same_picture_after_others_were_drawn():
    first = draw_radiograph(PATIENTS[0], ["Mass", "Edema"], size=64)
    for patient in PATIENTS:
        draw_radiograph(patient, size=64)
    again = draw_radiograph(PATIENTS[0], ("Edema", "Mass"), size=64)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.boxes == again.boxes


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_changes_the_picture_inside_its_boxes(finding):
    for patient, severity in itertools.product(PATIENTS[:4], (0.0, 0.6, 1.0)):
        change, inside = difference(patient, finding, severity, view="AP" if patient.number % 2 else "PA")
        change[np.abs(change) <= 3] = 0
        assert np.abs(change[inside]).sum() >= 0.8 * np.abs(change).sum()
        assert np.abs(change[inside]).max() >= 8
        assert not change[:8, :20].any(), "the exposure tells of the finding"


@pytest.mark.parametrize("finding", FINDINGS)
def test_the_severer_the_more_is_to_be_seen(finding):
    def seen(severity):
        return sum(np.abs(difference(patient, finding, severity)[0]).sum() for patient in PATIENTS[:4])

    assert seen(0.0) < seen(0.5) < seen(1.0)


@pytest.mark.parametrize(
    ("findings", "sign"), [(OPACITIES, 1), (("Pneumothorax", "Emphysema"), -1)], ids=["white", "dark"]
)
def test_fluid_and_tissue_are_white_and_air_is_dark(findings, sign):
    for finding, patient in itertools.product(findings, PATIENTS[:3]):
        change, inside = difference(patient, finding, 0.8)
        assert sign * change[inside].mean() > 1, finding


def test_nodules_are_smaller_than_3_cm_and_masses_larger():
    pixels_of_3_cm = 256 * 3 / FIELD_CM
    for number, severity in itertools.product(range(1, 30), (0.0, 1.0)):
        patient = draw_patient(number, seed=9)
        boxes = draw_radiograph(patient, {"Nodule": severity, "Mass": severity}, size=256).boxes
        assert all(max(w, h) < pixels_of_3_cm * 1.09 + 1 for _, _, w, h in boxes["Nodule"])
        assert max(boxes["Mass"][0][2:]) > pixels_of_3_cm


def heart_to_thorax(patient, view) -> float:
    boxes = draw_radiograph(patient, {"Cardiomegaly": 0.0}, size=256, view=view).boxes
    return boxes["Cardiomegaly"][0][2] * FIELD_CM / 256 / (2 * anatomy_of(patient, view).half_width)


def test_only_an_enlarged_heart_is_wider_than_half_the_thorax():
    for number, view in itertools.product(range(1, 200), ("PA", "AP")):
        anatomy = anatomy_of(draw_patient(number), view)
        assert (anatomy.heart_left + anatomy.heart_right) / (2 * anatomy.half_width) < 0.53
    for patient, view in itertools.product(PATIENTS, ("PA", "AP")):
        assert heart_to_thorax(patient, view) > 0.5


def test_emphysema_lowers_the_diaphragm_and_atelectasis_raises_it():
    for patient in PATIENTS:
        dome = int(anatomy_of(patient).dome_right / FIELD_CM * 128)
        below = difference(patient, "Emphysema", 1.0)[0][dome - 2 : dome + 12, 30:55]
        assert below.min() < -30
        change, inside = difference(patient, "Atelectasis", 1.0)
        above = slice(dome - 6, dome + 6)
        assert (change * inside)[above].max() > 30


def test_an_effusion_lies_low_and_at_the_side_and_a_hernia_at_the_midline():
    for patient in PATIENTS:
        boxes = draw_radiograph(patient, {"Effusion": 0.1, "Hernia": 0.5}, size=256).boxes
        for x, y, w, h in boxes["Effusion"]:
            assert y + h > 256 * 0.65
            assert abs(x + w / 2 - 128) > 40
        x, y, w, h = boxes["Hernia"][0]
        assert x < 150
        assert x + w > 110


def test_women_and_men_and_both_views_look_different():
    male = next(patient for patient in map(draw_patient, range(1, 50)) if patient.sex == "M")
    female = next(patient for patient in map(draw_patient, range(1, 50)) if patient.sex == "F")
    assert anatomy_of(male).breast == 0 < anatomy_of(female).breast
    front, back = anatomy_of(male, "AP"), anatomy_of(male, "PA")
    assert front.heart_left > back.heart_left
    assert front.dome_right < back.dome_right


def test_a_patient_keeps_the_body_over_the_visits_and_others_have_another():
    def lungs(patient, visit):
        pixels = draw_radiograph(patient, size=64, visit=visit).pixels.astype(float)
        return (pixels - pixels.mean()) / pixels.std()

    own = [np.abs(lungs(patient, 0) - lungs(patient, 1)).mean() for patient in PATIENTS]
    other = [np.abs(lungs(one, 0) - lungs(two, 1)).mean() for one, two in itertools.pairwise(PATIENTS)]
    assert np.mean(own) < np.mean(other)
    first, second = (draw_radiograph(PATIENTS[0], size=64, visit=visit).pixels for visit in (0, 1))
    assert not np.array_equal(first, second)


def test_a_finding_stays_where_it_is_over_the_visits():
    for patient in PATIENTS:
        sides = {
            draw_radiograph(patient, ["Mass"], size=128, visit=visit).boxes["Mass"][0][0] > 64 for visit in range(4)
        }
        assert len(sides) == 1


def test_pictures_of_two_sizes_show_the_same():
    small = draw_radiograph(PATIENTS[1], FINDINGS, size=64)
    large = draw_radiograph(PATIENTS[1], FINDINGS, size=256)
    reduced = cv2.resize(large.pixels, (64, 64), interpolation=cv2.INTER_AREA).astype(float)
    assert np.corrcoef(small.pixels.ravel(), reduced.ravel())[0, 1] > 0.98
    for finding in FINDINGS:
        assert np.allclose(np.array(small.boxes[finding]) * 4, large.boxes[finding], atol=9)


def test_clouds_are_the_same_at_any_size():
    small, large = (clouds(np.random.default_rng(0), grid_for(size), 10) for size in (128, 512))
    assert np.corrcoef(small.ravel(), cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA).ravel())[0, 1] > 0.99
    assert abs(small.std() - 1) < 0.35


@pytest.mark.parametrize(("findings", "size", "message"), [(["Cold"], 64, "Cold"), ([], 31, "31"), ([], 1025, "1025")])
def test_what_cannot_be_drawn_is_refused(findings, size, message):
    with pytest.raises(DataError, match=message):
        draw_radiograph(PATIENTS[0], findings, size=size)


# Who has what


def test_each_finding_has_the_wanted_prevalence_at_any_visit():
    visits = [visit for number in range(1, 1501) for visit in draw_visits(draw_patient(number), 3, 0.15)]
    for number in range(3):
        of_visit = [visit for visit in visits if visit.number == number]
        shares = [np.mean([finding in visit.findings for visit in of_visit]) for finding in FINDINGS]
        assert np.allclose(shares, 0.15, atol=0.035)


def test_findings_tend_to_stay_over_the_visits():
    pairs = [draw_visits(draw_patient(number), 2, 0.15) for number in range(1, 500)]
    stayed = [finding in second.findings for first, second in pairs for finding in first.findings]
    assert 0.65 < np.mean(stayed) < 0.85


def test_sex_age_view_and_order_tell_nothing_of_the_findings():
    visits = list(plan_visits(Phantom(patients=3000, images=4000)))
    present = np.array([[finding in visit.findings for finding in FINDINGS] for visit in visits], float)
    about = np.array(
        [
            (visit.patient.sex == "F", visit.age, visit.view == "AP", visit.patient.number, visit.number > 0)
            for visit in visits
        ],
        float,
    )
    correlations = np.corrcoef(np.hstack([present, about]).T)[: len(FINDINGS), len(FINDINGS) :]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(len(visits))


def test_exposure_and_noise_tell_nothing_of_the_findings():
    for patient in PATIENTS:
        healthy = draw_radiograph(patient, size=64).pixels.astype(int)
        ill = draw_radiograph(patient, {"Nodule": 0.5, "Hernia": 0.5}, size=64).pixels.astype(int)
        assert np.abs(ill - healthy)[:5].max() == 0
        assert np.median(np.abs(ill - healthy)) == 0


def test_every_patient_has_a_radiograph_and_all_are_as_many_as_wanted():
    visits = list(plan_visits(Phantom(patients=12, images=20)))
    assert len(visits) == 20
    assert {visit.patient.number for visit in visits} == set(range(1, 13))


def test_ages_never_fall():
    for number in range(1, 60):
        ages = [visit.age for visit in draw_visits(draw_patient(number), 6, 0.1)]
        assert ages == sorted(ages)
        assert ages[0] >= 18
        assert ages[-1] <= 95
