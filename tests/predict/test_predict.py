"""The command: what it reads, what it writes, and what it leaves when it is stopped."""

import json
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.bundle.runs import LABELS
from xraykit.bundle import Classifier
from xraykit.predict.__main__ import main
from xraykit.predict.overlays import Overlays

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _own_signals():
    """The command takes SIGTERM for itself; the tests' own process gets it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(autouse=True)
def _loaded_once(bundled, classifier, monkeypatch):
    """The bundle is loaded once for all: Keras traces the network anew after each load."""

    def load(run, plugins, precision):
        assert (run, plugins) == (str(bundled.path), [])
        return classifier if precision == "float32" else replace(classifier, precision=precision)

    monkeypatch.setattr("xraykit.bundle.loading.load_model", load)


def predict(*arguments):
    return main([str(argument) for argument in arguments])


def test_a_folder_to_stdout_as_csv(bundled, classifier, files, capfdbinary, monkeypatch):
    monkeypatch.undo()
    assert predict(bundled.path, files[0].parent, "--batch-size", 7) == 0
    captured = capfdbinary.readouterr()
    lines = captured.out.decode().splitlines()
    assert len(lines) == len(files) + 1
    (bundled.path.parent / "answers.csv").write_bytes(captured.out)
    answers = pd.read_csv(bundled.path.parent / "answers.csv")
    expected = classifier.predict(files)
    assert answers["image"].tolist() == [str(file) for file in files]
    for label in LABELS:
        assert answers[f"{label}_probability"].to_numpy() == pytest.approx(expected[f"{label}_probability"], abs=1e-6)
    assert (answers["Effusion_call"] == expected["Effusion_call"]).all()


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_broken_picture_is_one_row_and_the_status_says_so(bundled, files, tmp_path, ending, caplog):
    (tmp_path / "broken.png").write_bytes(files[0].read_bytes()[:99])
    target = tmp_path / f"answers.{ending}"
    assert predict(bundled.path, files[0], tmp_path / "broken.png", files[1], "--to", target) == 1
    read = pd.read_csv if ending == "csv" else pd.read_json
    answers = read(target)
    assert answers["image"].tolist() == [str(files[0]), str(tmp_path / "broken.png"), str(files[1])]
    assert "cut short" in answers["error"][1]
    assert answers["Effusion_probability"].isna().tolist() == [False, True, False]
    assert "Pictures that cannot be read: 1 of 3." in caplog.text


def test_json_says_null_for_what_is_missing(bundled, files, tmp_path):
    target = tmp_path / "answers.json"
    predict(bundled.path, files[0], "--to", target)
    (row,) = json.loads(target.read_text())
    assert row["Hernia_call"] is None
    assert row["Effusion_call"] in (True, False)
    assert row["error"] == ""


def test_a_table_names_pictures_in_its_own_folder(bundled, files, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "sub").mkdir()
    for place in ("images/a.png", "sub/b.png", "c.png", "images/c.png"):
        (tmp_path / place).write_bytes(files[0].read_bytes())
    table = tmp_path / "names.csv"
    table.write_text("Image Index,age\na.png,1\nsub/b.png,2\nc.png,3\ngone.png,4\n")
    assert predict(bundled.path, table, "--to", tmp_path / "answers.csv") == 1
    answers = pd.read_csv(tmp_path / "answers.csv", keep_default_na=False)
    places = ["images/a.png", "sub/b.png", "c.png", "gone.png"]
    assert answers["image"].tolist() == [str(tmp_path / place) for place in places]
    assert "no such file" in answers["error"][3]


def test_a_file_whose_name_is_a_formula_is_escaped_and_found_again(bundled, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "=1+1.png").write_bytes(files[0].read_bytes())
    assert predict(bundled.path, "=1+1.png", "--to", "first.csv") == 0
    assert (tmp_path / "first.csv").read_text().splitlines()[1].startswith("'=1+1.png,")
    assert predict(bundled.path, "first.csv", "--to", "second.json") == 0
    assert [row["image"] for row in json.loads((tmp_path / "second.json").read_text())] == [str(tmp_path / "=1+1.png")]


def test_overlays_of_the_strongest_findings(bundled, classifier, files, tmp_path):
    (tmp_path / files[0].name).write_bytes(files[1].read_bytes())
    (tmp_path / "broken.png").write_bytes(b"")
    pictures = [files[0], tmp_path / "broken.png", tmp_path / files[0].name]
    status = predict(
        bundled.path, *pictures, "--overlays", tmp_path / "maps", "--findings", 2, "--to", tmp_path / "a.csv"
    )
    assert status == 1
    answers = classifier.predict(pictures)
    expected = set()
    for row, stem in ((0, files[0].stem), (2, f"{files[0].stem}-2")):
        ranked = sorted(LABELS, key=lambda label: -answers[f"{label}_probability"][row])
        expected |= {f"{stem}_{label}.png" for label in ranked[:2]}
    assert {path.name for path in (tmp_path / "maps").iterdir()} == expected
    for path in (tmp_path / "maps").iterdir():
        assert cv2.imread(str(path)).shape == (48, 48, 3)


def test_overlays_have_the_size_and_aspect_of_their_radiograph_whatever_its_depth(bundled, files, tmp_path):
    grey = cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)
    tall = cv2.resize(grey, (90, 160))
    cv2.imwrite(str(tmp_path / "eight.png"), tall)
    # 12 bits in 16: an overlay that takes them for 16 is black.
    cv2.imwrite(str(tmp_path / "twelve.png"), tall.astype(np.uint16) * 257 // 16)
    pictures = [tmp_path / "eight.png", tmp_path / "twelve.png"]
    assert predict(bundled.path, *pictures, "--overlays", tmp_path / "maps", "--to", tmp_path / "a.csv") == 0
    drawn = {path.name.partition("_")[0]: cv2.imread(str(path)) for path in (tmp_path / "maps").iterdir()}
    assert {picture.shape for picture in drawn.values()} == {(160, 90, 3)}
    np.testing.assert_allclose(drawn["eight"].astype(int), drawn["twelve"].astype(int), atol=3)
    # Where no heat is, the radiograph is as it was.
    plain = drawn["eight"].max(axis=2) == drawn["eight"].min(axis=2)
    assert plain.any()
    np.testing.assert_array_equal(drawn["eight"][plain][:, 0], tall[plain])


def test_a_radiograph_that_vanished_has_no_overlay_and_the_rest_goes_on(classifier, files, tmp_path, caplog):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(files[0].read_bytes())
    opened = classifier.open([(str(tmp_path / name), str(tmp_path / name)) for name in ("a.png", "b.png")])
    table = classifier.predict_opened(opened)
    (tmp_path / "a.png").unlink()
    Overlays(classifier, tmp_path / "maps", 1).add(opened, table, 8)
    assert [path.name[0] for path in (tmp_path / "maps").iterdir()] == ["b"]
    assert "No overlay" in caplog.text


def test_overlays_keep_the_folders_of_their_pictures_and_replace_none(bundled, files, tmp_path):
    names = ["a.png", "b/a.png", "b/A.PNG", "a-2.png", "b/c/a.jpeg", "b/c/a.png"]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(files[0].read_bytes())
    maps = tmp_path / "maps"
    arguments = ["--overlays", maps, "--findings", 2, "--to", tmp_path / "a.csv"]
    assert predict(bundled.path, tmp_path / "in", *arguments) == 0
    drawn = sorted(str(path.relative_to(maps)).rpartition("_")[0] for path in maps.rglob("*.png"))
    assert len(drawn) == 2 * len(names)
    assert set(drawn) == {"a", "a-2", "b/a-2", "b/A", "b/c/a", "b/c/a-2"}


def test_a_link_that_leads_back_is_skipped_with_a_warning(bundled, files, tmp_path, caplog):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(files[0].read_bytes())
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "b.png").write_bytes(files[1].read_bytes())
    (tmp_path / "in" / "link").symlink_to(tmp_path / "far", target_is_directory=True)
    assert predict(bundled.path, tmp_path / "in", "--to", tmp_path / "a.csv") == 0
    names = pd.read_csv(tmp_path / "a.csv")["image"].tolist()
    assert names == [str(tmp_path / "in" / "a.png"), str(tmp_path / "in" / "link" / "b.png")]
    assert f"Skipped: {tmp_path / 'in' / 'again'} is a link back" in caplog.text


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_what_was_done_before_ctrl_c_is_there_and_whole(bundled, files, tmp_path, ending, monkeypatch):
    answers, calls = Classifier.predict_opened, []

    def stopped_at_the_third(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return answers(*arguments)

    monkeypatch.setattr(Classifier, "predict_opened", stopped_at_the_third)
    target = tmp_path / f"answers.{ending}"
    assert predict(bundled.path, files[0].parent, "--batch-size", 4, "--to", target) == 130
    read = pd.read_csv if ending == "csv" else pd.read_json
    assert read(target)["image"].tolist() == [str(file) for file in files[:8]]


def test_on_a_full_disk_what_is_there_is_whole(bundled, files, tmp_path, capfd):
    target = tmp_path / "answers.csv"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, before[1]))
    try:
        status = predict(bundled.path, files[0].parent, "--batch-size", 5, "--to", target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert status == 2
    assert "cannot be written" in capfd.readouterr().err
    written = pd.read_csv(target)["image"].tolist()
    assert written == [str(file) for file in files[: len(written)]]
    assert len(written) in (5, 10, 15)
    assert target.read_bytes().endswith(b"\n")


def test_only_two_batches_are_in_memory(bundled, files, tmp_path, monkeypatch):
    sizes, taken, most, lock = [], [0], [0], threading.Lock()
    opened_one, answers = Classifier._open_one, Classifier.predict_opened

    def opened(self, *arguments):
        with lock:
            taken[0] += 1
            most[0] = max(most[0], taken[0])
        return opened_one(self, *arguments)

    def predicted(self, some, batch_size):
        sizes.append(len(some))
        table = answers(self, some, batch_size)
        with lock:
            taken[0] -= len(some)
        return table

    monkeypatch.setattr(Classifier, "_open_one", opened)
    monkeypatch.setattr(Classifier, "predict_opened", predicted)
    predict(bundled.path, files[0].parent, "--batch-size", 5, "--to", tmp_path / "a.csv")
    assert sizes == [5, 5, 5, 5, 4]
    assert most[0] <= 10


def test_pictures_that_look_otherwise_are_counted(bundled, tmp_path, caplog):
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((64, 64), 90, np.uint8))
    assert predict(bundled.path, tmp_path, "--to", tmp_path / "a.csv") == 0
    assert "Pictures that differ from those that the network was trained on: 1 of 1." in caplog.text
    assert "constant" in pd.read_csv(tmp_path / "a.csv")["flags"][0]


@pytest.fixture
def place(bundled, tmp_path):
    """Names that the cases below use."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "out.csv").write_text("image\n../secret.png\n")
    (tmp_path / "blank.csv").write_text("image,age\nok.png,3\n,4\n")
    (tmp_path / "other.csv").write_text("file\na.png\n")
    (tmp_path / "norow.csv").write_text("path\n")
    (tmp_path / "bytes.csv").write_bytes(b"image\n\x81\n")
    (tmp_path / "ok.png").touch()
    return {"run": str(bundled.path), "tmp": str(tmp_path)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "{tmp}/ok.png"], "nowhere contains no trained network"),
        (["{tmp}/ok.png", "{tmp}/ok.png"], "contains no trained network"),
        (["{run}", "{tmp}/nowhere.png"], "The file or folder"),
        (["{run}", "{tmp}/empty"], "contains no picture"),
        (["{run}", "{tmp}/out.csv"], "out.csv, line 2: '../secret.png' is outside its folder"),
        (["{run}", "{tmp}/blank.csv"], "line 3 of it is blank"),
        (["{run}", "{tmp}/other.csv"], "Expected one of: image, path, Image Index. Received: file"),
        (["{run}", "{tmp}/norow.csv"], "no row below its header"),
        (["{run}", "{tmp}/bytes.csv"], "bytes.csv cannot be read as utf-8 or cp1252"),
        (["{run}", "{tmp}/ok.png", "--to", "{tmp}/a.txt"], "--to must end in .csv or .json"),
        (["{run}", "{tmp}/ok.png", "--to", "{tmp}/nowhere/a.csv"], "The folder"),
    ],
)
def test_a_users_mistake_is_reported(place, arguments, said, capfd):
    assert predict(*(argument.format(**place) for argument in arguments)) == 2
    captured = capfd.readouterr()
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_batch_has_at_least_one_picture(number, capfd):
    with pytest.raises(SystemExit) as stopped:
        predict("run", "a.png", "--batch-size", number)
    assert stopped.value.code == 2
    assert f"expected a number from 1 on, received '{number}'" in capfd.readouterr().err


def test_mistakes_are_reported_before_anything_heavy_is_imported(place):
    script = (
        "import sys\n"
        "from xraykit.predict.__main__ import main\n"
        "statuses = [main(['nowhere', 'a.png']), main([sys.argv[1], 'nowhere.png'])]\n"
        "print(statuses, {'keras', 'tensorflow', 'jax', 'matplotlib', 'mlflow', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, place["run"]], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[2, 2] set()"
    assert "Traceback" not in done.stderr
