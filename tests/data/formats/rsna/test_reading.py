"""RSNA's pneumonia challenge: repeated rows, boxes, three classes, and patients of the NIH by the mapping."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.data import load_boxes, load_parts, read_catalog, reading_facts
from xraykit.data.formats.rsna.facts import BOX_FILE, CLASS_FILE, FOLDER, LABELS, OPACITY
from xraykit.data.formats.rsna.recognising import recognise_rsna
from xraykit.data.formats.rsna.rows import read_opacities
from xraykit.data.reading.remarks import remarks
from xraykit.errors import DataError
from xraykit.testing import check_format

OTHER, NORMAL = LABELS[1:]
BOXES = ["a,256,128,512,256,1", "a,600,128,100,200,1", "b,,,,,0", "c,,,,,0", "a,256,128,512,256,1"]
CLASSES = [f"a,{OPACITY}", f"a,{OPACITY}", f"b,{OTHER}", f"c,{NORMAL}", f"c,{NORMAL}"]
MAPPING = [
    {"subset_img_id": each, "img_id": f"{patient:08d}_00{each}.png"} for each, patient in (("a", 7), ("b", 7), ("c", 8))
]


@pytest.fixture
def rsna(tmp_path):
    """Writes a small collection with PNG files as stand-ins, and gives its section."""

    def written(boxes=BOXES, classes=CLASSES, *, pictures="abc", mapping=None, **data):
        head = "patientId,x,y,width,height,Target"
        (tmp_path / BOX_FILE).write_text("\n".join([head, *boxes]) + "\n")
        if classes:
            (tmp_path / CLASS_FILE).write_text("\n".join(["patientId,class", *classes]) + "\n")
        if mapping is not None:
            (tmp_path / "pneumonia-challenge-dataset-mappings_2018.json").write_text(json.dumps(mapping))
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        for name in pictures:
            (tmp_path / FOLDER / f"{name}.png").write_bytes(png(grey()))
        values = {"format": "rsna", "root": str(tmp_path), "split": {"method": "patient"}, **data}
        return load_experiment({"data": values}).data

    return written


def test_each_radiograph_has_one_of_three_classes_however_often_it_is_listed(rsna):
    catalog = read_catalog(rsna())
    assert catalog.labels == LABELS
    assert catalog.table["image"].tolist() == [f"{FOLDER}/{each}.dcm" for each in "abc"]
    np.testing.assert_array_equal(catalog.targets(), np.eye(3))
    assert [file.name for file in catalog.label_files] == [BOX_FILE, CLASS_FILE]


def test_without_the_mapping_nobody_knows_the_patients(rsna):
    catalog = read_catalog(rsna())
    assert not catalog.patients_known
    assert any(
        "whether a patient is in more than one part cannot be checked" in each
        for each in remarks(reading_facts(catalog))
    )


def test_the_mapping_gives_the_patients_of_the_nih(rsna, tmp_path):
    catalog = read_catalog(rsna(mapping=MAPPING))
    assert catalog.table["patient"].tolist() == ["7", "7", "8"]
    assert catalog.patients_known
    rows = "\n".join(f"{each['subset_img_id']},{each['img_id']}" for each in MAPPING)
    (tmp_path / "nih.csv").write_text(f"subset_img_id,img_id\n{rows}\n")
    named = read_catalog(rsna(rsna={"mapping": "nih.csv"}))
    assert named.table["patient"].tolist() == ["7", "7", "8"]


def test_radiographs_of_one_patient_are_in_one_part(rsna):
    ids = [f"r{number}" for number in range(40)]
    mapping = [{"subset_img_id": each, "img_id": f"{number // 4:08d}_000.png"} for number, each in enumerate(ids)]
    boxes = [f"{each},1,1,9,9,1" if number % 2 else f"{each},,,,,0" for number, each in enumerate(ids)]
    data = rsna(boxes, [], pictures=ids, mapping=mapping, labels=[OPACITY])
    division = load_parts(data, 7, sealed_test=True).division
    assert (division.groupby("patient")["part"].nunique() == 1).all()
    assert division["patient"].nunique() == 10


def test_the_file_of_classes_is_needed_for_the_other_labels_alone(rsna):
    assert read_catalog(rsna(classes=[], labels=[OPACITY])).targets().tolist() == [[1], [0], [0]]
    with pytest.raises(DataError, match=f"no file .*{CLASS_FILE}, which the labels besides Lung Opacity need"):
        read_catalog(rsna(classes=[]))


def test_boxes_are_shares_of_1024_pixels_where_the_pictures_were_converted(rsna):
    boxes = load_boxes(rsna())
    assert boxes.of == {
        (f"{FOLDER}/a.dcm", OPACITY): [
            (0.25, 0.125, 0.5, 0.25),
            pytest.approx((600 / 1024, 0.125, 100 / 1024, 200 / 1024)),
        ]
    }
    assert (len(boxes), boxes.source) == (2, BOX_FILE)


def test_a_box_outside_of_its_picture_is_refused(rsna):
    with pytest.raises(DataError, match=rf"{BOX_FILE}, line 2: the box 1000, 128, 512, 256 is not within 1024×1024"):
        load_boxes(rsna(["a,1000,128,512,256,1", "b,,,,,0", "c,,,,,0"]))


@pytest.mark.parametrize(
    ("boxes", "classes", "data", "reason"),
    [
        (["a,1,1,9,9,2"], CLASSES, {}, r"line 2, column Target: '2'"),
        (["a,1,1,9,9,0"], CLASSES, {}, r"line 2: the target 0 with the box 1, 1, 9, 9"),
        (["a,1,1,,9,1"], CLASSES, {}, r"line 2: the target 1 with the box"),
        (["a,1,1,9,-9,1"], CLASSES, {}, r"line 2: the target 1 with the box 1, 1, 9, -9"),
        (["a,1,1,9,9,1", "a,,,,,0"], CLASSES, {}, r"line 3: the target 0, but 1 in line 2"),
        (["../a,,,,,0"], CLASSES, {}, r"line 2, column patientId: '\.\./a'"),
        ([], CLASSES, {}, r"has a header but no rows"),
        (BOXES, [*CLASSES[:3], f"b,{NORMAL}"], {}, r"line 5: b is 'Normal', but 'No Lung Opacity / Not Normal'"),
        (BOXES, ["a,Opacity"], {}, r"line 2, column class: 'Opacity'"),
        (BOXES, CLASSES[:3], {}, r"does not name 1 of 3 radiographs .*such as c"),
        (
            BOXES,
            [f"a,{OPACITY}", f"b,{OPACITY}", f"c,{NORMAL}"],
            {},
            r"contradict each other about 1 radiographs, such as b",
        ),
        (BOXES, CLASSES, {"labels": ["Pneumonia"]}, r"Unknown class 'Pneumonia'"),
        (BOXES, CLASSES, {"columns": ["Target"]}, r"`data\.columns` names 'Target'"),
        (BOXES, CLASSES, {"labels_file": "x.csv"}, r"no label file .*x\.csv.*kaggle"),
        (BOXES, CLASSES, {"mapping": MAPPING[:2]}, r"does not name the NIH's radiograph of 1 of 3, such as c"),
        (BOXES, CLASSES, {"mapping": {"a": 1}}, r"does not name the NIH's radiograph of 3 of 3"),
        (BOXES, CLASSES, {"rsna": {"mapping": "x.json"}}, r"There is no file .*x\.json. Check `data\.rsna\.mapping`"),
        (
            BOXES,
            CLASSES,
            {"pictures": ""},
            r"None of the 3 pictures .*a\.dcm, exists\. Looked in: .*stage_2_train_images",
        ),
    ],
)
def test_what_cannot_be_read_is_named(rsna, boxes, classes, data, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(rsna(boxes, classes, **data))


def test_an_official_split_does_not_exist(rsna):
    with pytest.raises(DataError, match=r"this collection has no official split\. Use `data\.split\.method=patient`"):
        load_parts(rsna(split={"method": "official"}), 7, sealed_test=True)


def test_it_keeps_the_contract_of_formats(rsna, tmp_path):
    rsna()
    check_format("rsna", {"root": str(tmp_path)})


def test_it_is_recognised_by_its_label_files(rsna, tmp_path):
    assert recognise_rsna(tmp_path) is None
    rsna()
    found = recognise_rsna(tmp_path)
    assert found.found == f"{BOX_FILE} and {CLASS_FILE} of RSNA's challenge, without a mapping to patients"
    assert (found.data, found.missing) == ({"split": {"method": "patient"}}, ())
    rsna(mapping=MAPPING)
    assert "the mapping to patients of the NIH" in recognise_rsna(tmp_path).found


def test_what_is_missing_is_named(rsna, tmp_path):
    rsna(classes=[], pictures="")
    found = recognise_rsna(tmp_path)
    assert found.data == {"labels": [OPACITY], "split": {"method": "patient"}}
    assert found.missing == (f"pictures (.dcm) in the folder {FOLDER}",)


EDGE = st.integers(1, 400)


@given(st.lists(st.tuples(st.sampled_from("abcd"), EDGE, EDGE, EDGE, EDGE), max_size=12), st.randoms())
def test_boxes_are_kept_once_each_whatever_the_order_of_the_rows(tmp_path_factory, boxes, random):
    rows = [f"{image},{x},{y},{w},{h},1" for image, x, y, w, h in boxes]
    rows += [f"{image},,,,,0" for image in "abcde" if image not in {box[0] for box in boxes}]
    random.shuffle(rows)
    file = tmp_path_factory.mktemp("rsna") / "labels.csv"
    file.write_text("\n".join(["patientId,x,y,width,height,Target", *rows, *rows[:3]]) + "\n")
    found = read_opacities(file)
    assert set(found.lines) == set("abcde")
    for image in "abcde":
        expected = {tuple(map(float, box[1:])) for box in boxes if box[0] == image}
        assert set(found.boxes[image]) == expected
        assert len(found.boxes[image]) == len(expected)


@pytest.mark.parametrize(
    ("content", "reason"), [("[" * 200_000, "nested too deeply"), ("[" + " " * 5000, "5,001 bytes")]
)
def test_a_mapping_that_is_too_deep_or_too_large_is_refused(rsna, tmp_path, monkeypatch, content, reason):
    data = rsna(mapping=MAPPING)
    (tmp_path / "pneumonia-challenge-dataset-mappings_2018.json").write_text(content)
    monkeypatch.setattr("xraykit.data.formats.rsna.mapping.LARGEST", 4000 if "bytes" in reason else 1 << 20)
    with pytest.raises(DataError, match=reason):
        read_catalog(data)
