"""VinDr-CXR: votes of three readers, boxes of several, and the two spellings of its columns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import png
from xraykit.config import NO_FINDING, load_experiment
from xraykit.data import load_boxes, load_parts, open_radiograph, read_catalog, reading_facts
from xraykit.data.formats.vindr.agreement import agreed_boxes, overlap
from xraykit.data.formats.vindr.facts import LABELS
from xraykit.data.formats.vindr.recognising import recognise_vindr
from xraykit.data.formats.vindr.votes import present, read_votes
from xraykit.data.reading.remarks import remarks
from xraykit.errors import DataError
from xraykit.evaluation.localisation.heat_maps import heat_map_scores
from xraykit.testing import check_format

COLUMNS = [*LABELS[:-1], "No finding"]
WIDE = np.zeros((40, 80), np.uint8)
"""A picture twice as wide as high."""


def row(*findings):
    return ",".join("1" if column in findings else "0" for column in COLUMNS)


def votes(image, *readers):
    """A row of the training file for each reader, who sees some findings or none."""
    return [f"{image},R{number},{row(*(seen or ['No finding']))}" for number, seen in enumerate(readers, 1)]


@pytest.fixture
def vindr(tmp_path):
    """Writes a small collection with PNG files as stand-ins, and gives its section."""

    def written(train, test=(), *, boxes=(), test_boxes=(), pictures=None, pixels=WIDE, **data):
        notes = tmp_path / "annotations"
        notes.mkdir(exist_ok=True)
        lines = [f"image_id,rad_id,{','.join(COLUMNS)}", *train]
        (notes / "image_labels_train.csv").write_text("\n".join(lines) + "\n")
        if test:
            columns = ",".join(COLUMNS).replace("Other diseases", "Other disease")
            (notes / "image_labels_test.csv").write_text("\n".join([f"image_id,{columns}", *test]) + "\n")
        if boxes:
            head = "image_id,rad_id,class_name,x_min,y_min,x_max,y_max"
            (notes / "annotations_train.csv").write_text("\n".join([head, *boxes]) + "\n")
        if test_boxes:
            head = "image_id,class_name,x_min,y_min,x_max,y_max"
            (notes / "annotations_test.csv").write_text("\n".join([head, *test_boxes]) + "\n")
        names = {f"train/{line.split(',')[0]}" for line in train} | {f"test/{line.split(',')[0]}" for line in test}
        for name in names if pictures is None else pictures:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / f"{name}.png").write_bytes(png(pixels))
        settings = {"original_size": True, **data.pop("vindr", {})}
        values = {"format": "vindr", "root": str(tmp_path), "vindr": settings, **data}
        return load_experiment({"data": values}).data

    return written


MASS, EDEMA = ["Nodule/Mass"], ["Edema", "Other diseases"]


@pytest.mark.parametrize(
    ("readers", "mass", "nothing"),
    [
        ("majority", [1, 0, 0, 1], [0, 0, 1, 0]),
        ("any", [1, 1, 0, 1], [0, 0, 1, 0]),
        ("share", [1, 0, 0, 1], [0, 0, 1, 0]),
    ],
)
def test_three_readers_become_one_label(vindr, readers, mass, nothing):
    train = [*votes("a", MASS, MASS, []), *votes("b", MASS, EDEMA, []), *votes("c", [], [], [])]
    catalog = read_catalog(vindr(train, [f"t,{row('Nodule/Mass')}"], vindr={"readers": readers}))
    labels = catalog.labels
    assert labels == LABELS
    assert len(labels) == 28
    assert catalog.targets()[:, labels.index("Nodule/Mass")].tolist() == mass
    assert catalog.targets()[:, labels.index(NO_FINDING)].tolist() == nothing
    if readers == "share":
        soft = catalog.training_targets()
        np.testing.assert_allclose(soft[:, labels.index("Nodule/Mass")], [2 / 3, 1 / 3, 0, 1], atol=1e-6)
        np.testing.assert_allclose(soft[:, labels.index("Other diseases")], [0, 1 / 3, 0, 0], atol=1e-6)
    else:
        assert catalog.soft_targets is None


def test_half_of_the_readers_and_no_reader_are_unknown(vindr):
    train = [*votes("a", MASS, []), f"b,R1,{','.join([''] * 28)}"]
    catalog = read_catalog(vindr(train, labels=["Nodule/Mass"]))
    assert np.isnan(catalog.targets()).tolist() == [[True], [True]]


def test_the_test_file_names_one_column_otherwise(vindr):
    catalog = read_catalog(
        vindr(votes("a", EDEMA, EDEMA, []), [f"t,{row('Other diseases')}"], labels=["Other diseases"])
    )
    assert catalog.targets().tolist() == [[1], [1]]


def test_the_official_split_and_that_nobody_knows_the_patients(vindr):
    train = [line for number in range(10) for line in votes(f"a{number}", MASS, MASS, MASS if number % 2 else [])]
    data = vindr(train, [f"t,{row()}", f"u,{row('Nodule/Mass')}"], labels=["Nodule/Mass"])
    parts = load_parts(data, 7, sealed_test=False)
    assert set(parts.catalog_of("test").table["image"]) == {"test/t.dicom", "test/u.dicom"}
    assert any("does not name patients" in each for each in remarks(reading_facts(parts.catalog_of("train"))))


def test_without_test_labels_there_is_no_official_split(vindr):
    with pytest.raises(DataError, match=r"image_labels_train\.csv and image_labels_test\.csv.*method=patient"):
        load_parts(vindr(votes("a", [], [], [])), 7, sealed_test=True)


@pytest.mark.parametrize(
    ("train", "data", "reason"),
    [
        ([f"a,R1,{row()}", f"a,R1,{row()}"], {}, r"line 3: a by R1 is in line 2 already"),
        ([f"../a,R1,{row()}"], {}, r"line 2, column image_id: '\.\./a'"),
        ([f"a,R1,{row().replace('0', '7', 1)}"], {}, r"line 2, column Aortic enlargement: '7'"),
        ([f"a,R1,{row()[:-2]}"], {}, r"line 2: 29 cells"),
        ([], {}, r"has a header but no rows"),
        (votes("a", []), {"labels": ["Edemas"]}, r"Unknown finding 'Edemas'. Did you mean 'Edema'"),
        (votes("a", []), {"columns": ["rad_id"]}, r"`data\.columns` names 'rad_id'"),
        (votes("a", []), {"labels_file": "other.csv"}, r"There is no label file .*other\.csv.*physionet"),
        (votes("a", []), {"root": "no/folder"}, r"There is no folder .*physionet"),
    ],
)
def test_what_cannot_be_read_is_named(vindr, train, data, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(vindr(train, pictures=["train/a"], **data))


def test_a_missing_picture_is_counted_and_none_at_all_refused(vindr):
    train = [*votes("a", []), *votes("b", [])]
    assert read_catalog(vindr(train, pictures=["train/a"])).missing_examples == ("train/b.dicom",)
    with pytest.raises(DataError, match=r"None of the 1 pictures .*train/c\.dicom, exists\. Looked in: .*train"):
        read_catalog(vindr(votes("c", []), pictures=["train/x"]))


def test_it_keeps_the_contract_of_formats(vindr, tmp_path):
    vindr(votes("a", MASS), boxes=["a,R1,Nodule/Mass,8,4,40,20"])
    check_format("vindr", {"root": str(tmp_path), "vindr": {"original_size": True}})


# Boxes.

THREE = [*votes("a", MASS, MASS, MASS), *votes("b", MASS, [], [])]
DRAWN = [
    *("a,R1,Nodule/Mass,8,4,40,20", "a,R2,Nodule/Mass,10,4,42,20", "a,R3,No finding,,,,"),
    *("a,R1,Edema,60,30,70,38", "b,R1,Nodule/Mass,8,4,40,20", "b,R2,No finding,,,,", "b,R3,No finding,,,,"),
]


def test_overlapping_boxes_of_most_readers_are_one_and_shares_of_each_side(vindr):
    boxes = load_boxes(vindr(THREE, boxes=DRAWN))
    assert set(boxes.of) == {("train/a.dicom", "Nodule/Mass")}
    ((left, top, width, height),) = boxes.of["train/a.dicom", "Nodule/Mass"]
    assert (left, top, width, height) == pytest.approx((9 / 80, 4 / 40, 32 / 80, 16 / 40))
    assert boxes.source == "annotations_train.csv"


def test_boxes_of_any_reader_and_all_boxes_by_setting(vindr):
    any_reader = load_boxes(vindr(THREE, boxes=DRAWN, vindr={"readers": "any"}))
    assert {key: len(each) for key, each in any_reader.of.items()} == {
        ("train/a.dicom", "Nodule/Mass"): 1,
        ("train/a.dicom", "Edema"): 1,
        ("train/b.dicom", "Nodule/Mass"): 1,
    }
    assert len(load_boxes(vindr(THREE, boxes=DRAWN, vindr={"boxes": "all"}))) == 4
    assert len(load_boxes(vindr(THREE, boxes=DRAWN, vindr={"boxes": "none"}))) == 0


def test_boxes_of_the_consensus_are_kept_as_they_are(vindr):
    test = [f"t,{row('Nodule/Mass')}"]
    drawn = ["t,Nodule/Mass,8,4,40,20", "t,Nodule/Mass,9,4,40,20", "u,No finding,,,,"]
    assert len(load_boxes(vindr(votes("a", []), test, test_boxes=drawn))) == 2


def test_a_map_that_is_hot_in_the_box_of_a_wide_picture_hits_it(vindr):
    """Edges are shares of width and height, so they fit the square picture that a network sees."""
    pixels = WIDE.copy()
    pixels[4:20, 8:40] = 255
    data = vindr(
        votes("a", MASS, MASS, MASS), boxes=["a,R1,Nodule/Mass,8,4,40,20"], vindr={"boxes": "all"}, pixels=pixels
    )
    path = read_catalog(data).table["path"][0]
    heat = open_radiograph(path, 64).picture / 255
    scores = heat_map_scores(heat, load_boxes(data).of["train/a.dicom", "Nodule/Mass"])
    assert scores.pointing == 1
    assert scores.iou > 0.95
    assert scores.overlaps[0] > 0.95


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ("a,R1,Nodule,8,4,40,20", r"line 2, column class_name: 'Nodule'"),
        ("a,R1,Nodule/Mass,40,4,8,20", r"line 2: the edges 40, 4, 8, 20"),
        ("a,R1,Nodule/Mass,,,,", r"line 2: the edges , , ,"),
        ("a/b,R1,Nodule/Mass,8,4,40,20", r"line 2, column image_id: 'a/b'"),
    ],
)
def test_a_wrong_row_of_boxes_is_reported_before_the_training(vindr, box, reason):
    with pytest.raises(DataError, match=reason):
        read_catalog(vindr(votes("a", MASS), boxes=[box]))


def test_a_box_beyond_the_picture_is_refused_and_one_at_its_edge_is_cut(vindr):
    data = vindr(votes("a", MASS), boxes=["a,R1,Nodule/Mass,-0.5,4,80.4,20"])
    assert load_boxes(data).of["train/a.dicom", "Nodule/Mass"] == [pytest.approx((0, 0.1, 1, 0.4))]
    with pytest.raises(
        DataError, match=r"annotations_train\.csv, line 2: the box 8, 4, 40, 60 is not within the 80×40"
    ):
        load_boxes(vindr(votes("a", MASS), boxes=["a,R1,Nodule/Mass,8,4,40,60"]))


def test_converted_pictures_need_the_sizes_that_boxes_refer_to(vindr, tmp_path):
    data = vindr(votes("a", MASS), boxes=["a,R1,Nodule/Mass,800,400,4000,2000"], vindr={"original_size": False})
    with pytest.raises(DataError, match=r"Boxes are in pixels of the DICOM files, but 1 pictures.*train_meta\.csv"):
        read_catalog(data)
    (tmp_path / "train_meta.csv").write_text("image_id,dim0,dim1\na,4000,8000\n")
    assert len(read_catalog(data)) == 1
    assert load_boxes(data).of["train/a.dicom", "Nodule/Mass"] == [pytest.approx((0.1, 0.1, 0.4, 0.4))]


EDGES = st.floats(0, 0.5).flatmap(lambda start: st.tuples(st.just(start), st.floats(0.01, 1 - start)))


@given(st.lists(st.tuples(st.sampled_from("ABC"), EDGES, EDGES), min_size=1, max_size=8), st.integers(1, 3))
def test_agreed_boxes_lie_within_those_drawn_whatever_their_order(drawn, least):
    each = [(reader, (x, y, w, h)) for reader, (x, w), (y, h) in drawn]
    agreed = agreed_boxes(each, least)
    assert agreed == agreed_boxes(each[::-1], least)
    assert len(agreed) <= len(each) // least
    for box in agreed:
        assert max(overlap(box, other) for _, other in each) > 0
        assert min(x for _, (x, *_) in each) - 1e-9 <= box[0]


@given(st.lists(st.sampled_from([0, 1]), min_size=1, max_size=7))
def test_a_majority_is_more_than_half(seen):
    share = np.array([np.mean(seen)])
    (value,) = present("Edema", share, "majority")
    yes, no = seen.count(1), seen.count(0)
    assert (math.isnan(value) and yes == no) or value == (yes > no)
    assert present("Edema", share, "any")[0] == (yes > 0)
    assert present(NO_FINDING, share, "any")[0] == (no == 0)


CELLS = st.sampled_from(["0", "1", "1.0", "0.0", ""])


@given(st.lists(st.tuples(st.sampled_from("abc"), CELLS, CELLS), min_size=1, max_size=30))
def test_shares_are_those_of_the_readers_who_say_something(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("votes") / "labels.csv"
    lines = [f"{image},R{number},{edema},{mass}" for number, (image, edema, mass) in enumerate(rows)]
    file.write_text("\n".join(["image_id,rad_id,Edema,Nodule/Mass", *lines]) + "\n")
    votes = read_votes(file, "train_val", ["Nodule/Mass", "Edema"])
    for at, label in ((1, "Edema"), (2, "Nodule/Mass")):
        for image, share in zip(votes.images, votes.shares[label], strict=True):
            known = [float(row[at]) for row in rows if f"train/{row[0]}.dicom" == image and row[at]]
            np.testing.assert_allclose(share, np.mean(known) if known else np.nan)


# What `python -m xraykit.init` is told.


def test_it_is_recognised_by_its_label_files(vindr, tmp_path):
    vindr(votes("a", []), [f"t,{row()}"])
    found = recognise_vindr(tmp_path)
    assert "annotations/image_labels_train.csv and annotations/image_labels_test.csv" in found.found
    assert (found.data, found.missing) == ({}, ())


def test_what_is_missing_is_named(vindr, tmp_path):
    vindr(votes("a", []), pictures=[])
    found = recognise_vindr(tmp_path)
    assert found.missing == ("pictures (.dicom) in the folder train",)
    assert found.data == {"split": {"method": "patient"}}


def test_a_table_of_other_findings_is_not_taken_for_it(tmp_path):
    (tmp_path / "image_labels_train.csv").write_text("image_id,rad_ID,Bronchitis\n")
    assert recognise_vindr(tmp_path) is None
    assert recognise_vindr(tmp_path / "nowhere") is None
