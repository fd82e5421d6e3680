"""Heat maps against boxes: hand-made maps, a slow and obvious scoring, and intervals by patient."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.reference import share_interval_by_pairs
from xraykit.errors import DataError
from xraykit.evaluation import localisation_metrics, map_state
from xraykit.evaluation.localisation.heat_maps import heat_map_scores
from xraykit.evaluation.localisation.intervals import Cases, difference_estimates, mean_estimate

SIZE = 16


@st.composite
def pixel_boxes(draw, size=SIZE):
    """Row, column, height and width in whole pixels."""
    row, column = draw(st.integers(0, size - 1)), draw(st.integers(0, size - 1))
    return row, column, draw(st.integers(1, size - row)), draw(st.integers(1, size - column))


def as_box(pixels, size=SIZE):
    row, column, height, width = pixels
    return column / size, row / size, width / size, height / size


def filled(boxes, size=SIZE):
    heat = np.zeros((size, size), np.float32)
    for row, column, height, width in boxes:
        heat[row : row + height, column : column + width] = 1
    return heat


def metrics(maps, boxes, labels, patients=None, intervals=True):
    images = [f"{number}.png" for number in range(len(labels))]
    patients = images if patients is None else patients
    return localisation_metrics(maps, boxes, labels, images, patients, intervals=intervals)


def obvious_scores(heat, boxes):
    """Pixel by pixel; regions by flooding; overlaps on a grid 20 times as fine."""
    size = len(heat)
    inside = {
        (row, column)
        for row in range(size)
        for column in range(size)
        for x, y, w, h in boxes
        if x <= (column + 0.5) / size < x + w and y <= (row + 0.5) / size < y + h
    }
    pixels = [(row, column) for row in range(size) for column in range(size)]
    top = [place for place in pixels if heat[place] == heat.max()]
    hot = {place for place in pixels if heat[place] >= heat.max() / 2}
    overlaps, left = [0.0] * len(boxes), set(hot)
    while left:
        region, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            region.add((row, column))
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            edge += near
        rows, columns = [row for row, _ in region], [column for _, column in region]
        fine = np.zeros((2, size * 20, size * 20), bool)
        fine[0, min(rows) * 20 : max(rows) * 20 + 20, min(columns) * 20 : max(columns) * 20 + 20] = True
        for at, box in enumerate(boxes):
            x, y, w, h = (round(edge * size * 20) for edge in box)
            fine[1] = False
            fine[1, y : y + h, x : x + w] = True
            overlaps[at] = max(overlaps[at], fine.all(axis=0).sum() / fine.any(axis=0).sum())
    return sum(place in inside for place in top) / len(top), len(hot & inside) / len(hot | inside), overlaps


@given(st.integers(0, 10_000), st.lists(pixel_boxes(), min_size=1, max_size=3))
def test_scores_are_those_of_a_slow_and_obvious_scoring(seed, pixels):
    heat = np.random.default_rng(seed).integers(0, 5, (SIZE, SIZE)).astype(np.float32)
    heat[np.random.default_rng(seed + 1).random((SIZE, SIZE)) < 0.6] = 0
    boxes = [as_box(each) for each in pixels]
    scores = heat_map_scores(heat, boxes)
    pointing, iou, overlaps = obvious_scores(heat, boxes)
    assert np.allclose([scores.pointing, scores.iou, *scores.overlaps], [pointing, iou, *overlaps])


@given(pixel_boxes())
def test_a_map_that_is_the_box_hits_it_wholly(pixels):
    heat = filled([pixels])
    if map_state(heat) == "flat":
        heat = np.pad(heat, ((0, SIZE), (0, SIZE)))
        pixels = (*pixels[:2], SIZE, SIZE)
    scores = heat_map_scores(heat, [as_box(pixels, len(heat))])
    assert scores.pointing == 1
    assert scores.iou == pytest.approx(1)
    assert scores.overlaps.tolist() == pytest.approx([1])


@given(st.integers(0, 10_000), pixel_boxes(SIZE // 2), st.integers(0, SIZE // 2), st.integers(0, SIZE // 2))
def test_moving_map_and_box_together_changes_nothing(seed, pixels, down, right):
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[: SIZE // 2, : SIZE // 2] = np.random.default_rng(seed).random((SIZE // 2, SIZE // 2))
    moved = np.roll(heat, (down, right), axis=(0, 1))
    row, column, height, width = pixels
    here = heat_map_scores(heat, [as_box(pixels)])
    there = heat_map_scores(moved, [as_box((row + down, column + right, height, width))])
    assert np.allclose([*here[:2], *here.overlaps], [*there[:2], *there.overlaps])


@given(st.integers(0, 10_000), st.lists(pixel_boxes(), min_size=1, max_size=3), st.floats(0.01, 100))
def test_neither_mirroring_nor_the_scale_of_the_map_changes_anything(seed, pixels, scale):
    heat = np.random.default_rng(seed).integers(0, 4, (SIZE, SIZE)).astype(np.float32)
    boxes = [as_box(each) for each in pixels]
    mirrored = [as_box((row, SIZE - column - width, height, width)) for row, column, height, width in pixels]
    here, there = heat_map_scores(heat, boxes), heat_map_scores(np.float32(scale) * heat[:, ::-1], mirrored)
    assert np.allclose([*here[:2], *here.overlaps], [*there[:2], *there.overlaps])


def test_a_hottest_place_of_several_pixels_counts_by_its_share_in_the_box():
    heat = filled([(4, 4, 2, 4)])
    assert heat_map_scores(heat, [as_box((4, 4, 2, 1))]).pointing == 0.25


def test_a_box_smaller_than_a_pixel_is_the_pixel_it_lies_in():
    for place in (0.3, 1 - 1e-4):
        heat = np.zeros((SIZE, SIZE))
        heat[5, int(place * SIZE)] = 1
        scores = heat_map_scores(heat, [(place, 5.4 / SIZE, 1e-4, 0.01)])
        assert (scores.pointing, scores.iou) == (1, 1)


def test_empty_and_flat_maps_miss_and_are_counted():
    box = as_box((0, 0, SIZE, SIZE))
    maps = np.stack([np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), 0.7), filled([(0, 0, SIZE, SIZE - 1)])])
    scored = metrics({"grad_cam": maps}, [[box]] * 3, ["Mass", "Mass", "Nodule"])["methods"]["grad_cam"]
    mass, nodule = scored["labels"]["Mass"], scored["labels"]["Nodule"]
    assert (mass["empty_maps"], mass["flat_maps"]) == (1, 1)
    assert (mass["pointing_game"], mass["iou"], mass["boxes_hit"]) == (0, 0, 0)
    assert (nodule["empty_maps"], nodule["flat_maps"]) == (0, 0)
    assert (nodule["pointing_game"], nodule["iou"], nodule["boxes_hit"]) == (1, pytest.approx(15 / 16), 1)
    assert (scored["macro"]["empty_maps"], scored["macro"]["flat_maps"]) == (1, 1)
    assert scored["macro"]["pointing_game"] == 0.5


def a_part(pairs=40, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.choice(["Mass", "Nodule", "Effusion"], pairs, p=[0.5, 0.4, 0.1]).tolist()
    rows = generator.integers(0, SIZE - 6, (pairs, 2, 2))
    boxes = [[as_box((*corner, 6, 5)) for corner in corners[: 1 + at % 2]] for at, corners in enumerate(rows)]
    maps = np.zeros((2, pairs, SIZE, SIZE), np.float32)
    for at, (row, column) in enumerate(generator.integers(0, SIZE - 6, (pairs, 2))):
        maps[0, at] = filled([(*rows[at, 0], 6, 4 + at % 3)])
        maps[1, at, row : row + 5, column : column + 5] = generator.random((5, 5))
    return {"grad_cam": maps[0], "centre_prior": maps[1]}, boxes, labels, generator.integers(0, 15, pairs).astype(str)


def test_metrics_are_means_over_pairs_and_shares_of_boxes():
    maps, boxes, labels, patients = a_part()
    scored = metrics(maps, boxes, labels, patients, intervals=False)
    assert (scored["pairs"], scored["images"], scored["patients"]) == (40, 40, len(set(patients)))
    assert scored["boxes"] == 60
    assert json.loads(json.dumps(scored, allow_nan=False)) == scored
    for method, heat in maps.items():
        each = [obvious_scores(*pair) for pair in zip(heat, boxes)]
        assert list(scored["methods"][method]["labels"]) == list(dict.fromkeys(labels))
        for label, given_ in scored["methods"][method]["labels"].items():
            mine = [scores for scores, other in zip(each, labels) if other == label]
            overlaps = [overlap for _, _, of in mine for overlap in of]
            assert (given_["pairs"], given_["boxes"]) == (len(mine), len(overlaps))
            assert given_["pointing_game"] == pytest.approx(np.mean([pointing for pointing, _, _ in mine]))
            assert given_["iou"] == pytest.approx(np.mean([iou for _, iou, _ in mine]))
            shares = {f"0.{least}": np.mean(np.array(overlaps) >= least / 10) for least in range(1, 8)}
            assert given_["boxes_hit_at"] == shares
            assert given_["boxes_hit"] == shares["0.3"]
            assert given_["pointing_game_interval"] is None
        for name in ("pointing_game", "iou", "boxes_hit"):
            of_labels = [label[name] for label in scored["methods"][method]["labels"].values()]
            assert scored["methods"][method]["macro"][name] == pytest.approx(np.mean(of_labels))


def test_intervals_of_a_label_are_by_patient():
    maps, boxes, labels, patients = a_part()
    own = np.array(labels) == "Mass"
    mass = metrics(maps, boxes, labels, patients)["methods"]["centre_prior"]["labels"]["Mass"]
    scores = [heat_map_scores(heat, of) for heat, of in zip(maps["centre_prior"], boxes)]
    pointing = np.array([each.pointing for each in scores])[own]
    assert set(pointing.tolist()) == {0, 1}
    assert mass["pointing_game_interval"] == pytest.approx(share_interval_by_pairs(pointing, patients[own]))
    hits = np.concatenate([each.overlaps >= 0.3 for each, inside in zip(scores, own) if inside])
    of_box = np.repeat(patients[own], [len(each.overlaps) for each, inside in zip(scores, own) if inside])
    assert mass["boxes_hit_interval"] == pytest.approx(share_interval_by_pairs(hits, of_box))
    low, high = mass["iou_interval"]
    assert low < mass["iou"] < high < mass["iou"] + 0.3


def test_a_score_without_variation_is_not_taken_as_certain():
    box, elsewhere = as_box((2, 2, 5, 5)), as_box((9, 9, 4, 4))
    maps = {"centre_prior": np.stack([filled([(2, 2, 5, 5)])] * 8)}
    scored = metrics(maps, [[box]] * 4 + [[elsewhere]] * 4, ["Mass"] * 4 + ["Edema"] * 4, list("abcdefgh"))
    found = scored["methods"]["centre_prior"]
    upper = 1 - 0.025 ** (1 / 4)  # none of four
    assert found["labels"]["Edema"]["pointing_game_interval"] == pytest.approx([0, upper])
    assert found["labels"]["Mass"]["pointing_game_interval"] == pytest.approx([1 - upper, 1])
    # Each label may be off by this much, on one side: half of it in the mean of two.
    assert found["macro"]["pointing_game_interval"] == pytest.approx([0.5 - upper / 2, 0.5 + upper / 2])


def test_a_label_of_one_patient_has_no_interval_and_may_be_anything_in_the_mean():
    box, boxed = as_box((2, 2, 5, 5)), filled([(2, 2, 5, 5)])
    scored = metrics({"grad_cam": np.stack([boxed] * 5)}, [[box]] * 5, ["Mass"] * 4 + ["Hernia"], list("aabbc"))
    found = scored["methods"]["grad_cam"]
    assert found["labels"]["Mass"]["pointing_game_interval"] == pytest.approx([0.025 ** (1 / 2), 1])
    assert (found["labels"]["Hernia"]["pointing_game"], found["labels"]["Hernia"]["pointing_game_interval"]) == (
        1,
        None,
    )
    low, high = found["macro"]["pointing_game_interval"]
    assert low == pytest.approx(1 - np.hypot(1, 1 - 0.025 ** (1 / 2)) / 2)
    assert high == 1


class TestAboveBaselines:
    BOX = as_box((2, 2, 5, 5))

    def compared(self, hits, baseline_hits, patients, labels=None):
        """Verdict and macro difference, from whether the maps of each method hit the box."""
        maps = {
            name: np.stack([filled([(2, 2, 5, 5) if hit else (10, 10, 5, 5)]) for hit in of])
            for name, of in (("grad_cam", hits), ("centre_prior", baseline_hits))
        }
        scored = metrics(maps, [[self.BOX]] * len(hits), labels or ["Mass"] * len(hits), patients)
        method = scored["methods"]["grad_cam"]
        return method["verdict"], method["above_baselines"]["centre_prior"]["macro"]

    def test_differences_are_of_the_same_pairs(self):
        maps, boxes, labels, patients = a_part()
        methods = metrics(maps, boxes, labels, patients)["methods"]
        assert "verdict" not in methods["centre_prior"]
        above = methods["grad_cam"]["above_baselines"]["centre_prior"]
        for name in ("pointing_game", "iou", "boxes_hit"):
            both = [methods[method]["macro"][name] for method in ("grad_cam", "centre_prior")]
            assert above["macro"][f"{name}_difference"] == pytest.approx(both[0] - both[1])
            low, high = above["macro"][f"{name}_difference_interval"]
            assert -1 <= low < both[0] - both[1] < high <= 1
            for label in set(labels):
                both = [methods[method]["labels"][label][name] for method in ("grad_cam", "centre_prior")]
                assert above["labels"][label][f"{name}_difference"] == pytest.approx(both[0] - both[1])

    def test_one_box_more_is_not_better(self):
        hits = [True] * 11 + [False] * 9
        verdict, macro = self.compared(hits, [True] * 10 + [False] * 10, np.arange(20))
        assert macro["pointing_game_difference"] == pytest.approx(0.05)
        assert macro["pointing_game_difference_interval"][0] < 0
        assert verdict == "not_shown"

    def test_a_clear_difference_is_better(self):
        verdict, macro = self.compared([True] * 18 + [False] * 2, [False] * 20, np.arange(20))
        assert verdict == "better"
        assert macro["pointing_game_difference_interval"][0] > 0.3

    def test_boxes_of_few_patients_allow_no_verdict(self):
        verdict, macro = self.compared([True] * 40, [False] * 40, np.arange(40) % 9)
        assert macro["pointing_game_difference"] == 1
        assert verdict == "few_patients"

    def test_many_pairs_of_few_patients_say_less_than_of_many(self):
        hits, others = np.tile([True, True, True, False], 10), np.zeros(40, bool)
        of_few, of_many = (self.compared(hits, others, patients)[1] for patients in (np.arange(40) // 4, np.arange(40)))
        hits_alike = np.repeat([True, True, True, False, True] * 2, 4)
        alike = self.compared(hits_alike, others, np.arange(40) // 4)[1]
        low = "pointing_game_difference_interval"
        assert alike[low][0] < of_many[low][0]
        assert of_few["pointing_game_difference"] == of_many["pointing_game_difference"]

    def test_maps_as_good_as_the_baseline_are_seldom_called_better(self):
        """Point estimates, compared before, called them better in about half of the cases."""
        generator, better, held, repetitions = np.random.default_rng(3), 0, 0, 200
        labels = np.repeat(["Mass", "Nodule", "Edema"], [20, 6, 3])
        patients = np.repeat(np.arange(16), 2)[:29]
        codes = np.unique(patients, return_inverse=True)[1]
        cases = Cases(labels[:, None] == np.array(["Mass", "Nodule", "Edema"]), codes)
        for _ in range(repetitions):
            common = generator.random(16)[patients] < 0.5
            one, other = (
                np.where(generator.random(29) < 0.6, common, generator.random(29) < 0.4).astype(float) for _ in range(2)
            )
            low, high = mean_estimate(difference_estimates(one, other, cases), cases, -1.0).interval
            better, held = better + (low > 0), held + (low <= 0 <= high)
        assert better / repetitions <= 0.04
        assert held / repetitions >= 0.95

    def test_intervals_that_are_not_wanted_are_not_given(self):
        maps, boxes, labels, patients = a_part()
        method = metrics(maps, boxes, labels, patients, intervals=False)["methods"]["grad_cam"]
        assert method["verdict"] is None
        assert method["above_baselines"]["centre_prior"]["macro"]["pointing_game_difference_interval"] is None


def test_without_pairs_nothing_is_estimable():
    scored = metrics({"grad_cam": np.zeros((0, SIZE, SIZE))}, [], [])
    assert (scored["pairs"], scored["methods"]["grad_cam"]["labels"]) == (0, {})
    assert scored["methods"]["grad_cam"]["macro"]["iou"] is None
    assert scored["methods"]["grad_cam"]["macro"]["iou_interval"] is None


@pytest.mark.parametrize(
    ("heat", "boxes", "message"),
    [
        (np.zeros((2, 4, 4)), [[(0, 0, 0.5, 0.5)]], "1, S, S"),
        (np.full((1, 4, 4), np.nan), [[(0, 0, 0.5, 0.5)]], "finite"),
        (np.full((1, 4, 4), -1.0), [[(0, 0, 0.5, 0.5)]], "not negative"),
        (np.zeros((1, 4, 4)), [[]], "at least one box"),
        (np.zeros((1, 4, 4)), [[(0, 0, 500, 400)]], "Divide pixels"),
        (np.zeros((1, 4, 4)), [[(0.2, 0.2, 0, 0.1)]], "within 0 and 1"),
        (np.zeros((1, 4, 4)), [[(0.2, 0.2, float("nan"), 0.1)]], "within 0 and 1"),
    ],
)
def test_what_does_not_fit_is_reported(heat, boxes, message):
    with pytest.raises(DataError, match=message):
        metrics({"grad_cam": heat}, boxes, ["Mass"])
