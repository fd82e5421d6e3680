"""`python -m xraykit.init FOLDER`: the format, an experiment that `--check` accepts, or why none matches."""

import csv

import numpy as np
import pytest
import yaml

from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.init.__main__ import main
from xraykit.phantoms import write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS, DataFormat, Recognised, register_format
from xraykit.run import main as run


@pytest.fixture
def hospital(tmp_path, monkeypatch):
    """A folder of radiographs with a hospital's table, below the working directory."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "Unsere Klinik"
    root.mkdir()
    rows = [["Datei", "Patienten-ID", "Geschlecht", "Pleuraerguss", "Fraktur (Rippe)"]]
    for number in range(30):
        (root / f"{number}.png").write_bytes(png((grey() + number).astype(np.uint8)))
        rows.append(
            [f"{number}.png", f"P{number:04}", "mw"[number % 2], ["ja", "nein"][number % 2], "x" * (number < 9)]
        )
    with (root / "Export.csv").open("w", encoding="cp1252", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    return root


def test_the_experiment_is_accepted_by_check_as_it_stands(hospital, capsys):
    assert main([str(hospital)]) == 0
    out = capsys.readouterr().out
    assert "is read as table: the table Export.csv with 30 rows." in out
    assert "present (ja): 15; absent (nein): 15" in out
    assert "xraykit check Unsere-Klinik.yaml" in out
    assert run(["Unsere-Klinik.yaml", "--check", "data.image_size=32"]) == 0
    experiment = load_experiment("Unsere-Klinik.yaml")
    assert experiment.data.labels == ("Pleuraerguss", "Fraktur (Rippe)")
    assert experiment.data.split.method == "patient"
    assert experiment.data.settings.sex == "Geschlecht"


def test_each_key_is_explained_and_what_was_understood_is_a_comment(hospital):
    main([str(hospital), "--to", "e.yaml"])
    lines = (hospital.parent / "e.yaml").read_text(encoding="utf-8").splitlines()
    for key in ("format:", "root:", "labels:", "    image:", "    patient:", "    method:"):
        place = next(index for index, line in enumerate(lines) if line.startswith(key if key[0] == " " else f"  {key}"))
        assert lines[place - 1].strip().startswith("#"), key
    assert any(line.startswith("# Fraktur (Rippe)") and "absent (blank): 21" in line for line in lines)
    assert "P0001" not in "\n".join(lines)
    assert yaml.safe_load("\n".join(lines))["data"]["table"]["patient"] == "Patienten-ID"


def test_an_existing_file_is_replaced_only_if_asked(hospital, capsys):
    (hospital.parent / "e.yaml").write_text("mine")
    assert main([str(hospital), "--to", "e.yaml"]) == 2
    assert "e.yaml exists already" in capsys.readouterr().err
    assert (hospital.parent / "e.yaml").read_text() == "mine"
    assert main([str(hospital), "--to", "e.yaml", "--overwrite"]) == 0


def test_pictures_without_a_table_lack_their_labels(hospital, capsys):
    (hospital / "Export.csv").unlink()
    assert main([str(hospital)]) == 2
    error = capsys.readouterr().err
    assert "30 pictures .png; no table" in error
    assert "The labels are missing" in error
    assert "the patient's id" in error
    assert not list(hospital.parent.glob("*.yaml"))


def test_an_old_workbook_must_be_saved_again(hospital, capsys):
    (hospital / "Export.csv").rename(hospital / "Export.xls")
    assert main([str(hospital)]) == 2
    assert "the spreadsheet Export.xls. Missing: it must be saved as .xlsx or CSV" in capsys.readouterr().err
    assert run_on(hospital) == 2
    assert "Export.xls, which can be read once saved as .xlsx" in capsys.readouterr().err


def run_on(root):
    (root.parent / "own.yaml").write_text(f"data: {{format: table, root: {root}}}\n")
    return run([str(root.parent / "own.yaml"), "--check"])


def test_what_a_table_lacks_is_named(hospital, capsys):
    (hospital / "Export.csv").write_text("Datei;Zimmer;Erguss\n1.png;7;ja\n2.png;8;nein\n")
    assert main([str(hospital)]) == 2
    assert "Missing: " in (error := capsys.readouterr().err)
    assert "no column is recognised as the patient" in error


def test_of_several_tables_the_readable_one_is_named(hospital, capsys):
    (hospital / "Abteilungen.csv").write_text("Kürzel;Abteilung\nA;Chirurgie\n", encoding="utf-8")
    assert main([str(hospital), "--to", "e.yaml"]) == 0
    assert load_experiment("e.yaml").data.labels_file == "Export.csv"
    (hospital / "Kopie.csv").write_bytes((hospital / "Export.csv").read_bytes())
    assert main([str(hospital), "--to", "f.yaml"]) == 2
    assert "`data.labels_file`, one of: " in capsys.readouterr().err


def test_a_folder_inside_is_found(hospital, capsys):
    outer = hospital.parent / "outer"
    outer.mkdir()
    hospital.rename(outer / "inner")
    assert main([str(outer), "--to", "e.yaml"]) == 0
    assert load_experiment("e.yaml").data.root == str(outer / "inner")


def test_no_folder_is_reported(tmp_path, capsys):
    assert main([str(tmp_path / "gone")]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.fixture
def _forgotten(monkeypatch):
    for name in FORMATS.builtins:
        FORMATS.get(name)
    for name in ("_entries", "_functions", "_plugins"):
        monkeypatch.setattr(FORMATS, name, dict(getattr(FORMATS, name)))


@pytest.mark.usefixtures("_forgotten")
def test_of_several_formats_the_most_specific_is_taken_and_the_others_are_named(hospital, capsys):
    own = FORMATS.get("table")

    def recognise(folder):
        return Recognised("files of our archive", own.recognise(folder).data)

    register_format(DataFormat("archive", own.read, settings=own.settings, recognise=recognise, found_values=None))
    assert main([str(hospital), "--to", "e.yaml"]) == 0
    out = capsys.readouterr().out
    assert "is read as archive: files of our archive." in out
    assert "It can be read as table, too" in out
    assert "# table can read this folder, too" in (hospital.parent / "e.yaml").read_text(encoding="utf-8")


def test_a_look_at_a_folder_writes_nothing_into_it_though_reading_would(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_phantoms(tmp_path / "mnist", Phantom(patients=24, images=30, size=32), layout="chestmnist")
    before = sorted(path.name for path in (tmp_path / "mnist").rglob("*"))
    assert main(["mnist"]) == 0
    assert "Not read yet, as reading may write into" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "mnist").rglob("*")) == before
    assert run(["mnist.yaml", "--check", "data.image_size=32"]) == 0
    assert (tmp_path / "mnist" / "chestmnist_28" / "train" / "000000.png").is_file()


def _nih(root, *folders):
    root.mkdir()
    row = ["0.png", "No Finding", "0", "1", "58", "M", "PA"]
    header = [
        "Image Index",
        "Finding Labels",
        "Follow-up #",
        "Patient ID",
        "Patient Age",
        "Patient Gender",
        "View Position",
    ]
    rows = [header, *([f"{n}.png", ["Mass", "Hernia"][n % 2], "0", str(n), *row[4:]] for n in range(10))]
    (root / "Data_Entry_2017_v2020.csv").write_text("\n".join(map(",".join, rows)))
    for folder, pictures in folders:
        (root / folder).mkdir()
        for number in range(pictures):
            (root / folder / f"{number}.png").write_bytes(png((grey() + number).astype(np.uint8)))
    return root


def test_a_collection_in_a_folder_of_another_name_is_found_and_the_fullest_is_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    root = _nih(tmp_path / "copy", ("images-64", 4), ("images-224", 10))
    assert main([str(root)]) == 0
    out = capsys.readouterr().out
    assert "is read as nih" in out
    assert "pictures in the folder images-224, and others in images-64: name one in `data.images`" in out
    assert load_experiment("copy.yaml").data.images == "images-224"


def test_what_one_collection_lacks_is_reported_where_a_more_general_format_is_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    root = _nih(tmp_path / "deep")
    (root / "a" / "b").mkdir(parents=True)
    for number in range(10):
        (root / "a" / "b" / f"{number}.png").write_bytes(png((grey() + number).astype(np.uint8)))
    main([str(root)])
    out = capsys.readouterr().out
    assert "is read as table" in out
    assert "It is not read as nih: Data_Entry_2017_v2020.csv with the columns of the NIH" in out
    assert "Missing: pictures in the folder images" in out
