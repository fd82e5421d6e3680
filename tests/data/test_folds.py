"""Folds of whole patients: each patient in one of them, and none of the held-out patients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih
from tests.data.files import line, nih_root, section
from tests.data.test_splits import catalog, catalogs, official
from xraykit.config.data.section import Split
from xraykit.data.folds import folds_of, split_folds
from xraykit.data.formats.nih.reading import read_nih
from xraykit.data.parts import load_parts, load_sealed
from xraykit.data.splits import HELD_OUT, PARTS, split_patients
from xraykit.data.summary import describe_folds
from xraykit.errors import DataError, SealedPartError


def parts_or_none(radiographs, split, seed, divide=split_folds):
    try:
        return divide(radiographs, split, seed)
    except DataError as error:
        if "empty" not in str(error):
            raise
        return None


@settings(max_examples=60, deadline=None)
@given(catalogs(), st.integers(0, 100), st.integers(2, 6), st.sampled_from(["share", "none"]))
def test_each_patient_is_in_exactly_one_fold_or_held_out(radiographs, seed, folds, held_out):
    split = Split(method="folds", folds=folds, held_out=held_out)
    fold = parts_or_none(radiographs, split, seed, folds_of)
    if fold is None:
        return
    assert pd.Series(fold).groupby(radiographs.table["patient"]).nunique().max() == 1
    assert set(fold) <= set(range(-1, folds))
    assert (fold < 0).any() == (held_out == "share")


@settings(max_examples=40, deadline=None)
@given(catalogs(), st.integers(0, 100), st.integers(2, 5), st.sampled_from(["share", "none"]))
def test_no_network_meets_its_fold_or_the_held_out_patients_before(radiographs, seed, folds, held_out):
    split = Split(method="folds", folds=folds, held_out=held_out)
    every = [parts_or_none(radiographs, split.model_copy(update={"fold": number}), seed) for number in range(folds)]
    if any(parts is None for parts in every):
        return
    patient = radiographs.table["patient"].to_numpy()
    for parts in every:
        assert pd.Series(parts).groupby(patient).nunique().max() == 1
        assert set(PARTS) <= set(parts) <= {*PARTS, HELD_OUT}
    # Each radiograph is tested once, or it is held out from all networks.
    tested = np.sum([parts == "test" for parts in every], axis=0)
    kept_out = np.array([parts == HELD_OUT for parts in every])
    assert (kept_out == kept_out[0]).all()
    assert (tested == np.where(kept_out[0], 0, 1)).all()
    whole = split_folds(radiographs, split, seed)
    assert ((whole == "test") == kept_out[0]).all()
    assert set(whole) <= {"train", "test"}


@settings(max_examples=30, deadline=None)
@given(catalogs(), st.integers(0, 100), st.randoms())
def test_folds_do_not_depend_on_the_order_of_rows(radiographs, seed, random):
    split = Split(method="folds", folds=3, fold=1)
    parts = parts_or_none(radiographs, split, seed)
    if parts is None:
        return
    order = list(range(len(radiographs)))
    random.shuffle(order)
    shuffled = radiographs.take(np.array(order))
    assert split_folds(shuffled, split, seed).tolist() == parts[order].tolist()


def test_label_frequencies_are_alike_in_all_folds():
    random = np.random.default_rng(0)
    radiographs = catalog(np.repeat(np.arange(300), 3), random.random((900, 2)) < [0.3, 0.05])
    fold = folds_of(radiographs, Split(method="folds", folds=5, held_out="none"), 3)
    sizes = np.bincount(fold)
    positives = np.array([(radiographs.targets()[fold == number] == 1).sum(axis=0) for number in range(5)])
    assert sizes.max() - sizes.min() <= 3
    assert (positives.max(axis=0) - positives.min(axis=0) <= 3).all()


def test_the_held_out_share_is_the_test_part_of_the_same_experiment_without_folds():
    radiographs = catalog(np.repeat(np.arange(60), 2))
    ordinary = split_patients(radiographs, Split(method="patient"), 7)
    folds = split_folds(radiographs, Split(method="folds"), 7)
    assert ((ordinary == "test") == (folds == "test")).all()


def test_the_official_test_list_is_held_out():
    lists = official(range(40), range(40, 50))
    radiographs = catalog(range(50), official=lists)
    fold = folds_of(radiographs, Split(method="folds", folds=4, held_out="official"), 7)
    assert np.flatnonzero(fold < 0).tolist() == list(range(40, 50))
    assert np.bincount(fold[:40]).tolist() == [10, 10, 10, 10]


def test_a_missing_official_list_is_reported():
    with pytest.raises(DataError, match="without their official split"):
        folds_of(catalog(range(50)), Split(method="folds", held_out="official"), 7, "test_list.txt")


def test_more_folds_than_patients_are_refused():
    with pytest.raises(DataError, match="4 patients cannot be divided into 5 folds"):
        folds_of(catalog([1, 1, 2, 3, 4]), Split(method="folds", held_out="none"), 7)


@pytest.fixture
def data(tmp_path):
    lines = [line(f"{number}.png", "Mass" if number % 3 else "Hernia", str(number // 2)) for number in range(60)]
    return section(nih_root(tmp_path, lines), split=Split(method="folds", folds=3), labels=("Hernia", "Mass"))


def test_the_parts_of_one_fold(data):
    one = data.model_copy(update={"split": data.split.model_copy(update={"fold": 2})})
    parts = load_parts(one, 7, sealed_test=False)
    assert str(parts.split) == "3 folds by patient, fold 2 of 0 to 2, 20 % held out, seed 7"
    assert parts.sizes == {"train": 28, "validation": 4, "test": 16}
    assert (parts.assignments()["part"] == HELD_OUT).sum() == 12
    # The pictures of all are in one cache, whichever fold is trained.
    assert len(parts.paths) == 60
    assert parts.identity["parts"]["test"]["patients"] == 8


def test_the_parts_of_all_folds_have_the_held_out_patients_as_test_part(data):
    sealed = load_sealed(data, 7)
    assert str(sealed.parts.split) == "3 folds by patient, 20 % held out, seed 7"
    assert sealed.parts.sizes == {"train": 48, "validation": 0, "test": 12}
    with pytest.raises(SealedPartError):
        sealed.parts.catalog_of("test")
    assert len(sealed.unsealed().catalog_of("test").table) == 12


def test_folds_are_shown_with_their_sizes_and_positives(data):
    text = describe_folds(data, 7)
    lines = [line.split() for line in text.splitlines() if line]
    assert lines[0] == ["fold", "0", "fold", "1", "fold", "2", "held", "out"]
    assert ["radiographs", "16", "16", "16", "12"] in lines
    assert ["patients", "8", "8", "8", "6"] in lines
    assert "# Network of fold 0: 28 train, 4 validation, 16 test" in text


def test_each_fold_has_its_own_fingerprint(data):
    prints = {
        load_parts(
            data.model_copy(update={"split": data.split.model_copy(update={"fold": fold})}), 7, sealed_test=True
        ).fingerprint
        for fold in (None, 0, 1, 2)
    }
    assert len(prints) == 4


@pytest.mark.slow
@needs_nih
@pytest.mark.skipif(not (NIH / "images-128").is_dir(), reason="the radiographs at 128 px are not there")
def test_folds_of_real_radiographs_have_like_label_frequencies():
    radiographs = read_nih(section(NIH, images="images-128"))
    fold = folds_of(radiographs, Split(method="folds", folds=5), 7)
    rates = np.array([np.nanmean(radiographs.targets()[fold == number] == 1, axis=0) for number in range(5)])
    assert pd.Series(fold).groupby(radiographs.table["patient"]).nunique().max() == 1
    assert np.ptp(np.bincount(fold[fold >= 0])) <= 5
    assert (np.ptp(rates, axis=0) < 0.003).all()
