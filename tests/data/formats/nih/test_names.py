"""Files, views and labels that are spelled in other ways than NIH's."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import grey, line, nih_root, png, section
from xraykit.data.chosen import chosen_radiographs
from xraykit.data.formats.nih.reading import read_nih
from xraykit.data.reading.picture_names import listed_name, match_pictures
from xraykit.errors import DataError


def read(root, **values):
    return read_nih(section(root, **values))


def paths(catalog, root):
    return [path.removeprefix(f"{root}/") for path in catalog.table["path"]]


@pytest.mark.parametrize(
    ("listed", "on_disk"),
    [
        ("1.png", "1.PNG"),
        ("1.PNG", "1.png"),
        ("1.png", "1.jpg"),
        ("1.dcm", "1.png"),
        ("1", "1.png"),
        ("images/1.png", "1.png"),
        ("images\\1.png", "1.png"),
        ("./images/1.png", "1.png"),
        ("elsewhere/1.png", "1.png"),
        ("old/images/1.PNG", "1.jpeg"),
        ("r\u00f6ntgen 1.png", unicodedata.normalize("NFD", "r\u00f6ntgen 1.png")),
        (unicodedata.normalize("NFD", "r\u00f6ntgen 1.png"), "r\u00f6ntgen 1.png"),
    ],
)
def test_a_picture_is_found_under_another_spelling_and_counted(tmp_path, listed, on_disk):
    root = nih_root(tmp_path, [line(listed), line("2.png")], pictures={"images": [on_disk, "2.png"]})
    catalog = read(root)
    assert paths(catalog, root) == [f"images/{on_disk}", "images/2.png"]
    assert "/" not in "".join(catalog.table["image"])
    name = unicodedata.normalize("NFC", listed).replace("\\", "/").rpartition("/")[2]
    assert catalog.normalised.get("image", 0) == (name != on_disk)


def test_folders_that_the_label_file_names_are_looked_into_and_tell_pictures_apart(tmp_path):
    lines = [line("p1/1.png", "Mass"), line("p2/1.png", "Edema"), line("p2\\2.png")]
    root = nih_root(tmp_path, lines, pictures={"images/p1": ["1.png"], "images/p2": ["1.png"], "p2": ["2.png"]})
    (root / "images" / "p2" / "1.png").write_bytes(png(grey(3)))
    catalog = read(root)
    assert catalog.table["image"].tolist() == ["p1/1.png", "p2/1.png", "p2/2.png"]
    assert paths(catalog, root) == ["images/p1/1.png", "images/p2/1.png", "p2/2.png"]


@pytest.mark.parametrize(
    ("listed", "on_disk", "reason"),
    [
        (["1.png"], ["1.jpg", "1.jpeg"], "Several pictures may be '1.png'"),
        (["1.dcm", "1.tif"], ["1.png"], "may be the picture of '1.dcm' and of '1.tif'"),
        (["a/1.png", "b/1.png"], ["1.png"], "may be the picture of 'a/1.png' and of 'b/1.png'"),
    ],
)
def test_a_spelling_that_fits_several_is_refused(tmp_path, listed, on_disk, reason):
    with pytest.raises(DataError, match=reason):
        read(nih_root(tmp_path, map(line, listed), pictures={"images": on_disk}))


def test_a_picture_that_a_row_names_exactly_is_not_given_to_another(tmp_path):
    catalog = read(nih_root(tmp_path, [line("1.png"), line("1.jpg")], pictures={"images": ["1.png"]}))
    assert catalog.table["image"].tolist() == ["1.png"]
    assert (catalog.missing_images, catalog.normalised) == (1, {})


@pytest.mark.parametrize(
    ("listed", "on_disk", "fits"),
    [
        ("a/1.png", "b/1.png", False),
        ("a/b/1.png", "c/b/1.png", False),
        ("a/b/1.png", "B/1.jpg", True),
        ("b/1.png", "a/b/1.png", True),
        ("1.png", "a/1.png", True),
    ],
)
def test_a_picture_in_another_folder_fits_only_where_one_path_ends_with_the_other(listed, on_disk, fits):
    assert match_pictures([listed], {on_disk: "/picture"}).paths == ("/picture" if fits else None,)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\:."), min_size=1)


@given(st.lists(NAMES, min_size=1, unique=True))
def test_names_that_are_on_disk_as_they_are_listed_find_their_own_picture(names):
    names = [f"{name}.png" for name in names]
    assert match_pictures(names, {name: f"/{name}" for name in names}).paths == tuple(f"/{name}" for name in names)


@given(st.text())
def test_no_listed_name_leads_outside(text):
    name = listed_name(text)
    assert name is None or not (name.startswith("/") or ".." in name.split("/") or ":" in name or "\\" in name)


def test_all_folders_of_pictures_are_looked_into(tmp_path):
    pictures = {"images": ["1.png"], "images_001/images": ["2.png"], "images_002": ["3.png"], ".": ["4.png"]}
    root = nih_root(tmp_path, [line(f"{number}.png") for number in range(1, 5)], pictures=pictures)
    assert paths(read(root), root) == ["images/1.png", "images_001/images/2.png", "images_002/3.png", "4.png"]


def test_a_folder_may_be_a_symbolic_link_and_what_macos_leaves_is_no_picture(tmp_path):
    root = nih_root(tmp_path / "nih", [line("1.png"), line("._1.png")], pictures={})
    pictures = tmp_path / "elsewhere"
    pictures.mkdir()
    for name in ("1.png", "._1.png", ".DS_Store"):
        (pictures / name).write_bytes(png(grey()))
    (root / "images").symlink_to(pictures)
    catalog = read(root)
    assert paths(catalog, root) == ["images/1.png"]
    assert catalog.missing_images == 1


def test_no_finding_can_be_a_label(tmp_path):
    lines = [
        line("1.png"),
        line("2.png", "effusion|Pleural Thickening|"),
        line("3.png", ""),
        line("4.png", "No_Finding"),
    ]
    catalog = read(nih_root(tmp_path, lines), labels=("No Finding", "Effusion", "Pleural_Thickening"))
    np.testing.assert_array_equal(catalog.targets(), [[1, 0, 0], [0, 1, 1], [np.nan] * 3, [1, 0, 0]])
    assert catalog.normalised["findings"] == 2


def test_other_spellings_of_sex_and_view_are_understood_and_the_rest_is_counted(tmp_path):
    about = ["Male,PA erect", "f,AP supine", "m,pa", "X,XX", "X,oblique", ",", "M,PA"]
    lines = [line(f"{number}.png", age="57" if number else "411Y", more=each) for number, each in enumerate(about)]
    catalog = read(nih_root(tmp_path, lines))
    assert catalog.table["sex"].fillna("?").tolist() == ["M", "F", "M", "?", "?", "?", "M"]
    assert catalog.table["view"].fillna("?").tolist() == ["PA", "AP", "PA", "?", "?", "?", "PA"]
    assert catalog.not_understood == {"sex": {"X": 2}, "age": {"411Y": 1}, "view": {"XX": 1, "oblique": 1}}
    assert (catalog.normalised["sex"], catalog.normalised["view"]) == (3, 3)


def test_lateral_radiographs_are_left_out_and_counted(tmp_path):
    lines = [line("1.png", more="M,Lateral"), line("2.png", more="M,PA"), line("3.png", more="F,LL"), line("4.png")]
    root = nih_root(tmp_path, lines, pictures={"images": ["1.png", "2.png"]})
    catalog = chosen_radiographs(read(root), "frontal", None)
    assert catalog.table["image"].tolist() == ["2.png"]
    assert (catalog.laterals, catalog.missing_images, catalog.not_understood) == (1, 2, {})
    (root / "images" / "2.png").unlink()
    with pytest.raises(DataError, match=r"Of the 1 radiographs .* none has a view that is used .*Found: lateral \(1\)"):
        chosen_radiographs(read(root), "frontal", None)


def test_patients_are_one_however_their_ids_are_spelled(tmp_path):
    ids = ["7", "7.0", "0007", "8"]
    catalog = read(nih_root(tmp_path, [line(f"{at}.png", patient=each) for at, each in enumerate(ids)]))
    assert catalog.table["patient"].tolist() == ["7", "7", "7", "8"]
    assert (catalog.normalised["patient"], catalog.several_spellings) == (2, 1)


def test_unknown_findings_are_counted_and_named_with_the_nearest(tmp_path):
    lines = [line("1.png", "Efusion"), line("2.png", "Efusion|Mass"), line("3.png", "Tumour")]
    with pytest.raises(DataError) as caught:
        read(nih_root(tmp_path, lines))
    assert "'Efusion' (2 radiographs, first in line 2; did you mean 'Effusion'?)" in str(caught.value)
    assert "'Tumour' (1 radiograph, first in line 4)" in str(caught.value)


def test_lists_may_hold_blanks_and_be_in_utf_16(tmp_path):
    root = nih_root(tmp_path, [line("a 1.png"), line("b 2.png")])
    (root / "train_val_list.txt").write_bytes("a 1.png\r\n".encode("utf-16"))
    (root / "test_list.txt").write_text("images/b 2.png\n")
    assert read(root).official == {"train_val": {"a 1.png"}, "test": {"b 2.png"}}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_label_file_from_a_spreadsheet_is_read(tmp_path, separator):
    root = nih_root(tmp_path, [line("1.png", "Mass", "13", "57,5", "F,AP").replace("57,5", "57")])
    file = root / "Data_Entry_2017_v2020.csv"
    text = file.read_text().replace(",", separator).replace("57", "57,5")
    file.write_bytes(f"sep={separator}\r\n{text}".encode("utf-16"))
    row = read(root).table.loc[0]
    assert (row["patient"], row["age"], row["sex"], row["view"], row["Mass"]) == ("13", 57.5, "F", "AP", 1)
