"""Any table: its columns are named in `data.table`, and what cannot be read is named with its line."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.config.data.section import Data
from xraykit.data import load_parts, read_catalog
from xraykit.data.formats.nih.reading import read_nih
from xraykit.data.formats.table import read_table_format
from xraykit.errors import DataError, ExperimentError, PatientOverlapError
from xraykit.pipeline import run_experiment
from xraykit.testing import check_format

TINY = str(Path(__file__).resolve().parents[3] / "tiny_backbone.py")


@pytest.fixture
def write(tmp_path):
    """Writes a table and its pictures, and returns the experiment's data section."""

    def written(
        text, *, labels=("Mass", "Effusion"), pictures=("a.png", "sub/b.png", "c.png"), encoding="utf-8", **more
    ):
        for name in pictures:
            (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "images" / name).write_bytes(png(grey()))
        (tmp_path / "studies.csv").write_text(text, encoding=encoding)
        return Data(format="table", root=str(tmp_path), labels=labels, **more)

    return written


def test_labels_in_a_column_each(write):
    text = "Image,Patient,Mass,Effusion,Sex\na.png,1,1,0,male\nsub/b.png,01,no,,F\nc.png,P2,-1,1.0,\n"
    catalog = read_table_format(write(text, table={"sex": "sex"}))
    assert catalog.table["image"].tolist() == ["a.png", "sub/b.png", "c.png"]
    assert catalog.table["patient"].tolist() == ["1", "1", "P2"]
    assert catalog.table["sex"].fillna("").tolist() == ["M", "F", ""]
    np.testing.assert_array_equal(catalog.targets(), [[1, 0], [0, np.nan], [np.nan, 1]])
    assert catalog.several_spellings == 1


def test_blank_and_uncertain_cells_mean_what_the_experiment_sets(write):
    text = "image,patient,Mass,Effusion\na.png,1,-1,\nsub/b.png,2,u,1\nc.png,3,1,0\n"
    catalog = read_table_format(write(text, table={"blank": "absent", "uncertain": "present"}))
    np.testing.assert_array_equal(catalog.targets(), [[1, 0], [1, 1], [1, 0]])


def test_labels_in_one_list_column(write):
    text = "file;id;diagnoses\na.png;1;mass, Pleural_Effusion\nsub/b.png;2;normal\nc.png;3;\n"
    columns = {"image": "file", "patient": "id", "findings": "diagnoses", "separator": ","}
    catalog = read_table_format(write(text, table={**columns, "label_columns": {"Effusion": "pleural effusion"}}))
    np.testing.assert_array_equal(catalog.targets(), [[1, 1], [0, 0], [np.nan, np.nan]])


@pytest.mark.parametrize("cell", ["NA", "nan", "N/A", "null", ""])
def test_a_list_that_stands_for_a_missing_one_is_unknown_and_not_absent(write, cell):
    text = f"image,patient,findings\na.png,1,Mass|Effusion\nsub/b.png,2,{cell}\n"
    catalog = read_table_format(write(text, table={"findings": "findings"}))
    np.testing.assert_array_equal(catalog.targets(), [[1, 1], [np.nan, np.nan]])


def test_pictures_and_patients_in_another_spelling_are_counted(write):
    text = "image,patient,Mass,Effusion\na.PNG,1,1,0\nsub\\b.png,01,0,1\ngone.png,02,0,1\n"
    catalog = read_table_format(write(text))
    assert catalog.normalised == {"image": 1, "patient": 1}


def test_a_missing_picture_is_not_that_of_another_folder(write):
    """Folders are often patients, and the pictures in each have the same names."""
    text = "image,patient,Mass,Effusion\np1/view1.png,1,1,0\np1/view2.png,1,1,0\np2/view1.png,2,0,1\n"
    catalog = read_table_format(write(text, pictures=("p1/view1.png", "p2/view1.png", "p2/view2.png")))
    assert catalog.table["image"].tolist() == ["p1/view1.png", "p2/view1.png"]
    assert catalog.missing_examples == ("p1/view2.png",)


def test_a_label_that_no_list_names_is_refused_with_the_nearest(write):
    text = "image,patient,findings\na.png,1,Mass\nsub/b.png,2,Efusion\n"
    with pytest.raises(DataError, match=r"Unknown finding 'Effusion'. Did you mean 'efusion'\?"):
        read_table_format(write(text, table={"findings": "findings"}))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_encodings_are_recognised(write, encoding, separator):
    text = "image,patient,Mass,Größe\na.png,1,1,groß\nc.png,2,0,klein\n".replace(",", separator)
    catalog = read_table_format(write(text, labels=("Mass",), columns=("Größe",), encoding=encoding))
    assert catalog.table["Größe"].tolist() == ["groß", "klein"]


def test_ages_and_views_are_understood_or_counted_and_laterals_left_out(write):
    text = "image,patient,Mass,Effusion,a,v\na.png,1,1,0,058Y,PA\nsub/b.png,2,1,0,old,LATERAL\nc.png,3,0,1,old,?\n"
    catalog = read_catalog(write(text, table={"age": "a", "view": "v"}))
    assert catalog.table["image"].tolist() == ["a.png", "c.png"]
    assert catalog.table["age"].tolist() == pytest.approx([58, np.nan], nan_ok=True)
    assert catalog.laterals == 1
    assert catalog.not_understood == {"age": {"old": 2}, "view": {"?": 1}}


def test_rows_without_a_picture_are_left_out_and_counted(write):
    text = "image,patient,Mass,Effusion\na.png,1,1,0\ngone.png,2,1,0\n"
    catalog = read_table_format(write(text))
    assert (len(catalog), catalog.missing_images, catalog.missing_examples) == (1, 1, ("gone.png",))


@pytest.mark.parametrize(
    ("rows", "columns", "reason"),
    [
        ("a.png,1,maybe,0\nc.png,2,1,7", {}, r"line 2, column Mass: 'maybe'; line 3, column Effusion: '7'"),
        ("a.png,1,1,0\n../a.png,2,1,0", {}, r"line 3, column image: '\.\./a\.png'.*below `data.root`"),
        ("/etc/passwd,2,1,0", {}, r"line 2, column image: '/etc/passwd'"),
        ("a.png,1,1,0\nc.png,2,1,0\na.png,3,0,0", {}, r"line 4: a\.png is in line 2 already"),
        ("a.png,,1,0", {}, r"line 2, column 'patient'.*there is no patient id in this row"),
        ("a.png,1.3E+05,1,0", {}, r"line 2, column 'patient'.*export the table again"),
        ("a.png,1,1,0", {"image": "imgae"}, r"Unknown column 'imgae'. Did you mean 'image'\?.*`data.table.image`"),
        ("a.png,1,1,0", {"split": "part"}, r"Unknown column 'part'.*`data.table.split`"),
        ("a.png,1,1,0", {"label_columns": {"Mas": "Mass"}}, r"Unknown label 'Mas'. Did you mean 'Mass'"),
        ("gone.png,1,1,0", {}, r"None of the 1 pictures .*gone\.png, exists"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(write, rows, columns, reason):
    with pytest.raises(DataError, match=reason):
        read_table_format(write(f"image,patient,Mass,Effusion\n{rows}\n", table=columns))


def test_a_picture_outside_the_root_is_never_opened(write, tmp_path):
    (tmp_path.parent / "outside.png").write_bytes(png(grey()))
    for name in ("../outside.png", "images/../../outside.png", str(tmp_path.parent / "outside.png"), "C:\\outside.png"):
        with pytest.raises(DataError, match=r"below `data\.root`"):
            read_table_format(write(f"image,patient,Mass,Effusion\n{name},1,1,0\n"))


def test_of_several_tables_one_must_be_named(write, tmp_path):
    data = write("image,patient,Mass,Effusion\na.png,1,1,0\n")
    (tmp_path / "other.tsv").write_text("x")
    with pytest.raises(DataError, match=r"`data.labels_file` must name the table.*Found: other\.tsv, studies\.csv"):
        read_table_format(data)


def test_it_keeps_the_contract_of_formats(write, tmp_path):
    write("image,patient,Mass,Effusion\na.png,1,1,0\nsub/b.png,2,,1\n")
    catalog = check_format("table", {"root": str(tmp_path), "labels": ["Mass", "Effusion"]})
    assert len(catalog) == 2


SPLIT = "image,patient,Mass,part\n" + "".join(
    f"{n}.png,{n},{n % 2},{'test' if n < 4 else 'val' if n < 8 else 'train'}\n" for n in range(16)
)
NUMBERED = tuple(f"{n}.png" for n in range(16))


def test_the_official_split_is_that_of_the_column(write):
    data = write(SPLIT, labels=("Mass",), pictures=NUMBERED, table={"split": "part"})
    parts = load_parts(data, 7, sealed_test=False)
    assert parts.sizes == {"train": 8, "validation": 4, "test": 4}
    assert str(parts.split) == "official lists of table, seed 7"
    assert set(parts.catalog_of("validation").table["image"]) == {f"{n}.png" for n in range(4, 8)}


def test_without_a_validation_part_the_training_patients_are_divided(write):
    data = write(SPLIT.replace("val", "train"), labels=("Mass",), pictures=NUMBERED, table={"split": "part"})
    parts = load_parts(data, 7, sealed_test=False)
    assert parts.sizes["test"] == 4
    assert parts.sizes["train"] + parts.sizes["validation"] == 12
    assert str(parts.split) == "official lists of table, validation 12.5 % by patient, seed 7"


def test_a_patient_in_two_parts_of_the_column_is_refused(write):
    text = SPLIT.replace("5.png,5,", "5.png,12,")
    data = write(text, labels=("Mass",), pictures=NUMBERED, table={"split": "part"})
    with pytest.raises(PatientOverlapError, match="12 in the training list and the validation list"):
        load_parts(data, 7, sealed_test=False)


def test_without_such_a_column_the_message_names_the_setting(write):
    with pytest.raises(DataError, match=r"official split \(the column that `data\.table\.split` names\)"):
        load_parts(write("image,patient,Mass,Effusion\na.png,1,1,0\n"), 7, sealed_test=False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("labels: [Mass]\n  table: {imgae: x}", r"line 5: data\.table\.imgae: unknown key\. Did you mean 'image'"),
        ("labels: [Mass]\n  table: {blank: 3}", r"line 5: data\.table\.blank: expected 'unknown' or 'absent'"),
        ("labels: [Mass]\n  tabel: {image: x}", r"line 5: data\.tabel: unknown key\. Did you mean 'table'"),
        ("table: {image: x}", r"line 2: data\.labels: the labels are left out and cannot be found .*no folder"),
    ],
)
def test_a_typo_in_the_settings_is_reported_with_its_line(tmp_path, data, reason):
    file = tmp_path / "experiment.yaml"
    file.write_text(f"name: x\ndata:\n  format: table\n  {data}\n")
    with pytest.raises(ExperimentError, match=reason):
        load_experiment(file)


def _as_table(source, folder, catalog):
    """Phantoms as a hospital may export them: semicolons, folders by view, yes and no, own column names."""
    with (folder / "studies.csv").open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Datei", "Fall", "Geschlecht", "Alter", "Projektion", "Erguss", "Cardiomegaly"])
        for row in catalog.table.to_dict("records"):
            target = folder / "bilder" / row["view"] / row["image"]
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), cv2.imread(row["path"], cv2.IMREAD_UNCHANGED))
            found = ["yes" if row[label] else "no" for label in ("Effusion", "Cardiomegaly")]
            about = [f"P{row['patient']}", row["sex"], f"{row['age']:03.0f}Y", row["view"]]
            writer.writerow([f"bilder\\{row['view']}\\{row['image']}", *about, *found])


@pytest.mark.slow
def test_a_run_on_phantoms_exported_as_a_table_sees_what_it_sees_in_their_own_layout(phantoms, tmp_path):
    labels = ("Effusion", "Cardiomegaly")
    original = read_nih(Data(root=str(phantoms), labels=labels))
    root = tmp_path / "export"
    root.mkdir()
    _as_table(phantoms, root, original)
    columns = {"image": "Datei", "patient": "Fall", "sex": "Geschlecht", "age": "Alter", "view": "Projektion"}
    values = {
        "name": "tabled",
        "plugins": [TINY],
        "data": {
            "format": "table",
            "root": str(root),
            "labels": list(labels),
            "image_size": 32,
            "split": {"method": "patient"},
            "table": {**columns, "label_columns": {"Effusion": "Erguss"}},
        },
        "model": {"backbone": "tiny"},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"resamples": 20, "min_positive_patients": 1},
        "explain": {"per_kind": 1, "scored": 10},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }
    experiment = load_experiment(values)
    catalog = read_table_format(experiment.data)
    np.testing.assert_array_equal(catalog.targets(), original.targets())
    for column in ("sex", "age", "view"):
        assert catalog.table[column].tolist() == original.table[column].tolist()
    run = run_experiment(experiment)
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert list(metrics["labels"]) == list(labels)
    assert metrics["published"] == []
    assert "xraykit does not know their terms" in (run.folder / "model" / "LICENSE.md").read_text()
    assert load_experiment(run.folder / "experiment.yaml").data.settings == experiment.data.settings
