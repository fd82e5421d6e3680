"""Two collections of different formats, in the files that their phantoms are written in."""

from dataclasses import dataclass

import numpy as np
import pytest

from xraykit.bundle.licence import licence_note
from xraykit.config import load_experiment
from xraykit.data import describe_parts, load_parts, read_catalog, reading_facts
from xraykit.phantoms import layout_named, write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, phantoms):
    root = tmp_path_factory.mktemp("mixed") / "chexpert"
    write_phantoms(root, Phantom(patients=30, images=50, size=64, prevalence=0.3, seed=2), layout="chexpert")
    policy = {"uncertain": {"smooth": [0.55, 0.85]}}
    sources = [
        {"format": "nih", "root": str(phantoms)},
        {"format": "chexpert", "root": str(root), "chexpert": policy},
    ]
    data = {"image_size": 32, "split": {"method": "official"}, "sources": sources}
    return load_experiment({"data": data})


@pytest.fixture(scope="module")
def parts(experiment):
    return load_parts(experiment.data, 7, sealed_test=False)


def test_labels_are_the_union_of_both_by_their_synonyms(experiment, parts):
    labels = experiment.data.labels
    assert "Effusion" in labels
    assert "Pleural Effusion" not in labels
    assert {"Infiltration", "Lung Opacity", "Enlarged Cardiomediastinum", "Support Devices"} <= set(labels)
    assert parts.labels == labels
    train = parts.catalog_of("train")
    of_chexpert = (train.table["source"] == "chexpert").to_numpy()
    targets = dict(zip(labels, train.targets().T, strict=True))
    assert np.isnan(targets["Infiltration"][of_chexpert]).all()
    assert np.isnan(targets["Lung Opacity"][~of_chexpert]).all()
    for rows in (of_chexpert, ~of_chexpert):
        assert {0.0, 1.0} <= set(targets["Effusion"][rows].tolist())


def test_uncertain_labels_are_soft_in_the_training_and_unknown_in_metrics(parts):
    train = parts.catalog_of("train")
    soft, targets = train.training_targets(), train.targets()
    between = (soft > 0) & (soft < 1)
    assert between.any()
    assert np.isnan(targets[between]).all()
    assert set(train.table["source"][between.any(axis=1)]) == {"chexpert"}
    assert reading_facts(train)["sources"]["chexpert"]["unclear_labels"]["uncertain"]


def test_each_source_has_its_own_views_lists_and_terms(experiment, parts):
    text = describe_parts(parts)
    assert "# Source nih (nih): " in text
    assert "# chexpert: " in text, "laterals are left out of the second source alone"
    assert str(parts.split).startswith("official lists of nih and chexpert")
    assert parts.division.groupby("patient")["part"].nunique().max() == 1
    note = licence_note(experiment)
    assert all(FORMATS.get(name).licence in note for name in ("nih", "chexpert"))
    assert "nih and chexpert" in note.splitlines()[0]


@dataclass(frozen=True)
class Second:
    """A collection beside NIH.

    Attributes:
        shared: Its labels that NIH annotates too, with the name there.
        own: One that NIH does not annotate, if any.
        patients: Whether it names patients.
        official: Whether it has an official split.
        dicom: Whether pydicom is needed.
    """

    shared: dict[str, str]
    own: str | None = None
    patients: bool = True
    official: bool = True
    dicom: bool = False


SECOND = {
    "mimic_cxr": Second({"Pleural Effusion": "Effusion"}, "Enlarged Cardiomediastinum"),
    "padchest": Second({"Pleural Effusion": "Effusion"}, "Kyphosis", official=False),
    "vindr": Second({"Pleural effusion": "Effusion"}, "Lung Opacity", patients=False, dicom=True),
    "rsna": Second({}, "Lung Opacity", official=False, dicom=True),
    "chestmnist": Second({"Effusion": "Effusion", "Cardiomegaly": "Cardiomegaly"}, patients=False),
    "folder": Second({"PNEUMONIA": "Pneumonia"}),
    "hospital": Second({"Erguss": "Effusion", "Kardiomegalie": "Cardiomegaly"}, official=False, dicom=True),
}


@pytest.fixture(scope="module", params=SECOND)
def beside_nih(request, tmp_path_factory, phantoms):
    """The collection, its layout and the experiment on NIH and it."""
    layout, second = request.param, SECOND[request.param]
    if second.dicom:
        pytest.importorskip("pydicom", reason="DICOM files need pydicom: pip install 'xraykit[dicom]'")
    root = tmp_path_factory.mktemp(layout) / "set"
    write_phantoms(root, Phantom(patients=24, images=40, size=32, prevalence=0.35, seed=4), layout=layout)
    entry = {"name": "second", **layout_named(layout).data, "root": str(root)}
    if layout == "padchest":
        entry["labels"] = ["Cardiomegaly", "Pleural Effusion", "Kyphosis"]
        entry["padchest"] = {"findings": {"Kyphosis": ["kyphosis"]}}
    if layout == "hospital":
        entry["rename"] = dict(second.shared)
    sources = [{"format": "nih", "root": str(phantoms)}, entry]
    experiment = load_experiment({"data": {"image_size": 32, "split": {"method": "patient"}, "sources": sources}})
    return second, experiment


def test_each_format_beside_nih_keeps_its_labels_under_common_names(beside_nih):
    second, experiment = beside_nih
    data = experiment.data
    assert not set(second.shared) & set(data.labels) - set(second.shared.values()), "one name for one finding"
    assert set(second.shared.values()) <= set(data.labels)
    assert second.own is None or second.own in data.labels
    mixed, alone = read_catalog(data), read_catalog(data.alone(data.sources[1]))
    of_second = (mixed.table["source"] == "second").to_numpy()
    rows = mixed.take(of_second).table
    assert rows["image"].tolist() == [f"second/{image}" for image in alone.table["image"]]
    names = data.common_names(data.sources[1])
    for own, label in names.items():
        np.testing.assert_array_equal(rows[label], alone.table[own], err_msg=label)
    for label in set(data.labels) - set(names.values()):
        assert rows[label].isna().all(), "nobody annotates it there"
    for own, label in second.shared.items():
        assert names[own] == label
        assert (rows[label] == 1).any()
    if second.own:
        assert mixed.take(~of_second).table[second.own].isna().all()
        assert (rows[second.own] == 1).any()


def test_each_format_beside_nih_keeps_patients_apart(beside_nih):
    second, experiment = beside_nih
    parts = load_parts(experiment.data, 7, sealed_test=False)
    division = parts.division.assign(source=parts.division["image"].str.partition("/")[0])
    assert set(division["source"]) == {"nih", "second"}
    assert (division["patient"].str.partition(":")[0] == division["source"]).all()
    assert division.groupby("patient")["part"].nunique().max() == 1
    assert set(division["part"]) == {"train", "validation", "test"}
    catalog = parts.catalog_of("train")
    assert [source.patients_known for source in catalog.sources] == [True, second.patients]
    assert catalog.patients_known is second.patients
    of_second = division[division["source"] == "second"]
    assert (of_second["patient"].nunique() == len(of_second)) is not second.patients


def test_each_format_beside_nih_is_divided_by_its_own_lists_or_by_patient(beside_nih):
    second, experiment = beside_nih
    own = {} if second.official else {"data.sources.1.split_method": "patient"}
    official = experiment.with_values({"data.split.method": "official", **own}).data
    parts = load_parts(official, 7, sealed_test=False)
    part_of = dict(zip(parts.division["image"], parts.division["part"], strict=True))
    for source in official.sources:
        catalog = read_catalog(official.alone(source))
        if catalog.official is None:
            assert (source.name, second.official) == ("second", False)
            continue
        test = {f"{source.name}/{image}" for image in catalog.table["image"] if image in catalog.official["test"]}
        assert test
        assert {
            image for image, part in part_of.items() if part == "test" and image.startswith(f"{source.name}/")
        } == test
    assert parts.division.groupby("patient")["part"].nunique().max() == 1
