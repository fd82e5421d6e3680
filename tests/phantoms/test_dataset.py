"""Sets of phantoms: what is written, and how it gets into a folder."""

import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import NIH, needs_nih
from xraykit.config.data.section import Data
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.boxes import read_boxes
from xraykit.data.formats.phantom import read_phantom
from xraykit.errors import DataError
from xraykit.phantoms import dataset, draw_radiograph, write_phantoms
from xraykit.phantoms.dataset import plan_visits
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS

SMALL = Phantom(patients=12, images=20, size=64, prevalence=0.3)

WRITE = """
import sys
from pathlib import Path
from xraykit.phantoms.settings import Phantom
from xraykit.phantoms import write_phantoms
write_phantoms(Path(sys.argv[1]), Phantom.model_validate_json(sys.argv[2]), workers=int(sys.argv[3]))
"""


def start_writing(root: Path, phantom: Phantom, workers: int = 1) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITE, str(root), phantom.model_dump_json(), str(workers)]
    return subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("phantoms") / "set"
    write_phantoms(root, SMALL)
    return root


def test_the_label_file_reads_row_by_row(written):
    header, *rows = (written / "Data_Entry_2017_v2020.csv").read_text().splitlines()
    visits = list(plan_visits(SMALL))
    assert len(header.split(",")) == 11
    assert len(rows) == len(visits)
    for row, visit in zip(rows, visits, strict=True):
        image, findings, follow_up, patient, age, sex, view, *original = row.split(",")
        assert image == f"{int(patient):08d}_{int(follow_up):03d}.png"
        assert (int(patient), int(follow_up)) == (visit.patient.number, visit.number)
        assert tuple(findings.split("|")) == (visit.findings or ("No Finding",))
        assert (int(age), sex, view) == (visit.age, visit.patient.sex, visit.view)
        assert original[:2] == ["64", "64"]
        assert float(original[2]) == float(original[3]) == pytest.approx(380 / 64)


def test_the_pictures_are_those_drawn_for_the_rows(written):
    visits = list(plan_visits(SMALL))
    assert len(list((written / "images").iterdir())) == len(visits)
    for visit in visits:
        file = written / "images" / f"{visit.patient.number:08d}_{visit.number:03d}.png"
        drawn = draw_radiograph(visit.patient, visit.findings, size=64, view=visit.view, visit=visit.number)
        stored = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert stored.ndim == 2
        assert np.array_equal(stored, drawn.pixels)


def test_boxes_are_those_of_the_labels_in_pixels_of_1024(written):
    boxes = read_boxes(written)
    assert "Infiltration" not in (written / "BBox_List_2017.csv").read_text()
    for visit in plan_visits(SMALL):
        drawn = draw_radiograph(visit.patient, visit.findings, size=64, view=visit.view, visit=visit.number)
        rows = boxes[boxes["image"] == f"{visit.patient.number:08d}_{visit.number:03d}.png"]
        assert set(rows["label"]) == set(visit.findings)
        expected = np.array(list(itertools.chain(*drawn.boxes.values()))).reshape(-1, 4)
        assert np.allclose(rows[["x", "y", "w", "h"]].to_numpy(), expected * 16)


def test_the_lists_divide_all_radiographs_by_patient(written):
    lists = [(written / name).read_text() for name in ("train_val_list.txt", "test_list.txt")]
    assert not any(text.endswith("\n") for text in lists)
    train, test = (text.split("\n") for text in lists)
    assert sorted(train + test) == sorted(file.name for file in (written / "images").iterdir())
    assert not {name[:8] for name in train} & {name[:8] for name in test}
    assert len({name[:8] for name in test}) == round(0.2 * 12)


@needs_nih
@pytest.mark.parametrize("name", ["Data_Entry_2017_v2020.csv", "BBox_List_2017.csv"])
def test_headers_are_those_of_the_real_files(written, name):
    with (NIH / name).open() as real, (written / name).open() as made_up:
        assert made_up.readline() == real.readline()


def test_the_reader_of_the_format_draws_and_reads_a_set(tmp_path):
    data = Data(format="phantom", root=str(tmp_path / "a" / "set"), phantom=SMALL)
    catalog = read_phantom(data)
    assert len(catalog) == 20
    visits = list(plan_visits(SMALL))
    expected = np.array([[finding in visit.findings for finding in FINDINGS] for visit in visits], np.float32)
    assert np.array_equal(catalog.targets(), expected)
    assert catalog.table["patient"].nunique() == 12
    assert sum(map(len, catalog.official.values())) == 20
    assert FORMATS.get("phantom").read is read_phantom


def test_pictures_may_lie_in_another_folder(tmp_path):
    data = Data(format="phantom", root=str(tmp_path / "set"), images="images_001/images", phantom=SMALL)
    assert len(read_phantom(data)) == 20
    with pytest.raises(DataError, match="another set"):
        write_phantoms(tmp_path / "set", SMALL)


@pytest.mark.parametrize("folder", ["/tmp/pictures", "../pictures", ""])
def test_pictures_never_lie_outside_the_folder(tmp_path, folder):
    with pytest.raises(DataError, match="below"):
        write_phantoms(tmp_path / "set", SMALL, folder)


def test_seeds_give_different_sets(tmp_path, written):
    other = SMALL.model_copy(update={"seed": 8})
    write_phantoms(tmp_path / "set", other)
    assert contents(tmp_path / "set") != contents(written)


def test_the_bytes_do_not_depend_on_process_and_workers(tmp_path, written):
    process = start_writing(tmp_path / "set", SMALL, workers=3)
    assert process.wait(timeout=120) == 0
    assert contents(tmp_path / "set") == contents(written)


def test_the_same_set_is_not_drawn_again(written, monkeypatch):
    monkeypatch.setattr(dataset, "draw_radiograph", None)
    before = {file: file.stat().st_mtime_ns for file in written.rglob("*")}
    write_phantoms(written, SMALL)
    assert {file: file.stat().st_mtime_ns for file in written.rglob("*")} == before


def test_another_set_is_left_alone(written):
    before = contents(written)
    with pytest.raises(DataError, match="another set"):
        write_phantoms(written, SMALL.model_copy(update={"images": 21}))
    assert contents(written) == before


def test_a_set_of_an_earlier_drawing_is_left_alone(tmp_path, monkeypatch):
    write_phantoms(tmp_path / "set", SMALL)
    monkeypatch.setattr(dataset, "DRAWING", dataset.DRAWING + 1)
    with pytest.raises(DataError, match="delete"):
        write_phantoms(tmp_path / "set", SMALL)


@pytest.mark.parametrize("name", ["Data_Entry_2017_v2020.csv", "notes.txt", ".hidden"])
def test_somebodys_files_are_never_touched(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(DataError, match="nothing in it was changed"):
        write_phantoms(tmp_path, SMALL)
    assert contents(tmp_path) == {name: b"mine"}


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path):
    (tmp_path / "set").write_text("mine")
    with pytest.raises(DataError, match="is a file"):
        write_phantoms(tmp_path / "set", SMALL)
    assert (tmp_path / "set").read_text() == "mine"


def test_a_damaged_manifest_is_reported(tmp_path):
    (tmp_path / "phantoms.json").write_text("{")
    with pytest.raises(DataError, match=r"phantoms\.json cannot be read"):
        write_phantoms(tmp_path, SMALL)


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "set").mkdir()
    write_phantoms(tmp_path / "set", SMALL)
    assert json.loads((tmp_path / "set" / "phantoms.json").read_text())["settings"] == SMALL.model_dump()


def test_a_mount_point_is_refused_before_anything_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path.resolve())
    monkeypatch.setattr(dataset, "draw_radiograph", None)
    with pytest.raises(DataError, match="mount point"):
        write_phantoms(tmp_path, SMALL)


def test_a_place_that_cannot_be_written_to_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"data\.root"):
        write_phantoms(tmp_path / "file" / "set", SMALL)


def test_an_error_while_drawing_leaves_nothing_behind(tmp_path, monkeypatch):
    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset, "draw_radiograph", full_disk)
    with pytest.raises(DataError, match="No space left"):
        write_phantoms(tmp_path / "set", SMALL)
    assert [path.name for path in tmp_path.iterdir()] == [".set.lock"]


def test_a_killed_process_leaves_no_set_and_the_next_one_draws_it(tmp_path):
    many = Phantom(patients=3000, images=3000, size=64)
    process = start_writing(tmp_path / "set", many)
    deadline = time.monotonic() + 60
    while len(drawn := list(tmp_path.glob(".set.*.part/images/*.png"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert drawn
    assert not (tmp_path / "set").exists()
    write_phantoms(tmp_path / "set", SMALL)
    assert len(list((tmp_path / "set" / "images").iterdir())) == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == [".set.lock", "set"]


def test_two_processes_at_once_make_one_set(tmp_path, written):
    processes = [start_writing(tmp_path / "set", SMALL) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert contents(tmp_path / "set") == contents(written)
