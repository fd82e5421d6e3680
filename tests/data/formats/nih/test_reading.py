"""NIH's label files and the folders of their pictures."""

import hashlib
import math

import numpy as np
import pandas as pd
import pytest

from tests.conftest import NIH, needs_nih
from tests.data.files import HEADER, line, nih_root, section
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.reading import LABEL_FILES, read_nih
from xraykit.errors import DataError
from xraykit.registry import FORMATS

KAGGLE_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImageWidth,OriginalImageHeight,OriginalImagePixelSpacing_x,OriginalImagePixelSpacing_y"
)
KAGGLE = NIH.parent / "kaggle-sample" / "sample_labels.csv"
COUNTS_2020 = {
    **{"Infiltration": 19894, "Effusion": 13317, "Atelectasis": 11559, "Nodule": 6331, "Mass": 5782},
    **{"Pneumothorax": 5302, "Consolidation": 4667, "Pleural_Thickening": 3385, "Cardiomegaly": 2776},
    **{"Emphysema": 2516, "Edema": 2303, "Fibrosis": 1686, "Pneumonia": 1431, "Hernia": 227},
}


def read(root, **values):
    return read_nih(section(root, **values))


def test_a_row_becomes_one_radiograph(tmp_path):
    root = nih_root(tmp_path, [line("00000013_005.png", "Mass|Edema", "13", "57", "F,AP")])
    catalog = read(root, labels=("Edema", "Hernia", "Mass"))
    row = catalog.table.loc[0]
    assert list(catalog.table.columns) == ["image", "path", "patient", "sex", "age", "view", "Edema", "Hernia", "Mass"]
    assert (row["image"], row["path"]) == ("00000013_005.png", str(tmp_path / "images" / "00000013_005.png"))
    assert (row["patient"], row["sex"], row["age"], row["view"]) == ("13", "F", 57.0, "AP")
    np.testing.assert_array_equal(catalog.targets(), np.array([[1, 0, 1]], np.float32))
    assert catalog.targets().dtype == np.float32


def test_the_format_is_registered():
    assert FORMATS.get("nih").name == "nih"


def test_no_finding_is_absent_and_an_empty_cell_is_unknown(tmp_path):
    lines = [line("1.png", "No Finding"), line("2.png", "No_Finding"), line("3.png", ""), line("4.png", " Mass | Mass")]
    targets = read(nih_root(tmp_path, lines), labels=("Mass", "Nodule")).targets()
    np.testing.assert_array_equal(targets, [[0, 0], [0, 0], [math.nan, math.nan], [1, 0]])


@pytest.mark.parametrize("ending", ["", ","])
@pytest.mark.parametrize("header_ending", ["", ","])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_twelfth_field_of_2017_other_line_ends_and_a_byte_order_mark(
    tmp_path, ending, header_ending, newline, mark
):
    lines = [line("1.png", "Hernia"), line("2.png")]
    root = nih_root(tmp_path, lines)
    content = mark + newline.join([HEADER + header_ending, *(text + ending for text in lines), "", ""])
    (root / LABEL_FILES[0]).write_bytes(content.encode())
    catalog = read(root, labels=("Hernia",))
    assert catalog.table["image"].tolist() == ["1.png", "2.png"]
    assert catalog.targets()[:, 0].tolist() == [1, 0]
    assert catalog.label_file_sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_the_quirks_of_the_kaggle_sample(tmp_path):
    lines = [
        line("1.png", "No_Finding", "00000013", "060Y"),
        line("2.png", "Mass", "00000013", "006M"),
        line("3.png", "Mass", "00000000", "013D"),
        line("4.png", "Mass", "00000100", "411Y", "X,YY"),
        line("5.png", "Mass", "A01", "", ","),
    ]
    table = read(nih_root(tmp_path, lines, file="sample_labels.csv", header=KAGGLE_HEADER)).table
    assert table["patient"].tolist() == ["13", "13", "0", "100", "A01"]
    np.testing.assert_allclose(table["age"], [60, 0.5, 13 / 365.25, math.nan, math.nan])
    assert table["sex"].isna().tolist() == table["view"].isna().tolist() == [False, False, False, True, True]


def test_a_label_file_without_age_sex_and_view_is_read(tmp_path):
    root = nih_root(tmp_path, ["1.png,Mass,7"], header="Image Index,Finding Labels,Patient ID")
    row = read(root).table.loc[0]
    assert row["patient"] == "7"
    assert row[["sex", "age", "view"]].isna().all()


def test_the_newest_known_label_file_is_taken_unless_one_is_named(tmp_path):
    for file, finding in zip(LABEL_FILES, ("Mass", "Edema", "Hernia"), strict=True):
        nih_root(tmp_path, [line("1.png", finding)], file=file)
    assert read(tmp_path).source == "Data_Entry_2017_v2020.csv"
    catalog = read(tmp_path, labels_file="sample_labels.csv", labels=("Hernia",))
    assert (catalog.source, catalog.targets().item()) == ("sample_labels.csv", 1)


@pytest.mark.parametrize(
    "folders",
    [
        ["images"],
        ["."],
        [f"images_{number:03d}/images" for number in range(1, 13)],
        [f"images_{number:03d}" for number in range(1, 13)],
        ["images_001/images", "images_002"],
    ],
)
def test_pictures_are_found_in_one_folder_or_spread_over_many(tmp_path, folders):
    names = [f"{number:08d}_000.png" for number in range(len(folders) * 2)]
    pictures = {folder: names[2 * at : 2 * at + 2] for at, folder in enumerate(folders)}
    catalog = read(nih_root(tmp_path, map(line, names), pictures=pictures))
    expected = [str((tmp_path / folders[at // 2] / name).resolve()) for at, name in enumerate(names)]
    assert catalog.table["path"].tolist() == expected
    assert catalog.missing_images == 0


def test_a_named_folder_of_pictures_wins(tmp_path):
    root = nih_root(tmp_path, [line("1.png")], pictures={"images": ["1.png"], "images-64": ["1.png"]})
    assert read(root, images="images-64").table["path"].item() == str(root / "images-64" / "1.png")
    assert read(root, images=str(root / "images-64")).table["path"].item() == str(root / "images-64" / "1.png")


def test_the_root_may_be_a_symbolic_link(tmp_path):
    nih_root(tmp_path / "real", [line("1.png")])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read(tmp_path / "link").table["path"].item() == str(tmp_path / "link" / "images" / "1.png")


def test_rows_without_a_picture_are_counted_reported_and_left_out(tmp_path):
    lines = [line(f"{number}.png", "Mass" if number > 5 else "Edema") for number in range(8)]
    catalog = read(nih_root(tmp_path, lines, pictures={"images": ["7.png", "2.png"]}), labels=("Mass",))
    assert catalog.table["image"].tolist() == ["2.png", "7.png"]
    assert catalog.targets()[:, 0].tolist() == [0, 1]
    assert catalog.missing_images == 6
    assert catalog.missing_examples == ("0.png", "1.png", "3.png")
    assert "left out: 6 rows without an image file (0.png" in catalog.describe()


def test_no_picture_at_all_says_where_it_looked_and_how_to_get_them(tmp_path):
    root = nih_root(tmp_path, [line("1.png")], pictures={"images": ["other.png"], "more": ["1.png"]})
    with pytest.raises(DataError) as error:
        read(root)
    for part in (str(root / "images"), "1.png", "other.png", "more", "NIH Clinical Center", "Kaggle", "format=phantom"):
        assert part in str(error.value)


def test_no_folder_and_no_label_file_say_how_to_get_the_data(tmp_path):
    with pytest.raises(DataError, match=r"no folder .*absent.*NIH Clinical Center.*Kaggle.*data\.format=phantom"):
        read(tmp_path / "absent")
    with pytest.raises(DataError, match=r"no label file in .*Data_Entry_2017\.csv.*data\.format=phantom"):
        read(tmp_path)


def test_an_unknown_label_is_reported_with_the_nearest(tmp_path):
    with pytest.raises(DataError, match=r"'Cardiomegalia'.*Did you mean 'Cardiomegaly'"):
        read(nih_root(tmp_path, [line("1.png")]), labels=("Cardiomegalia",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line("2.png", "Tumour"), "unknown findings: 'Tumour' \\(1 radiograph, first in line 3\\)"),
        (line("2.png", "Masss"), "did you mean 'Mass'"),
        (line("2.png", "Mass|No Finding"), "line 3, .*both"),
        (line("2.png", "Mass", patient=""), "line 3, .*no patient"),
        (line("2.png").rsplit(",", 1)[0], "line 3: 10 cells. Expected: 11.*cut short"),
        (line("2.png") + ",extra", "line 3: 12 cells"),
        ("00000002_0", "line 3: 1 cell. Expected"),
        (line("1.png", "Mass"), "lines 2 and 3 contradict"),
        (line("1.png", patient="2"), "lines 2 and 3 contradict"),
        (line('"1.png\0"'), "line 3|NUL"),
        ('"never closed' + "x" * 140_000, "CSV"),
    ],
)
def test_a_damaged_row_is_reported_by_its_line(tmp_path, text, reason):
    root = nih_root(tmp_path, [line("1.png"), text], pictures={"images": ["1.png", "2.png"]})
    with pytest.raises(DataError, match=reason):
        read(root)


@pytest.mark.parametrize(
    "name",
    [
        "../1.png",
        "..\\1.png",
        "/etc/passwd",
        "C:1.png",
        "C:\\1.png",
        "..",
        ".",
        "",
        "1.png\0",
        "//host/1.png",
    ],
)
def test_a_name_that_leads_out_of_the_data_is_refused(tmp_path, name):
    root = nih_root(tmp_path / "root", [line("1.png"), line(f'"{name}"')], pictures={"images": ["1.png"]})
    (tmp_path / "1.png").write_bytes((root / "images" / "1.png").read_bytes())
    with pytest.raises(DataError, match=r"line 3|NUL"):
        read(root)


@pytest.mark.parametrize("key", ["images", "labels_file"])
@pytest.mark.parametrize("name", ["..", "../elsewhere", "images/../../elsewhere", "a\\..\\..\\b"])
def test_a_relative_folder_or_label_file_stays_below_the_root(tmp_path, key, name):
    nih_root(tmp_path / "elsewhere", [line("1.png")])
    with pytest.raises(DataError, match=rf"data\.{key}. must be below"):
        read(nih_root(tmp_path / "root", [line("1.png")]), **{key: name})


def test_identical_rows_count_once(tmp_path):
    lines = [line("1.png", "Mass|Edema"), line("2.png"), line("1.png", "Edema|Mass"), line("3.png", "", age="")] * 2
    catalog = read(nih_root(tmp_path, lines), labels=("Mass",))
    assert catalog.table["image"].tolist() == ["1.png", "2.png", "3.png"]
    assert list(catalog.table.index) == [0, 1, 2]


def test_different_pictures_of_one_name_in_two_folders_are_refused(tmp_path):
    pictures = {"images_001/images": ["1.png"], "images_002/images": ["1.png"]}
    root = nih_root(tmp_path, [line("1.png")], pictures=pictures)
    assert read(root).table["path"].item() == str(root / "images_001" / "images" / "1.png")
    (root / "images_002" / "images" / "1.png").write_bytes(b"other")
    with pytest.raises(DataError, match=r"two different files 1\.png: .*images_001.*images_002"):
        read(root)


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", HEADER.encode(), HEADER.encode("utf-16"), b"\xff\xd8\xff"])
def test_a_file_that_is_no_label_file_is_reported(tmp_path, content):
    (nih_root(tmp_path, [line("1.png")]) / LABEL_FILES[0]).write_bytes(content)
    with pytest.raises(DataError, match="Data_Entry_2017_v2020"):
        read(tmp_path)


def test_folders_and_broken_links_named_like_pictures_are_no_pictures(tmp_path):
    root = nih_root(tmp_path, [line("1.png"), line("2.png"), line("3.png")], pictures={"images": ["1.png"]})
    (root / "images" / "2.png").mkdir()
    (root / "images" / "3.png").symlink_to(root / "absent.png")
    assert read(root).missing_images == 2


def test_official_lists_are_read_where_both_are_there(tmp_path):
    root = nih_root(tmp_path, [line("1.png"), line("2.png")])
    (root / "train_val_list.txt").write_bytes(b"1.png\r\n\r\n3.png")
    assert read(root).official is None
    (root / "test_list.txt").write_text("2.png\n")
    assert read(root).official == {"train_val": {"1.png", "3.png"}, "test": {"2.png"}}
    (root / "test_list.txt").write_text("3.png\n2.png\n")
    with pytest.raises(DataError, match=r"3\.png"):
        read(root)


@pytest.mark.slow
@needs_nih
def test_the_real_label_file_of_2020(monkeypatch):
    names = pd.read_csv(NIH / "Data_Entry_2017_v2020.csv", header=None, skiprows=1, usecols=[0], dtype=str)[0]
    everywhere = {name: f"/images/{name}" for name in names}
    monkeypatch.setattr(
        "xraykit.data.formats.nih.reading.find_pictures", lambda root, images, folders: (everywhere, [root])
    )
    catalog = read(NIH)
    assert (len(catalog), catalog.missing_images, catalog.table["patient"].nunique()) == (112_120, 0, 30_805)
    assert catalog.summary()["positive"] == {label: COUNTS_2020[label] for label in FINDINGS}
    assert int((catalog.targets().sum(axis=1) == 0).sum()) == 60_361
    assert catalog.table["sex"].value_counts().to_dict() == {"M": 63_340, "F": 48_780}
    assert catalog.table["view"].value_counts().to_dict() == {"PA": 67_310, "AP": 44_810}
    assert catalog.table["age"].between(0, 95).all()
    assert {part: len(names) for part, names in catalog.official.items()} == {"train_val": 86_524, "test": 25_596}


@pytest.mark.slow
@needs_nih
@pytest.mark.parametrize(("folder", "count"), [("images-64", 834), ("images-256", 820), ("images-1024", 51)])
def test_the_real_folders(folder, count):
    catalog = read(NIH, images=folder)
    assert (len(catalog), catalog.missing_images) == (count, 112_120 - count)


@pytest.mark.slow
@needs_nih
def test_the_real_sample_agrees_with_the_official_file(tmp_path):
    (tmp_path / "images").symlink_to(NIH / "images-64")
    (tmp_path / "sample_labels.csv").symlink_to(KAGGLE)
    sample, official = read(tmp_path).table, read(NIH, images="images-64").table
    both = sample.merge(official, on="image", suffixes=("", "_official"))
    assert len(both) == len(sample) > 20
    assert (both["patient"] == both["patient_official"]).all()
    assert (both["view"] == both["view_official"]).all()
    same = (both[list(FINDINGS)].to_numpy() == both[[f"{label}_official" for label in FINDINGS]].to_numpy()).all(axis=1)
    assert same.mean() > 0.95


def test_further_columns_of_the_label_file_are_kept_as_text(tmp_path):
    root = nih_root(tmp_path, [line("1.png"), line("2.png")])
    catalog = read(root, labels=("Mass",), columns=("Follow-up #", "OriginalImage[Width"))
    assert list(catalog.table.columns[6:]) == ["Follow-up #", "OriginalImage[Width", "Mass"]
    assert catalog.table["OriginalImage[Width"].tolist() == ["2682", "2682"]
    assert catalog.take(np.array([1])).columns == ("Follow-up #", "OriginalImage[Width")


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("Folow-up #", "Did you mean 'Follow-up #'?"),
        ("Patient ID", "would put patient ids in reports"),
    ],
)
def test_a_column_that_cannot_be_kept_is_reported(tmp_path, column, said):
    root = nih_root(tmp_path, [line("1.png")])
    with pytest.raises(DataError) as caught:
        read(root, columns=(column,))
    assert said in str(caught.value)
