"""How the parts came about: a record that reads the texts of older files and knows its equals."""

import json

import pytest

from xraykit.config import Split, SplitRecord

BY_PATIENT = SplitRecord.of(Split(method="patient"), 7, "nih")
UNEVEN = Split(method="patient", train=0.625, validation=0.125, test=0.25)
OFFICIAL = SplitRecord.of(Split(), 7, "phantom")


@pytest.mark.parametrize(
    ("split", "data_format", "expected"),
    [
        (Split(), "nih", "official lists of nih, validation 12.5 % by patient, seed 7"),
        (Split(seed=3), "phantom", "official lists of phantom, validation 12.5 % by patient, seed 3"),
        (Split(method="patient"), "nih", "by patient 70/10/20, seed 7"),
        (UNEVEN, "nih", "by patient 62.5/12.5/25, seed 7"),
    ],
)
def test_its_text_names_method_owner_shares_and_seed(split, data_format, expected):
    assert str(SplitRecord.of(split, 7, data_format)) == expected


@pytest.mark.parametrize("record", [BY_PATIENT, OFFICIAL, OFFICIAL.model_copy(update={"amended": "labels corrected"})])
def test_it_is_read_back_from_json_and_from_its_text(record):
    assert SplitRecord.read(json.loads(json.dumps(record.as_values()))) == record
    parsed = SplitRecord.read(str(record))
    assert parsed.same_as(record)
    assert str(parsed) == str(record)


@pytest.mark.parametrize(
    ("text", "method", "owner"),
    [
        ("official NIH, validation 12.5 % by patient, seed 7", "official", "nih"),
        ("official lists of phantom, validation 14.29 % by patient, seed 7; 3 labels corrected", "official", "phantom"),
        ("by hand", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_texts_of_older_files_are_read(text, method, owner):
    record = SplitRecord.read(text)
    assert (record.method, record.owner) == (method, owner)
    assert record.amended == ("3 labels corrected" if "corrected" in text else None)
    assert str(record) == (text.replace("NIH", "lists of nih") or "unknown")


@pytest.mark.parametrize(
    "other",
    [
        SplitRecord.of(Split(method="patient"), 8, "nih"),
        SplitRecord.of(UNEVEN, 7, "nih"),
        BY_PATIENT.model_copy(update={"amended": "labels corrected"}),
        OFFICIAL,
    ],
)
def test_other_divisions_are_not_the_same(other):
    assert BY_PATIENT.same_as(SplitRecord.read(str(BY_PATIENT)))
    assert not BY_PATIENT.same_as(other)


@pytest.mark.parametrize(
    ("split", "text"),
    [
        (Split(method="folds"), "5 folds by patient, 20 % held out, seed 7"),
        (Split(method="folds", folds=3, fold=0), "3 folds by patient, fold 0 of 0 to 2, 20 % held out, seed 7"),
        (Split(method="folds", held_out="none"), "5 folds by patient, seed 7"),
        (Split(method="folds", held_out="official"), "5 folds by patient, the test list of nih held out, seed 7"),
    ],
)
def test_folds_are_recorded_and_described(split, text):
    record = SplitRecord.of(split, 7, "nih")
    assert str(record) == text
    assert SplitRecord.read(record.as_values()) == record


def test_two_folds_are_not_the_same_split():
    one, other = (SplitRecord.of(Split(method="folds", fold=fold), 7, "nih") for fold in (0, 1))
    assert not one.same_as(other)


def test_records_of_other_splits_have_no_keys_of_folds():
    assert not {"fold", "folds", "held_out"} & set(SplitRecord.of(Split(), 7, "nih").as_values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fold": 1}, "fold is read with method: folds only"),
        ({"method": "folds", "folds": 3, "fold": 3}, "fold must be one of 0 to 2"),
    ],
)
def test_a_fold_that_does_not_exist_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Split(**values)
