"""Training, validation and test part, divided by patient."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih, on_phantoms_and_radiographs
from tests.data.files import section
from xraykit.config.data.section import Split
from xraykit.data.catalog import Catalog
from xraykit.data.formats.nih.reading import read_nih
from xraykit.data.splits import PARTS, check_disjoint, hold_out, split_patients
from xraykit.data.stratify import divide_groups
from xraykit.errors import DataError, PatientOverlapError
from xraykit.registry import FORMATS

BY_PATIENT = Split(method="patient")


def catalog(patients, targets=None, official=None) -> Catalog:
    patients = list(map(str, patients))
    names = [f"{number:05d}.png" for number in range(len(patients))]
    targets = np.zeros((len(patients), 2), np.float32) if targets is None else np.asarray(targets, np.float32)
    labels = tuple(f"label{number}" for number in range(targets.shape[1]))
    about = {"image": names, "path": names, "patient": patients, "sex": "M", "age": 50.0, "view": "PA"}
    table = pd.concat([pd.DataFrame(about), pd.DataFrame(targets, columns=list(labels))], axis=1)
    return Catalog(table, labels, "labels.csv", "", official=official)


def official(train_val, test) -> dict[str, frozenset[str]]:
    def names(rows):
        return frozenset(f"{row:05d}.png" for row in rows)

    return {"train_val": names(train_val), "test": names(test)}


@st.composite
def catalogs(draw: Callable) -> Catalog:
    """10 to 60 patients with 1 to 8 radiographs and three labels, some unknown."""
    sizes = draw(st.lists(st.integers(1, 8), min_size=10, max_size=60))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    targets = generator.choice([0, 1, np.nan], (sum(sizes), 3), p=[0.75, 0.2, 0.05])
    return catalog(np.repeat(np.arange(len(sizes)), sizes), targets)


def try_split(radiographs: Catalog, split: Split, seed: int) -> np.ndarray | None:
    try:
        return split_patients(radiographs, split, seed)
    except DataError as error:
        if "part is empty" not in str(error):
            raise
        return None


@settings(max_examples=80, deadline=None)
@given(catalogs(), st.integers(0, 100), st.sampled_from([(0.7, 0.1, 0.2), (0.34, 0.33, 0.33), (0.2, 0.3, 0.5)]))
def test_whole_patients_are_divided_by_about_the_shares(radiographs, seed, shares):
    split = Split(method="patient", train=shares[0], validation=shares[1], test=shares[2])
    parts = try_split(radiographs, split, seed)
    if parts is None:
        return
    assert len(parts) == len(radiographs)
    assert set(parts) == set(PARTS)
    assert pd.Series(parts).groupby(radiographs.table["patient"]).nunique().max() == 1
    counts = np.array([(parts == name).sum() for name in PARTS])
    assert (np.abs(counts - np.array(shares) * len(parts)) <= 12).all()


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(catalogs(), st.integers(0, 100), st.randoms())
def test_the_division_depends_on_the_seed_and_not_on_the_order_of_rows(radiographs, seed, random):
    parts = try_split(radiographs, BY_PATIENT, seed)
    if parts is None:
        return
    order = list(range(len(radiographs)))
    random.shuffle(order)
    np.testing.assert_array_equal(split_patients(radiographs, BY_PATIENT, seed), parts)
    np.testing.assert_array_equal(split_patients(radiographs.take(np.array(order)), BY_PATIENT, seed), parts[order])


def test_another_seed_gives_another_division_and_the_splits_own_seed_wins():
    radiographs = catalog(np.arange(200) // 2)
    one, two = (split_patients(radiographs, BY_PATIENT, seed) for seed in (1, 2))
    assert (one != two).any()
    own = Split(method="patient", seed=2)
    np.testing.assert_array_equal(split_patients(radiographs, own, 1), two)


def test_the_division_of_a_seed_stays_what_it_was_in_earlier_releases():
    parts = split_patients(catalog(range(12)), Split(method="patient", train=0.5, validation=0.25, test=0.25), 7)
    train, validation, test = ([row for row, part in enumerate(parts) if part == name] for name in PARTS)
    assert (train, validation, test) == ([0, 1, 2, 4, 8, 9], [5, 7, 10], [3, 6, 11])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 200))
def test_patients_with_one_radiograph_are_stratified_to_the_item(seed, count):
    targets = np.random.default_rng(seed).random((count, 1)) < 0.3
    shares = (0.5, 0.25, 0.25)
    parts = divide_groups(np.column_stack([np.ones(count, int), targets.astype(int)]), shares)
    for part, share in enumerate(shares):
        assert abs(targets[parts == part].sum() - share * targets.sum()) <= 1
        assert abs((parts == part).sum() - share * count) <= 2


def test_large_and_small_groups_are_alike_in_parts_of_unequal_shares():
    sizes = np.repeat([1, 20], [1000, 100])
    parts = divide_groups(sizes[:, None], (0.7, 0.1, 0.2))
    assert [(parts[sizes == 20] == part).sum() for part in range(3)] == [70, 10, 20]
    assert [(parts[sizes == 1] == part).sum() for part in range(3)] == [700, 100, 200]


def test_a_label_in_few_patients_reaches_every_part():
    targets = np.zeros((300, 2))
    targets[:10, 0] = 1
    parts = split_patients(catalog(range(300), targets), BY_PATIENT, 3)
    assert [(parts[:10] == name).sum() for name in PARTS] == [7, 1, 2]


def test_the_official_lists_are_followed_and_training_is_divided_by_patient():
    patients = np.arange(400) // 2
    radiographs = catalog(patients, official=official(range(300), range(300, 400)))
    split = Split(train=0.6, validation=0.2, test=0.2)
    parts = split_patients(radiographs, split, 7)
    assert (parts[300:] == "test").all()
    assert abs((parts[:300] == "train").sum() - 225) <= 1
    check_disjoint(patients, parts)


def test_radiographs_in_neither_list_are_reported():
    radiographs = catalog(range(100), official=official(range(50), range(50, 98)))
    with pytest.raises(DataError, match=r"neither.*2 of 100 .*00098\.png.*method=patient"):
        split_patients(radiographs, Split(), 7)


def test_a_patient_in_both_lists_is_reported():
    radiographs = catalog(np.arange(100) // 2, official=official(range(51), range(51, 100)))
    with pytest.raises(PatientOverlapError, match="25 in the test list and the training list"):
        split_patients(radiographs, Split(), 7)


def test_missing_lists_are_reported_with_what_to_do():
    lists = FORMATS.get("nih").official
    with pytest.raises(DataError, match=r"train_val_list\.txt and test_list\.txt.*data\.split\.method=patient"):
        split_patients(catalog(range(20)), Split(), 7, lists)


@pytest.mark.parametrize(
    ("radiographs", "split", "reason"),
    [
        (catalog([1] * 20), BY_PATIENT, "validation part is empty: 20 radiographs of 1 patient .*Raise its share"),
        (catalog(range(20), official=official(range(20), [])), Split(), "test part is empty.*method=patient"),
        (catalog(range(20), official=official([], range(20))), Split(), "train part is empty"),
    ],
)
def test_an_empty_part_is_reported_with_what_to_do(radiographs, split, reason):
    with pytest.raises(DataError, match=reason):
        split_patients(radiographs, split, 7)


def test_an_overlap_names_five_patients_and_counts_them():
    patients = np.tile([f"p{number}" for number in range(9)], 2)
    parts = np.array(["train"] * 9 + ["test"] * 7 + ["train"] * 2)
    with pytest.raises(PatientOverlapError) as error:
        check_disjoint(patients, parts)
    assert "7 patients" in str(error.value)
    assert "p0 in test and train; " in str(error.value)
    assert "p4" in str(error.value)
    assert "p5" not in str(error.value)
    check_disjoint(patients, np.tile(np.array(["train", "test", "validation"] * 3), 2))


@on_phantoms_and_radiographs
@pytest.mark.parametrize("method", ["official", "patient"])
def test_patients_of_a_data_set_are_divided(method, small_nih):
    radiographs = read_nih(section(small_nih))
    parts = split_patients(radiographs, Split(method=method), 7)
    check_disjoint(radiographs.table["patient"], parts)
    if method == "official":
        assert set(radiographs.table["image"][parts == "test"]) <= radiographs.official["test"]
    else:
        np.testing.assert_allclose([(parts == name).mean() for name in PARTS], [0.7, 0.1, 0.2], atol=0.06)


@pytest.mark.slow
@needs_nih
def test_label_frequencies_of_all_real_patients_are_alike(monkeypatch):
    names = [*(NIH / "train_val_list.txt").read_text().split(), *(NIH / "test_list.txt").read_text().split()]
    everywhere = {name: f"/images/{name}" for name in names}
    monkeypatch.setattr(
        "xraykit.data.formats.nih.reading.find_pictures", lambda root, images, folders: (everywhere, [root])
    )
    radiographs = read_nih(section(NIH))
    targets = radiographs.targets()
    for split, rows in [(BY_PATIENT, slice(None)), (Split(), radiographs.table["image"].isin(names[:86_524]))]:
        parts = split_patients(radiographs, split, 7)
        check_disjoint(radiographs.table["patient"], parts)
        share = (parts == "validation").sum() / (parts[rows] != "").sum()
        of_labels = targets[parts == "validation"].sum(axis=0) / targets[rows].sum(axis=0)
        np.testing.assert_allclose(of_labels, share, atol=0.003)


class TestHoldOut:
    def a_catalog(self):
        generator = np.random.default_rng(0)
        return catalog(np.arange(300) // 3, generator.random((300, 2)) < 0.3)

    def test_whole_patients_are_drawn_with_like_labels(self):
        whole = self.a_catalog()
        held_out = hold_out(whole, 0.4, 7)
        by_patient = pd.Series(held_out).groupby(whole.table["patient"]).nunique()
        assert (by_patient == 1).all()
        assert held_out.mean() == pytest.approx(0.4, abs=0.02)
        shares = [whole.targets()[rows].mean(axis=0) for rows in (held_out, ~held_out)]
        np.testing.assert_allclose(shares[0], shares[1], atol=0.03)

    def test_nothing_is_held_out_by_default_and_the_seed_decides_who(self):
        whole = self.a_catalog()
        assert not hold_out(whole, 0.0, 7).any()
        assert (hold_out(whole, 0.5, 7) == hold_out(whole, 0.5, 7)).all()
        assert (hold_out(whole, 0.5, 7) != hold_out(whole, 0.5, 8)).any()
