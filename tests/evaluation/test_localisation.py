"""Heat maps against boxes: hand-made maps, a slow and obvious scoring, and copied pairs for the intervals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.reference import expanded_percentiles
from xraykit.errors import DataError
from xraykit.evaluation import localisation_figures, map_state, wilson_interval
from xraykit.evaluation.heat_maps import heat_map_scores

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


def figures(maps, boxes, labels, patients=None, resamples=0, seed=0):
    images = [f"{number}.png" for number in range(len(labels))]
    patients = images if patients is None else patients
    return localisation_figures(maps, boxes, labels, images, patients, resamples=resamples, seed=seed)


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
    scored = figures({"grad_cam": maps}, [[box]] * 3, ["Mass", "Mass", "Nodule"])["methods"]["grad_cam"]
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


def test_figures_are_means_over_pairs_and_shares_of_boxes():
    maps, boxes, labels, patients = a_part()
    scored = figures(maps, boxes, labels, patients)
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


def test_intervals_are_those_of_copying_the_pairs_of_drawn_patients():
    maps, boxes, labels, patients = a_part()
    macro = figures(maps, boxes, labels, patients, resamples=60, seed=3)["methods"]["centre_prior"]
    names, own = np.unique(patients), np.array(labels) == "Mass"
    overlaps = [heat_map_scores(heat, of).overlaps >= 0.3 for heat, of in zip(maps["centre_prior"], boxes)]
    ious = np.array([heat_map_scores(heat, of).iou for heat, of in zip(maps["centre_prior"], boxes)])
    shares, means = [], []
    for drawn in np.random.default_rng(3).integers(len(names), size=(60, len(names))):
        cases = np.concatenate([np.flatnonzero(patients == names[patient]) for patient in drawn])
        mass = [case for case in cases if own[case]]
        shares.append(np.mean(np.concatenate([overlaps[case] for case in mass])))
        of_labels = [ious[[case for case in cases if labels[case] == label]] for label in dict.fromkeys(labels)]
        means.append(np.mean([of.mean() for of in of_labels if len(of)]))
    with_mass = len(set(patients[own]))
    assert macro["labels"]["Mass"]["boxes_hit_interval"] == pytest.approx(expanded_percentiles(shares, with_mass))
    most = max(len(set(patients[np.array(labels) == label])) for label in labels)
    assert macro["macro"]["iou_interval"] == pytest.approx(expanded_percentiles(means, most))


def test_a_macro_mean_of_scores_without_variation_is_not_taken_as_certain():
    box, elsewhere = as_box((2, 2, 5, 5)), as_box((9, 9, 4, 4))
    maps = {"centre_prior": np.stack([filled([(2, 2, 5, 5)])] * 8)}
    patients = list("abcdefgh")
    scored = figures(maps, [[box]] * 4 + [[elsewhere]] * 4, ["Mass"] * 4 + ["Edema"] * 4, patients, 50)
    assert scored["methods"]["centre_prior"]["macro"]["pointing_game"] == 0.5
    assert scored["methods"]["centre_prior"]["macro"]["pointing_game_interval"] == wilson_interval(2, 4)


def test_a_score_without_variation_and_a_label_of_one_patient():
    box, boxed = as_box((2, 2, 5, 5)), filled([(2, 2, 5, 5)])
    scored = figures({"grad_cam": np.stack([boxed] * 4)}, [[box]] * 4, ["Mass"] * 3 + ["Hernia"], list("aabb"), 50)
    labels = scored["methods"]["grad_cam"]["labels"]
    assert labels["Mass"]["pointing_game_interval"] == wilson_interval(2, 2)
    assert (labels["Hernia"]["pointing_game"], labels["Hernia"]["pointing_game_interval"]) == (1, None)


def test_without_pairs_nothing_is_estimable():
    scored = figures({"grad_cam": np.zeros((0, SIZE, SIZE))}, [], [], resamples=10)
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
def test_what_does_not_fit_is_told(heat, boxes, message):
    with pytest.raises(DataError, match=message):
        figures({"grad_cam": heat}, boxes, ["Mass"])
