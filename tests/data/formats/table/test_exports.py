"""A hospital's own export is read at the first attempt: of the experiment only `format` and `root` are given."""

import csv

import numpy as np
import openpyxl
import pytest

from tests.conftest import NIH, needs_nih
from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.data import describe_understood, load_parts, read_catalog
from xraykit.errors import DataError

HEADER = [
    "Bilddatei",
    "Patienten-ID",
    "Name",
    "Geschlecht",
    "Alter (Jahre)",
    "Untersuchungsdatum",
    "Projektion",
    "Messwert",
    "Pleuraerguss",
    "Herzvergrößerung",
    "Fraktur (Rippe)",
    "Raucher",
]
LABELS = ("Pleuraerguss", "Herzvergrößerung", "Fraktur (Rippe)")


def _rows(count=20):
    for number in range(count):
        patient = number // 2
        yield [
            f"2023\\T{number:03}.png",
            f"P{1543 + patient:05}",
            "Müller, Hans",
            "mw"[patient % 2],
            f"{40 + patient} J.",
            f"{1 + patient:02}.05.2023",
            "p.a." if number % 2 else "a.p. im Liegen",
            f"{number / 4:.2f}".replace(".", ","),
            "ja" if patient % 2 else "nein",
            "positiv" if patient % 3 == 0 else "negativ",
            "x" if patient % 4 == 0 else "",
            "ja" if patient % 5 else "nein",
        ]


def _pictures(root, count=20):
    (root / "2023").mkdir()
    for number in range(count):
        (root / "2023" / f"T{number:03}.png").write_bytes(png(grey() + np.uint8(number)))


def _as_csv(root):
    with (root / "Export.csv").open("w", encoding="cp1252", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([HEADER, *_rows()])


def _as_workbook(root):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [["Röntgenexport 2023"], [], HEADER, *_rows()]:
        sheet.append(row)
    sheet.merge_cells("A1:L1")
    book.save(root / "Export.xlsx")


@pytest.mark.parametrize("write", [_as_csv, _as_workbook])
def test_only_format_and_root_are_given(tmp_path, write):
    write(tmp_path)
    _pictures(tmp_path)
    experiment = load_experiment({"data": {"format": "table", "root": str(tmp_path)}})
    assert experiment.data.labels == LABELS
    assert experiment.data.split.method == "patient"
    catalog = read_catalog(experiment.data)
    assert len(catalog) == 20
    assert catalog.table["patient"].nunique() == 10
    assert catalog.table["patient"].iloc[0] == "P01543"
    assert set(catalog.table["sex"]) == {"M", "F"}
    assert set(catalog.table["view"]) == {"PA", "AP"}
    assert catalog.table["age"].iloc[0] == 40
    assert not catalog.not_understood
    expected = [[patient % 2 == 1, patient % 3 == 0, patient % 4 == 0] for patient in np.repeat(np.arange(10), 2)]
    np.testing.assert_array_equal(catalog.targets(), np.array(expected, float))
    assert sum(load_parts(experiment.data, 7, sealed_test=False).sizes.values()) == 20


@pytest.mark.parametrize("write", [_as_csv, _as_workbook])
def test_the_table_of_what_was_understood_names_no_patient(tmp_path, write):
    write(tmp_path)
    _pictures(tmp_path)
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    of = {column.column: column for column in catalog.understood.columns}
    assert list(of) == HEADER
    assert of["Bilddatei"].counts == {"picture found": 20}
    assert of["Patienten-ID"].counts == {"patients": 10}
    assert of["Pleuraerguss"].counts == {"present": 10, "absent": 10}
    assert of["Pleuraerguss"].words == {"present": ("ja",), "absent": ("nein",), "unknown": ()}
    assert of["Fraktur (Rippe)"].words["absent"] == ("",)
    assert of["Raucher"].meaning == of["Messwert"].meaning == of["Untersuchungsdatum"].meaning == ""
    text = "\n".join(describe_understood(catalog.understood))
    assert "label" in text
    assert not any(word in text for word in ("Müller", "P0154", "T001", ".05.2023"))


def test_an_experiment_that_was_completed_is_read_again_as_it_is(tmp_path):
    _as_csv(tmp_path)
    _pictures(tmp_path)
    experiment = load_experiment({"data": {"format": "table", "root": str(tmp_path)}})
    (tmp_path / "Export.csv").unlink()
    file = tmp_path / "experiment.yaml"
    file.write_text(experiment.to_yaml(), encoding="utf-8")
    assert "- Herzvergrößerung" in file.read_text(encoding="utf-8")
    assert load_experiment(file) == experiment


def test_a_given_split_method_stays(tmp_path):
    _as_csv(tmp_path)
    values = {"data": {"format": "table", "root": str(tmp_path), "split": {"method": "official"}}}
    assert load_experiment(values).data.split.method == "official"


def test_each_guess_can_be_overridden(tmp_path):
    _as_csv(tmp_path)
    _pictures(tmp_path)
    table = {
        "sex": False,
        "age": False,
        "view": False,
        "present": ["nein"],
        "absent": ["ja"],
        "blank": "unknown",
        "label_columns": {"Smoker": "Raucher", "Fracture": "fraktur (rippe)", "Any": ["Raucher", "Pleuraerguss"]},
    }
    values = {"format": "table", "root": str(tmp_path), "labels": ["Smoker", "Fracture", "Any"], "table": table}
    catalog = read_catalog(load_experiment({"data": values}).data)
    assert catalog.table[["sex", "age", "view"]].isna().all(axis=None)
    rows = list(_rows())
    smoker, fracture, either = catalog.targets().T
    assert smoker.tolist() == [row[-1] == "nein" for row in rows]
    np.testing.assert_array_equal(fracture, [1 if row[-2] else np.nan for row in rows])
    assert either.tolist() == [row[-1] == "nein" or row[8] == "nein" for row in rows]
    of = {column.column: column for column in catalog.understood.columns}
    assert not of["Raucher"].guessed
    assert of["Geschlecht"].meaning == ""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (
            "image;PatientID;MRN;Mass",
            r"more than one column may be the patient: PatientID, MRN\..*data\.table\.patient",
        ),
        ("image;PatientID;Age;Alter;Mass", r"may be the age: Age, Alter.*or to false for none"),
        ("image;Zimmer;Mass", r"no column is recognised as the patient.*patient_pattern"),
        ("Nr;PatientID;Mass", r"no column is recognised as the picture.*Found: Nr, PatientID, Mass"),
        ("image;PatientID;Messwert", r"no column looks like a label.*Messwert"),
    ],
)
def test_what_cannot_be_guessed_is_refused_with_the_columns_and_the_setting(tmp_path, header, reason):
    names = header.split(";")
    cells = {"image": "{}.png", "Mass": "{0}", "MRN": "7", "Messwert": "{}.5"}
    rows = [[cells.get(name, name + "{}").format(number) for name in names] for number in range(2)]
    text = "\n".join(";".join(row) for row in [names, *rows])
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(Exception, match=reason):
        load_experiment({"data": {"format": "table", "root": str(tmp_path)}})


def test_a_number_of_a_stay_is_the_patient_only_with_a_warning(tmp_path):
    (tmp_path / "a.png").write_bytes(png(grey()))
    (tmp_path / "t.csv").write_text("image;Fallnummer;Mass\na.png;7;1\nb.png;8;0\n")
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    assert "may be the number of a stay" in catalog.understood.warnings[0]
    (tmp_path / "t.csv").write_text("image;Fallnummer;Patient;Mass\na.png;7;1;1\nb.png;8;1;0\n")
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    assert catalog.table["patient"].tolist() == ["1"]
    assert not catalog.understood.warnings


def test_a_column_of_lists_and_columns_of_labels_are_not_chosen_from(tmp_path):
    (tmp_path / "t.csv").write_text("image;patient;findings;Mass\na.png;7;Mass|Nodule;1\nb.png;8;Nodule;0\n")
    with pytest.raises(Exception, match=r"listed in 'findings', or be in a column each: Mass\."):
        load_experiment({"data": {"format": "table", "root": str(tmp_path)}})


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (("Mass|Nodule", "Nodule", "normal"), "|"),
        (("Mass; Nodule", "Nodule", "o.B."), ";"),
        (('"Mass, Nodule"', "Nodule", "No Finding"), ","),
        (("Mass / Nodule", "Nodule", "ohne Befund"), "/"),
        (("\"['mass', 'nodule ']\"", "['nodule']", "['normal']"), "list"),
        (('"Mass\nNodule"', "Nodule", "[]"), "\n"),
    ],
)
def test_findings_in_a_list_are_guessed_with_their_separator(tmp_path, cells, separator):
    (tmp_path / "t.csv").write_text(
        "\n".join(["image|patient|Befunde".replace("|", "\t"), *(f"{n}.png\t{n}\t{c}" for n, c in enumerate(cells))])
    )
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(grey()))
    data = load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data
    assert [label.casefold() for label in data.labels if label != "[]"] == ["mass", "nodule"]
    catalog = read_catalog(data)
    np.testing.assert_array_equal(catalog.targets()[:2, -2:], [[1, 1], [0, 1]])
    assert ("lists such as" if separator == "list" else "separated by") in catalog.understood.columns[2].note


def test_two_separators_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("image;patient;findings\na.png;7;Mass, left/Nodule\nb.png;8;Nodule/Mass\n")
    values = {"format": "table", "root": str(tmp_path)}
    with pytest.raises(Exception, match=r"separated by ',' or '/'\. Set `data\.table\.separator`"):
        load_experiment({"data": values})
    data = load_experiment({"data": {**values, "table": {"separator": "/"}}}).data
    assert data.labels == ("Mass", "Mass, left", "Nodule")


def test_the_patient_is_found_in_the_name_of_the_picture(tmp_path):
    rows = ["person1_bacteria_1.jpeg;1", "person1_virus_2.jpeg;0", "person12_virus_1.jpeg;0"]
    (tmp_path / "t.csv").write_text("\n".join(["file;Pneumonia", *rows]))
    for row in rows:
        (tmp_path / row.partition(";")[0]).write_bytes(png(grey()))
    values = {"format": "table", "root": str(tmp_path), "table": {"patient_pattern": r"person(\d+)_"}}
    assert read_catalog(load_experiment({"data": values}).data).table["patient"].tolist() == ["1", "1", "12"]
    values["table"] = {"patient": False}
    catalog = read_catalog(load_experiment({"data": values}).data)
    assert not catalog.patients_known
    values["table"] = {"patient_pattern": r"person1(\d)_"}
    with pytest.raises(DataError, match=r"line 2, column file: 'person1_bacteria_1.jpeg'.*patient_pattern"):
        read_catalog(load_experiment({"data": {**values, "labels": ["Pneumonia"]}}).data)


@pytest.mark.parametrize("start", ["D:\\PACS\\Export\\", "\\\\server\\share\\", "/home/me/export/", "file:///C:/x/"])
def test_absolute_paths_of_the_exporting_machine_are_found_by_their_end(tmp_path, start):
    for name in ("p1/view1.png", "p2/view1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(png(grey()))
    between = "\\" if "\\" in start else "/"
    rows = [f"{start}p{patient}{between}view1.png,{patient},{patient % 2}" for patient in (1, 2, 3)]
    (tmp_path / "t.csv").write_text("\n".join(["path,patient,Mass", *rows]))
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    assert catalog.table["image"].tolist() == ["p1/view1.png", "p2/view1.png"]
    assert catalog.missing_examples == ("p3/view1.png",)
    assert any("beginning" in warning for warning in catalog.understood.warnings)


def test_bare_names_are_found_in_any_folder_below_the_root_if_nowhere_else(tmp_path):
    for name in ("2023/01/a.png", "2023/02/b.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(png(grey()))
    (tmp_path / "t.csv").write_text("image,patient,Mass\na,1,1\nb,2,0\n")
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    assert catalog.table["path"].tolist() == [str(tmp_path / "2023/01/a.png"), str(tmp_path / "2023/02/b.png")]


@pytest.mark.parametrize(
    "label", ["herzvergroesserung", "HERZVERGRÖSSERUNG", "Herz_Vergrößerung", "herz vergrosserung"]
)
def test_a_label_is_its_column_in_any_spelling(tmp_path, label):
    _as_csv(tmp_path)
    _pictures(tmp_path)
    values = {"format": "table", "root": str(tmp_path), "labels": [label]}
    catalog = read_catalog(load_experiment({"data": values}).data)
    assert catalog.labels == (label,)
    assert catalog.targets().sum() == 8


@needs_nih
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_german_export_of_real_radiographs(tmp_path, suffix):
    """The findings of the NIH's label file as a hospital would have them, for the radiographs that are here."""
    there = {path.name for path in (NIH / "images-64").iterdir()}
    with (NIH / "Data_Entry_2017_v2020.csv").open(encoding="utf-8") as stream:
        source = [row for row in csv.reader(stream) if row[0] in there]
    names = ("Effusion", "Cardiomegaly")
    rows = [["Dateiname", "Patientennummer", "Geschlecht", "Alter", "Strahlengang", "Pleuraerguss", "Herzvergrößerung"]]
    for image, findings, _, patient, age, sex, view, *_ in source:
        marks = ["ja" if name in findings.split("|") else "nein" for name in names]
        words = ["männlich" if sex == "M" else "weiblich", f"{age} Jahre", f"{view[0].lower()}.{view[1].lower()}."]
        rows.append([f"D:\\Export\\{image}", patient, *words, *marks])
    if suffix == ".csv":
        with (tmp_path / "Export.csv").open("w", encoding="cp1252", newline="") as stream:
            csv.writer(stream, delimiter=";").writerows(rows)
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / "Export.xlsx")
    (tmp_path / "images").symlink_to(NIH / "images-64")
    catalog = read_catalog(load_experiment({"data": {"format": "table", "root": str(tmp_path)}}).data)
    assert len(catalog) == len(source) > 800
    expected = [[name in row[1].split("|") for name in names] for row in source]
    np.testing.assert_array_equal(catalog.targets(), np.array(expected, float))
    assert catalog.table["patient"].nunique() == len({int(row[3]) for row in source})
    assert catalog.table["sex"].tolist() == [row[5] for row in source]
    assert catalog.table["view"].tolist() == [row[6] for row in source]


def test_absolute_paths_are_found_in_the_folder_of_pictures(tmp_path):
    pictures = tmp_path / "elsewhere"
    (tmp_path / "root").mkdir()
    pictures.mkdir()
    (pictures / "a.png").write_bytes(png(grey()))
    (pictures / "loop").symlink_to(pictures)
    (tmp_path / "root" / "t.csv").write_text("path,patient,Mass\nD:\\x\\a.png,1,1\nD:\\x\\b.png,2,0\n")
    values = {"format": "table", "root": str(tmp_path / "root"), "images": str(pictures)}
    assert read_catalog(load_experiment({"data": values}).data).table["path"].tolist() == [str(pictures / "a.png")]


def _export(root, header, *rows):
    (root / "t.csv").write_text("\n".join(";".join(map(str, row)) for row in [header.split(";"), *rows]))
    (root / "0.png").write_bytes(png(grey()))
    return read_catalog(load_experiment({"data": {"format": "table", "root": str(root)}}).data)


def test_two_numbers_of_the_same_patients_are_no_ambiguity(tmp_path):
    rows = [(f"{n}.png", f"P{n // 2}", 100 + n // 2, f"1.2.{n // 2}", f"A{n // 2}", n % 2) for n in range(6)]
    catalog = _export(tmp_path, "image;PatientID;MRN;StudyInstanceUID;AccessionNumber;Mass", *rows)
    assert catalog.table["patient"].tolist() == ["P0"]
    assert catalog.studies.tolist() == ["1.2.0"]


def test_a_study_that_is_not_clear_is_left_out_with_a_warning(tmp_path):
    rows = [(f"{n}.png", f"P{n // 2}", f"1.2.{n}", f"A{n // 2}", n % 2) for n in range(6)]
    catalog = _export(tmp_path, "image;PatientID;StudyInstanceUID;AccessionNumber;Mass", *rows)
    assert catalog.studies is None
    assert "StudyInstanceUID, AccessionNumber" in catalog.understood.warnings[0]


def test_columns_that_may_be_labels_in_other_words_are_pointed_out(tmp_path):
    names, marks = ["Meier", "Müller"], ["pos.", "neg."]
    rows = [(f"{n}.png", n // 2, "AB"[n // 2 % 2], names[n // 12], n % 2, marks[n % 2]) for n in range(24)]
    catalog = _export(tmp_path, "image;patient;Grad;Name;Mass;Erguss", *rows)
    assert catalog.labels == ("Mass", "Erguss")
    note = {column.column: column.note for column in catalog.understood.columns}
    assert note["Grad"].startswith("2 different words: a label if data.table.present")
    assert note["Name"] == note["Grad"]
    assert "Meier" not in "".join(describe_understood(catalog.understood))
    rows = [(f"{n}.png", n // 2, names[n // 12], n % 2) for n in range(24) if n // 2 in (0, 6)]
    catalog = _export(tmp_path, "image;patient;Name;Mass", *rows)
    assert {column.column: column.note for column in catalog.understood.columns}["Name"] == ""
