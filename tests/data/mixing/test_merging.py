"""Several collections as one catalog: names, patients, labels, lists and what was left out."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.files import png
from xraykit.config import load_experiment
from xraykit.data import describe_parts, load_boxes, load_parts, reading_facts, remarks
from xraykit.data.catalog import Catalog, hash_of_files
from xraykit.data.mixing.merging import merged
from xraykit.data.parts import PARTS, read_catalog
from xraykit.errors import DataError, PatientOverlapError


def catalog_of(patients, labels, targets, **facts):
    rows = len(patients)
    table = pd.DataFrame(
        {
            "image": [f"{row}.png" for row in range(rows)],
            "path": [f"/{row}.png" for row in range(rows)],
            "patient": pd.Series(list(patients), dtype=object),
            "sex": pd.Series([np.nan] * rows, dtype=object),
            "age": np.full(rows, np.nan),
            "view": pd.Series([np.nan] * rows, dtype=object),
        }
    )
    columns = pd.DataFrame(np.asarray(targets, np.float32).reshape(rows, len(labels)), columns=list(labels))
    return Catalog(pd.concat([table, columns], axis=1), tuple(labels), "labels.csv", "0" * 64, **facts)


def section(*sources, **data):
    entries = [{"format": "table", "name": name, **entry} for name, entry in sources]
    return load_experiment({"data": {"split": {"method": "patient"}, **data, "sources": entries}}).data


A = ("a", {"labels": ["Effusion", "Mass"]})
B = ("b", {"labels": ["Pleural Effusion", "Edema"]})


def test_names_and_patients_of_two_sources_never_collide():
    data = section(A, B)
    whole = merged(data, [catalog_of(["1", "2"], A[1]["labels"], np.zeros((2, 2)))] * 2)
    assert whole.table["image"].tolist() == ["a/0.png", "a/1.png", "b/0.png", "b/1.png"]
    assert whole.table["patient"].tolist() == ["a:1", "a:2", "b:1", "b:2"]
    assert whole.table["source"].tolist() == ["a", "a", "b", "b"]
    assert whole.columns == ("source",)


def test_labels_are_aligned_and_unknown_where_a_source_does_not_annotate_them():
    data = section(A, B)
    first = catalog_of(["1"], ["Effusion", "Mass"], [1, 0])
    second = catalog_of(["1"], ["Pleural Effusion", "Edema"], [0, 1])
    whole = merged(data, [first, second])
    assert whole.labels == ("Effusion", "Mass", "Edema")
    np.testing.assert_array_equal(whole.targets(), [[1, 0, np.nan], [0, np.nan, 1]])


def test_two_labels_of_a_source_that_mean_the_same_count_as_one():
    data = section(A, ("b", {"labels": ["Infiltrate", "blunting"], "rename": {"blunting": "Infiltration"}}))
    values = [[1, 0], [0, 0], [np.nan, 0], [np.nan, 1], [0, 1], [np.nan, np.nan]]
    second = catalog_of("123456", ["Infiltrate", "blunting"], values)
    whole = merged(data, [catalog_of("1", ["Effusion", "Mass"], [0, 0]), second])
    column = whole.targets()[1:, whole.labels.index("Infiltrate")]
    np.testing.assert_array_equal(column, [1, 0, np.nan, 1, 1, np.nan])


def test_soft_targets_studies_and_counts_are_merged():
    soft = np.array([[0.4, 0.0]], np.float32)
    first = catalog_of(
        "1",
        ["Effusion", "Mass"],
        [0, 0],
        soft_targets=soft,
        missing_images=2,
        missing_examples=("x.png",),
        laterals=3,
        not_understood={"sex": {"?": 1}},
        normalised={"patient": 1},
        studies=np.array(["s"], object),
    )
    second = catalog_of("1", B[1]["labels"], [1, 0], laterals=1, not_understood={"sex": {"?": 2}, "age": {"x": 1}})
    whole = merged(section(A, B), [first, second])
    np.testing.assert_allclose(whole.training_targets(), [[0.4, 0, np.nan], [1, np.nan, 0]])
    assert (whole.missing_images, whole.missing_examples, whole.laterals) == (2, ("a/x.png",), 4)
    assert whole.not_understood == {"sex": {"?": 3}, "age": {"x": 1}}
    assert whole.studies is None, "the second source names none"
    sentences = remarks(reading_facts(whole))
    assert sentences[0].startswith("a: 3 radiographs left out, as the view says that they are lateral")
    assert any(sentence.startswith("b: 1 radiograph left out") for sentence in sentences)
    json.dumps(reading_facts(whole))


def test_patients_of_one_register_are_the_same_in_any_spelling():
    shared = {"patients": "clinic"}
    data = section(("a", {**A[1], **shared}), ("b", {**B[1], **shared}), ("c", {"labels": ["Mass"]}))
    catalogs = [
        catalog_of(["P7", "x"], A[1]["labels"], np.zeros((2, 2))),
        catalog_of(["p7"], B[1]["labels"], np.zeros((1, 2))),
        catalog_of(["P7"], ["Mass"], [0]),
    ]
    patients = merged(data, catalogs).table["patient"].tolist()
    assert patients[0] == patients[2] == "clinic:P7"
    assert patients[3] == "c:P7"


def test_a_collection_without_patients_cannot_share_them():
    shared = {"patients": "clinic"}
    data = section(("a", {**A[1], **shared}), ("b", {**B[1], **shared}))
    known = catalog_of("1", A[1]["labels"], [0, 0])
    with pytest.raises(DataError, match=r"'b' shares the patients 'clinic' .* does not name patients"):
        merged(data, [known, catalog_of("1", B[1]["labels"], [0, 0], patients_known=False)])


LABELS = ("Effusion", "Pleural Effusion", "Mass", "Edema", "Pulmonary Edema", "Foo")
VALUES = st.sampled_from([0.0, 1.0, np.nan])


@st.composite
def collections(draw):
    """One to three sources with some labels in any order, and their catalogs."""
    sources, catalogs = [], []
    for at in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True))
        rows = draw(st.integers(1, 4))
        targets = draw(st.lists(VALUES, min_size=rows * len(labels), max_size=rows * len(labels)))
        sources.append((f"s{at}", {"labels": labels}))
        catalogs.append(catalog_of([str(row) for row in range(rows)], labels, targets))
    return sources, catalogs


@settings(max_examples=25)
@given(collections())
def test_no_value_of_a_source_is_lost_moved_or_invented(given_collections):
    sources, catalogs = given_collections
    data = section(*sources)
    whole = merged(data, catalogs)
    names = data.label_names
    begin = 0
    for (_, entry), catalog in zip(sources, catalogs, strict=True):
        rows = whole.targets()[begin : begin + len(catalog)]
        begin += len(catalog)
        for at, label in enumerate(whole.labels):
            own = [each for each in entry["labels"] if names.key(each) == names.key(label)]
            values = catalog.targets()[:, [catalog.labels.index(each) for each in own]]
            for row, expected in zip(rows[:, at], values, strict=True):
                if (expected == 1).any():
                    assert row == 1
                elif len(expected) and (expected == 0).all():
                    assert row == 0
                else:
                    assert np.isnan(row)
    assert begin == len(whole)
    assert whole.table["image"].is_unique


@pytest.fixture
def two(tmp_path):
    """Two tables of 30 patients each, with a column of the official split, of which the first has a validation list."""
    for name, finding in (("a", "Effusion"), ("b", "Pleural effusion")):
        folder = tmp_path / name
        (folder / "images").mkdir(parents=True)
        rows = [f"image,patient,{finding},liste"]
        for patient in range(30):
            part = "test" if patient % 5 == 0 else "validation" if patient % 5 == 1 and name == "a" else "train"
            for number in range(2):
                image = f"{patient}_{number}.png"
                (folder / "images" / image).write_bytes(png(np.full((16, 16), patient + 99, np.uint8)))
                rows.append(f"{image},{patient},{patient % 3 == 0:d},{part}")
        (folder / "labels.csv").write_text("\n".join(rows))
    return tmp_path


def mixture(root, *changes, method="official"):
    entries = [
        {"format": "table", "name": name, "root": str(root / name), "labels": [label], "table": {"split": "liste"}}
        for name, label in (("a", "Effusion"), ("b", "Pleural effusion"))
    ]
    for entry, change in zip(entries, changes, strict=False):
        entry |= change
    return load_experiment({"data": {"image_size": 32, "split": {"method": method}, "sources": entries}}).data


def parts_of(data):
    return load_parts(data, 7, sealed_test=False)


def test_each_source_keeps_its_official_split(two):
    parts = parts_of(mixture(two))
    patients = parts.division.drop_duplicates("patient").set_index("patient")["part"]
    for patient in range(30):
        listed = {0: "test", 1: "validation"}.get(patient % 5, "train")
        assert patients[f"a:{patient}"] == listed
        assert (patients[f"b:{patient}"] == "test") == (patient % 5 == 0)
    assert (patients[patients.index.str.startswith("b:")] == "validation").sum() == 3, "an eighth of the training list"
    assert str(parts.split) == "official lists of a and b, validation 12.5 % by patient, seed 7"


def test_a_source_without_lists_is_divided_by_patient_beside_one_with_lists(two):
    parts = parts_of(mixture(two, {}, {"split_method": "patient"}))
    patients = parts.division.drop_duplicates("patient").set_index("patient")["part"]
    assert patients["a:0"] == "test"
    assert patients["a:1"] == "validation"
    shares = patients[patients.index.str.startswith("b:")].value_counts()
    assert shares.to_dict() == {"train": 21, "validation": 3, "test": 6}
    assert str(parts.split) == "official lists of a (by patient 70/10/20: b), seed 7"


def test_patients_of_a_shared_register_go_with_the_list_that_names_them(two):
    shared = {"patients": "clinic"}
    parts = parts_of(mixture(two, shared, {**shared, "split_method": "patient"}))
    patients = parts.division.groupby("patient")["part"].agg(set)
    assert patients.map(len).max() == 1
    assert patients["clinic:0"] == {"test"}
    assert len(patients) == 30


def test_lists_that_contradict_each_other_about_a_shared_patient_are_refused(two):
    file = two / "b" / "labels.csv"
    file.write_text(file.read_text().replace("png,0,1,test", "png,0,1,train"))
    with pytest.raises(PatientOverlapError, match=r"clinic:0 in the test list and the training list"):
        parts_of(mixture(two, {"patients": "clinic"}, {"patients": "clinic"}))


def test_a_source_without_its_official_split_is_named(two):
    with pytest.raises(DataError, match=r"the source 'b' comes without its official split .*split_method: patient"):
        parts_of(mixture(two, {}, {"table": {}}))


@pytest.mark.parametrize("shared", [{}, {"patients": "clinic"}])
def test_by_patient_every_part_has_its_share_of_each_source(two, shared):
    parts = parts_of(mixture(two, shared, shared, method="patient"))
    division = parts.division.assign(source=parts.division["image"].str[0])
    assert division.groupby("patient")["part"].nunique().max() == 1
    counts = division.groupby(["source", "part"]).size().unstack()
    assert counts.loc["a"].to_dict() == counts.loc["b"].to_dict() == {"train": 42, "validation": 6, "test": 12}
    assert str(parts.split) == "by patient 70/10/20, seed 7"
    assert set(parts.catalog_of("test").table["source"]) == {"a", "b"}


def test_a_mistake_in_one_source_names_it(two):
    with pytest.raises(DataError, match=r"Source b: There is no folder"):
        read_catalog(mixture(two, {}, {"root": str(two / "absent")}))


def test_all_label_files_are_part_of_the_identity(two):
    data = mixture(two)
    before = parts_of(data)
    files = [two / "a" / "labels.csv", two / "b" / "labels.csv"]
    assert before.catalogs["train"].label_file_sha256 == hash_of_files(files)
    assert before.identity_now() == before.identity
    files[1].write_text(files[1].read_text() + "\n")
    assert before.identity_now()["label_file"] != before.identity["label_file"]
    assert parts_of(data).fingerprint != before.fingerprint


def test_the_parts_do_not_depend_on_the_order_of_rows(two):
    before = parts_of(mixture(two, method="patient")).division.set_index("image")["part"]
    file = two / "a" / "labels.csv"
    header, *rows = file.read_text().splitlines()
    file.write_text("\n".join([header, *reversed(rows)]))
    after = parts_of(mixture(two, method="patient")).division.set_index("image")["part"]
    assert after.to_dict() == before.to_dict()
    assert set(after) == set(PARTS)


def test_boxes_have_the_names_of_the_merged_catalog(phantoms):
    sources = [{"root": str(phantoms)}, {"name": "b", "root": str(phantoms), "rename": {"Mass": "Tumour"}}]
    data = load_experiment({"data": {"sources": sources}}).data
    alone, boxes = load_boxes(data.collections[0]), load_boxes(data)
    assert len(boxes) == 2 * len(alone)
    assert {image.partition("/")[0] for image, _ in boxes.of} == {"nih", "b"}
    assert {label for image, label in boxes.of if image.startswith("b/")} & {"Mass", "Tumour"} == {"Tumour"}
    assert boxes.source.startswith("nih: ")


@pytest.mark.parametrize(("brightest", "depth"), [(4095, 12), (65535, None)])
def test_undeclared_depths_of_sources_must_agree(two, brightest, depth):
    """Read as 16 bits, 12-bit pictures of one source would be nearly black, and the source easy to recognise."""
    for name, white in (("a", 4095), ("b", brightest)):
        for number, path in enumerate(sorted((two / name / "images").iterdir())):
            pixels = np.linspace(0, white, 256).reshape(16, 16).astype(np.uint16)
            pixels[0, 0] = number
            path.write_bytes(png(pixels))
    if depth is None:
        with pytest.raises(DataError, match=r"different depths .*: a 12 bits, b 16 bits"):
            parts_of(mixture(two))
    else:
        assert parts_of(mixture(two)).bit_depth == depth


def test_the_check_shows_each_source_with_its_findings(two):
    text = describe_parts(parts_of(mixture(two, {"weight": 1}, {"weight": 2})))
    assert "# Source b (table): 60 radiographs, annotates Effusion; weight 2 in the training" in text
    assert re.search(r"^source a +36 +12 +12$", text, re.MULTILINE)
