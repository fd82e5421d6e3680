"""What a bundle records of its training, and radiographs that meet it again."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import textured
from xraykit.bundle import (
    BundleFolder,
    TrainedOn,
    check_contamination,
    contamination,
    describe_contamination,
    read_trained_on,
)
from xraykit.bundle.contents import ModelRecord, TrainedOnRecord
from xraykit.config import load_experiment
from xraykit.data import MetBefore, Radiographs, all_frequencies
from xraykit.data.leakage.met_before import _packed, _unpacked
from xraykit.data.leakage.signatures import LENGTH
from xraykit.errors import ContaminationError, ModelError


def radiographs(numbers, collection="nih", patients=None, pictures=True, files=True, side=64):
    films = [textured(side, seed=number) for number in numbers]
    return Radiographs(
        [f"{number}.png" for number in numbers],
        [str(each) for each in (patients or numbers)],
        [collection] * len(numbers),
        [f"{number:032x}" if files else "" for number in numbers],
        all_frequencies(films, len(films)) if pictures else None,
    )


@pytest.fixture(scope="module")
def record():
    """Twenty training and five validation radiographs, each of another patient."""
    return TrainedOn((MetBefore.of([("train", radiographs(range(20))), ("validation", radiographs(range(20, 25)))]),))


def test_the_same_patients_files_and_pictures_are_found_apart(record):
    found = contamination(record, radiographs(range(15, 35)))
    assert (found.radiographs, found.met, found.patients) == (20, 10, 10)
    assert (found.same_patient, found.same_file, found.same_picture) == (10, 10, 10)
    assert found.in_train == 5
    other = contamination(record, radiographs(range(30, 40)))
    assert (other.recorded, other.met, describe_contamination(other)) == (True, 0, "")
    check_contamination(other, "", "")


def test_what_one_member_of_an_ensemble_was_trained_on_counts_though_another_only_validated_on_it():
    folds = [radiographs(range(start, start + 10)) for start in (0, 10, 20)]
    members = [
        TrainedOn((MetBefore.of([("train", folds[number]), ("validation", folds[number - 1])]),)) for number in range(2)
    ]
    together = TrainedOn.together(members)
    found = contamination(together, radiographs(range(40)))
    assert (found.met, found.same_patient, found.in_train) == (30, 30, 20)
    assert together == TrainedOn.together([members[0], members[1]])
    assert not TrainedOn.together([*members, None]).complete
    assert TrainedOn.together([None, None]) is None


def test_another_patient_with_a_recorded_id_counts_within_one_collection_alone(record):
    elsewhere = radiographs(range(100, 110), patients=range(10))
    assert contamination(record, elsewhere).same_patient == 10
    assert contamination(record, replace(elsewhere, collections=["padchest"] * 10)).met == 0
    assert contamination(record, replace(elsewhere, collections=["table"] * 10)).met == 0


def test_ids_of_two_tables_are_compared_only_where_a_picture_shows_that_they_are_one_collection():
    record = TrainedOn((MetBefore.of([("train", radiographs(range(20), "table"))]),))
    stranger = radiographs(range(100, 110), "table", patients=range(10))
    assert contamination(record, stranger).met == 0
    same_hospital = radiographs([5, *range(100, 109)], "table", patients=[5, *range(6, 15)])
    assert contamination(record, same_hospital).same_patient == 10


def test_a_picture_in_another_size_and_coding_is_found_though_file_and_id_are_others(record):
    film = cv2.resize(textured(64, seed=7), (48, 48), interpolation=cv2.INTER_AREA)
    found = contamination(
        record,
        Radiographs(["new.jpg"], ["somebody"], ["folder"], ["f" * 32], all_frequencies([np.uint8(film * 0.8)], 1)),
    )
    assert (found.met, found.same_patient, found.same_file, found.same_picture) == (1, 0, 0, 1)


def test_pictures_that_were_not_decoded_are_not_looked_up(record):
    found = contamination(record, radiographs(range(3), pictures=False))
    assert (found.met, found.same_picture) == (3, None)
    assert "same picture" not in describe_contamination(found)


def test_contamination_is_refused_with_counts_and_a_remedy(record):
    with pytest.raises(ContaminationError, match=r"5 of 5 radiographs of the test part were met.*Start anew\."):
        check_contamination(contamination(record, radiographs(range(5))), "of the test part", "Start anew.")


def test_a_network_without_a_record_and_one_with_unknown_start_weights_say_so(record):
    nothing = contamination(None, radiographs(range(3)))
    assert not nothing.recorded
    assert "is not recorded" in describe_contamination(nothing)
    check_contamination(nothing, "", "")
    partly = record.after(None)
    assert describe_contamination(contamination(partly, radiographs(range(50, 53)))).startswith(
        "What its start weights"
    )


def test_the_record_of_start_weights_is_inherited(record):
    later = TrainedOn((MetBefore.of([("train", radiographs(range(40, 50)))]),)).after(record)
    assert later.complete
    assert contamination(later, radiographs([3, 45, 70])).met == 2


def test_a_record_has_neither_ids_nor_names_and_another_salt_each_time(record, tmp_path):
    again = TrainedOn((MetBefore.of([("train", radiographs(range(20)))]),))
    assert again.records[0].salt != record.records[0].salt
    common = set(map(bytes, again.records[0].patients)) & set(map(bytes, record.records[0].patients))
    assert not common
    again.write(tmp_path / "trained_on.npz")
    content = (tmp_path / "trained_on.npz").read_bytes()
    assert b"7.png" not in content
    assert f"{7:032x}".encode() not in content


def test_patients_are_not_recorded_where_a_collection_does_not_name_them():
    unnamed = replace(radiographs(range(5)), patients=None)
    record = TrainedOn((MetBefore.of([("train", unnamed)]),))
    assert len(record.records[0].patients) == 0
    found = contamination(record, unnamed)
    assert (found.same_patient, found.same_file, found.met) == (0, 5, 5)


@given(st.lists(st.floats(-4, 4), min_size=LENGTH, max_size=LENGTH))
def test_signatures_of_four_bits_are_near_the_numbers(values):
    signature = np.clip(np.array([values], np.float32), -2.5, 2.5)
    assert np.abs(_unpacked(_packed(signature)) * 2.5 / 7 - signature).max() <= 2.5 / 14 + 1e-6


@pytest.fixture(scope="module")
def mixed():
    """The section of an experiment on a collection that names patients and one that does not."""
    sources = [{"name": "public", "format": "nih"}, {"name": "small", "format": "chestmnist"}]
    return load_experiment({"data": {"sources": sources}}).data


def of_both(data, numbers, without=("small",)):
    """Each number as a radiograph of both sources, with other pictures."""
    films = {"public": [textured(64, seed=each) for each in numbers]}
    films["small"] = [textured(64, seed=500 + each) for each in numbers]
    images = [f"{source}/{number}.png" for source in films for number in numbers]
    patients = [f"{source}:{number}" for source in films for number in numbers]
    files = [f"{each}".encode().hex().ljust(32, "0") for each in images]
    found = all_frequencies([film for each in films.values() for film in each], len(images))
    return replace(Radiographs.of(data, images, patients, files, without), frequencies=found)


def test_of_several_sources_each_radiograph_belongs_to_the_format_of_its_source(mixed):
    both = of_both(mixed, [7])
    assert both.collections == ["nih", "chestmnist"]
    assert both.patients == ["7", ""]


def test_a_source_without_patients_does_not_hide_those_of_the_others(mixed, tmp_path):
    record = TrainedOn((MetBefore.of([("train", of_both(mixed, range(20)))]),))
    assert len(record.records[0].patients) == 20
    assert record.about()["records"][0]["without_patients"] == ["small"]
    found = contamination(record, radiographs(range(100, 105), patients=range(5)))
    assert (found.met, found.same_patient, found.patients) == (5, 5, 5)
    assert (found.without_patients, found.trained_without_patients) == ([], ["small"])
    assert "Patients of small are not named in its training data" in describe_contamination(found)


def test_sources_that_cannot_be_checked_are_named_though_nothing_was_met(record, mixed):
    found = contamination(record, of_both(mixed, range(200, 203)))
    assert (found.met, found.without_patients, found.trained_without_patients) == (0, ["small"], [])
    assert describe_contamination(found).startswith("Patients of small are not named: only files and pictures")
    met = contamination(record, of_both(mixed, range(3)))
    assert (met.same_patient, met.patients) == (3, 3)
    with pytest.raises(ContaminationError, match=r"3 of 6 radiographs were met.*Patients of small are not named"):
        check_contamination(met, "", "")


def _stored(folder, monkeypatch, record, **changed):
    """A bundle whose record was written by somebody else."""
    path = folder / "trained_on.npz"
    record.write(path)
    with np.load(path) as arrays:
        values = {**arrays, **{f"0.{name}": value for name, value in changed.items()}}
    np.savez_compressed(path, **{name: value for name, value in values.items() if value is not None})
    about = {"salt": "00" * 16, "iterations": 1000, "patients": 25, "radiographs": 25, **record.about()["records"][0]}
    parsed = ModelRecord.model_construct(trained_on=TrainedOnRecord(complete=True, records=[about]))
    monkeypatch.setattr("xraykit.bundle.trained_on.read_about", lambda _: ({}, parsed))
    return BundleFolder(folder)


def test_a_record_that_was_written_is_read_as_it_is(record, tmp_path, monkeypatch):
    again = read_trained_on(_stored(tmp_path, monkeypatch, record))
    assert contamination(again, radiographs(range(15, 35))).met == 10


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"patients": np.zeros((25, 4), np.uint8)}, r"patients is \(25, 4\) uint8, and not \(25, 16\)"),
        ({"patients": np.uint8(3)}, r"patients is \(\) uint8"),
        ({"patient_parts": np.full(25, 9, np.uint8)}, "patient_parts names a part that does not exist"),
        ({"files": np.zeros((24, 16), np.uint8)}, r"signatures is \(25, 72\) uint8, and not \(24, 72\)"),
        ({"parts": np.zeros(25)}, r"parts is \(25,\) float64"),
        ({"mean": np.full(LENGTH, np.nan, np.float32)}, "not 143 finite numbers"),
        ({"deviation": None}, "0.deviation"),
        ({"files": np.array([None])}, "allow_pickle=False"),
    ],
)
def test_a_strangers_record_that_does_not_fit_together_is_refused(record, tmp_path, monkeypatch, changed, reason):
    with pytest.raises(ModelError, match=reason):
        read_trained_on(_stored(tmp_path, monkeypatch, record, **changed))


def test_a_strangers_record_that_is_no_archive_or_unpacks_to_any_size_is_refused(record, tmp_path, monkeypatch):
    monkeypatch.setattr("xraykit.bundle.trained_on._MOST_BYTES", 1 << 16)
    bundle = _stored(tmp_path, monkeypatch, record, more=np.zeros(1 << 20, np.uint8))
    assert (tmp_path / "trained_on.npz").stat().st_size < 1 << 16
    with pytest.raises(ModelError, match="it unpacks to 1,0"):
        read_trained_on(bundle)
    (tmp_path / "trained_on.npz").write_bytes(b"PK no archive")
    with pytest.raises(ModelError, match="not a zip file"):
        read_trained_on(bundle)
