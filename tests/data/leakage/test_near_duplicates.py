"""Nearly the same picture: re-encoded, resized, slightly cropped, brighter; and what is not."""

import json
import logging

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih
from tests.data.files import png
from xraykit.data.cache.opening import open_cache
from xraykit.data.leakage import found_pairs
from xraykit.data.leakage.found_pairs import near_duplicates_in
from xraykit.data.leakage.near_duplicates import ALIKE, SAME, Pair, alike, near_duplicates, same_details
from xraykit.data.leakage.signatures import LENGTH, LOW, Usual, all_frequencies, frequencies, unit


@pytest.fixture(scope="module")
def films(phantoms):
    """Simulated radiographs of 64 pixels, each of another patient."""
    first = {path.name[:8]: path for path in sorted((phantoms / "images").iterdir())}
    return np.stack([cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in list(first.values())[:60]])


def jpeg(picture, quality=60):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def resized(picture, side=48):
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)


def cropped(picture, share=0.02):
    cut = round(share * 1024)
    large = cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_CUBIC)[cut:-cut, cut : -cut // 2]
    return cv2.resize(large, picture.shape[::-1], interpolation=cv2.INTER_AREA)


def brighter(picture):
    return np.uint8(np.clip(picture * 0.75 + 40, 0, 255))


def gamma(picture, exponent=0.7):
    return np.uint8(np.rint(255 * (picture / 255) ** exponent))


COPIES = {"jpeg": jpeg, "resized": resized, "cropped": cropped, "brighter": brighter, "gamma": gamma}


def pairs_of(pictures):
    pairs = near_duplicates(lambda rows: pictures[rows], len(pictures))
    return {(each.first, each.second) for each in pairs}


@pytest.mark.parametrize("how", COPIES)
def test_a_changed_copy_is_found_and_no_other_patient_is(films, how):
    copies = np.stack([COPIES[how](each) for each in films[:10]])
    assert pairs_of(np.concatenate([films, copies])) == {(row, len(films) + row) for row in range(10)}


def test_radiographs_of_different_patients_are_no_pairs(films):
    assert pairs_of(films) == set()


def test_two_pictures_are_enough_and_pictures_of_one_grey_are_never_pairs(films):
    assert pairs_of(np.stack([films[0], brighter(films[0])])) == {(0, 1)}
    grey = np.full((4, 64, 64), 90, np.uint8)
    assert pairs_of(grey) == set()
    assert same_details(grey[0], films[0]) == 0


@needs_nih
def test_real_radiographs_and_their_copies_through_another_resizer():
    """The rates on all of them are those of ``benchmarks/near_duplicates.py``."""
    found = {}
    for folder, count in (("images-128", 400), ("images-64", 834)):
        for path in sorted((NIH / folder).iterdir())[:count]:
            picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            found[folder, path.name] = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
    names = list(found)
    pairs = pairs_of(np.stack(list(found.values())))
    by_name = {}
    for row, (_, name) in enumerate(names):
        by_name.setdefault(name, []).append(row)
    copies = {tuple(rows) for rows in by_name.values() if len(rows) == 2}
    assert copies <= pairs
    patients = [name[:8] for _, name in names]
    assert all(patients[one] == patients[other] for one, other in pairs)


@settings(max_examples=30)
@given(
    st.integers(0, 59),
    st.floats(0.6, 1.5),
    st.floats(0.7, 1.0),
    st.integers(0, 40),
    st.integers(80, 95),
)
def test_signatures_hardly_change_with_gamma_contrast_brightness_and_jpeg(
    films, row, exponent, contrast, offset, quality
):
    changed = jpeg(
        np.uint8(np.clip(gamma(films[row], exponent) * contrast * (1 - offset / 255) + offset, 0, 255)), quality
    )
    found = all_frequencies([*films, changed], len(films) + 1)
    signatures = unit(Usual.of(found[:-1]).signatures(found)[:, LOW])
    correlations = signatures[:-1] @ signatures[-1]
    assert int(correlations.argmax()) == row
    assert correlations[row] >= ALIKE
    assert same_details(films[row], changed) >= SAME


@given(st.integers(1, 40), st.integers(0, 1000), st.floats(-0.5, 0.99))
def test_pairs_are_found_in_blocks_as_in_one_piece(count, seed, least):
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xraykit.data.leakage.near_duplicates._BLOCK", 7)
        found = {tuple(pair) for pair in alike(vectors, vectors, least, upper=True).tolist()}
        both = alike(vectors, vectors[:3], least)
    products = vectors @ vectors.T
    clear = np.abs(products - least) > 1e-5
    expected = {(i, j) for i in range(count) for j in range(i + 1, count) if products[i, j] >= least}
    assert {pair for pair in found ^ expected if clear[pair]} == set()
    assert len(both) <= count * 3


def test_a_signature_has_143_numbers_and_is_nothing_for_one_grey():
    assert frequencies(np.full((64, 64), 7, np.uint8)).tolist() == [0] * LENGTH
    assert Usual.of(np.zeros((3, LENGTH), np.float32)).signatures(np.zeros((3, LENGTH), np.float32)).any() == 0


@pytest.fixture
def cache(films, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for row, picture in enumerate([*films[:20], jpeg(films[3])]):
        (folder / f"{row:02d}.png").write_bytes(png(picture))
    (folder / "21.png").write_bytes(b"")
    paths = sorted(map(str, folder.iterdir()))

    def opened(size=64):
        return open_cache(paths, size, tmp_path / "cache", unreadable="leave_out")

    return opened


def test_the_pairs_of_a_cache_are_searched_for_once(cache, caplog):
    with caplog.at_level(logging.INFO, logger="xraykit"):
        for _ in range(3):
            (pair,) = near_duplicates_in(cache())
    assert (pair.first, pair.second) == (3, 20)
    assert caplog.text.count("Comparing 21 pictures with each other") == 1


@pytest.mark.parametrize("damage", [b"", b"x\n[]", b"[[0, 1]]", b"\n" + json.dumps([[0, 99, 1.0]]).encode()])
def test_a_damaged_list_of_pairs_is_searched_for_again(cache, damage):
    opened = cache()
    expected = near_duplicates_in(opened)
    file = opened.folder / "near-duplicates-1.json"
    file.write_bytes(damage)
    assert near_duplicates_in(cache()) == expected == [Pair(3, 20, expected[0].correlation)]
    assert file.read_bytes() != damage


def test_a_cache_that_cannot_be_written_is_searched_all_the_same(cache, monkeypatch, caplog):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(found_pairs, "held_lock", refuse)
    assert len(near_duplicates_in(cache())) == 1
    assert "searched for again the next time" in caplog.text


def test_pictures_with_too_few_details_are_not_compared(cache):
    assert near_duplicates_in(cache(16)) == []
