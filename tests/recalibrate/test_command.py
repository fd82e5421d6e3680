"""The command on a real, if tiny, network."""

import contextlib
import io
import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from xraykit.bundle import load_model
from xraykit.errors import DataError
from xraykit.recalibrate.__main__ import main
from xraykit.recalibrate.sample import read_sample
from xraykit.recalibrate.scoring import score
from xraykit.runs.folder import RunFolder
from xraykit.system.tables import read_table

pytestmark = pytest.mark.slow

SIZE = 120


@pytest.fixture(scope="module")
def run(bundled, tmp_path_factory):
    """A run that can be written to, and whose own validation part has two radiographs of the sample's names."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "local" / "1")
    shutil.copytree(bundled.path, folder.path)
    rows = [("0.png", "1", "validation"), ("1.png", "2", "validation"), ("other.png", "3", "test")]
    folder.write_table(folder.predictions, pd.DataFrame(rows, columns=["image", "patient", "part"]))
    return folder


@pytest.fixture(scope="module")
def hospital(classifier, tmp_path_factory):
    """Pictures of blotches with findings drawn from the network's own logits, shifted; one file is broken."""
    root, drawn = tmp_path_factory.mktemp("hospital"), np.random.default_rng(0)
    (root / "images").mkdir()
    for number in range(SIZE):
        blotches = cv2.resize(drawn.integers(0, 256, (4, 4)).astype(np.uint8), (48, 48), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(root / "images" / f"{number}.png"), blotches)
    logits = classifier.logits(classifier.read([root / "images" / f"{number}.png" for number in range(SIZE)]))
    (root / "images" / "5.png").write_bytes(b"no picture")
    order = (logits[:, 0] - logits[:, 0].mean()) / logits[:, 0].std()
    table = pd.DataFrame({"image": [f"images/{number}.png" for number in range(SIZE)]})
    table["patient"] = [f"MRN{number // 2:05}" for number in range(SIZE)]
    table["Cardiomegaly"] = (drawn.random(SIZE) < 1 / (1 + np.exp(-2 * order))).astype(int)
    table["Hernia"] = 0
    table.to_csv(root / "ours.csv", index=False)
    return root


@pytest.fixture(scope="module")
def done(run, hospital):
    """What the command says, and the new folder."""
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main([str(run.path), str(hospital / "ours.csv"), "--resamples", "200"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    return out.getvalue(), RunFolder(run.path / "recalibrated" / "ours")


def test_the_new_folder_predicts_with_the_new_decision_rule(done, classifier, hospital):
    out, folder = done
    assert out.splitlines()[-1] == str(folder.path)
    new, image = load_model(folder.path), hospital / "images" / "0.png"
    assert new.decision_rule.calibrations["Cardiomegaly"] != classifier.decision_rule.calibrations["Cardiomegaly"]
    assert new.decision_rule.points["Effusion"] == classifier.decision_rule.points["Effusion"]
    assert new.about["recalibration"]["sample"]["file"] == "ours.csv"
    logits = new.logits(new.read([image]))
    np.testing.assert_allclose(logits, classifier.logits(classifier.read([image])), rtol=1e-5)
    answer = new.predict(image)["Cardiomegaly_probability"]
    assert answer[0] == pytest.approx(new.decision_rule.probabilities(logits)[0, 0])
    saved = pd.read_csv(folder.predictions).set_index("image")
    assert saved["Cardiomegaly_probability"]["images/0.png"] == pytest.approx(answer[0], rel=1e-4)


def test_metrics_before_and_after_are_reported_and_kept(done):
    out, folder = done
    said = json.loads((folder.path / "recalibration.json").read_text())
    assert out.startswith(f"Local sample: {SIZE - 1} radiographs of {SIZE // 2} patients. Fitted again: Cardiomegaly.")
    before, after = said["labels"]["Cardiomegaly"]["before"], said["labels"]["Cardiomegaly"]["after"]
    assert f"{before['brier']:.3f}" in out
    assert f"{after['brier']:.3f}" in out
    assert "representative of the patients" in out
    assert "Effusion keeps its old calibration and its old operating point: The sample has no column for it." in out
    assert said["labels"]["Hernia"]["reason"].startswith("0 patients with a positive")
    assert said["labels"]["Hernia"]["reason_code"] == "few_patients"
    assert not said["labels"]["Hernia"]["calibrated"]
    assert "Hernia keeps uncalibrated probabilities and no operating point" in out
    assert all(note in out for note in said["notes"])


def test_a_broken_radiograph_is_kept_with_its_reason_and_the_rest_goes_on(done):
    out, folder = done
    said = json.loads((folder.path / "recalibration.json").read_text())
    assert list(said["broken"]) == ["images/5.png"]
    assert "5.png cannot be read as a radiograph" in said["broken"]["images/5.png"]
    assert "1 radiograph could not be read" in out
    assert len(pd.read_csv(folder.predictions)) == SIZE - 1


def test_a_broken_radiograph_is_reported_while_reading_and_none_at_all_is_an_error(classifier, hospital, caplog):
    table = hospital / "broken.csv"
    table.write_text("image,Hernia\nimages/5.png,0\nimages/nowhere.png,0\n")
    with pytest.raises(DataError, match="None of the 2 radiographs can be read"):
        score(classifier, read_sample(read_table(table, ("image",)), classifier.labels))
    assert [message.startswith("Left out: ") for message in caplog.messages] == [True, True]


def test_radiographs_of_the_runs_own_parts_and_unlike_ones_are_warned_of(done):
    out, folder = done
    assert "Warning: the sample has 2 names of the run's validation part" in out
    assert "the sample contains radiographs of the training part is unknown" in out
    assert json.loads((folder.path / "recalibration.json").read_text())["flagged"]
    assert "Radiographs flagged as unlike those of the training part: " in out


def test_no_patient_is_named(done):
    out, folder = done
    texts = [path.read_text() for path in folder.path.rglob("*") if path.suffix in (".csv", ".json")]
    assert len(texts) == 7
    assert not [text for text in (out, *texts) if "MRN" in text]


def test_a_bundle_without_its_run_is_recalibrated_elsewhere(run, hospital, tmp_path, capsys):
    bundle = shutil.copytree(run.bundle, tmp_path / "handed over")
    command = [str(bundle), str(hospital / "ours.csv"), "--to", str(tmp_path / "new"), "--resamples", "0"]
    assert main([*command, "--method", "temperature", "--operating-point", "sensitivity>=0.9"]) == 0
    assert "The network came without its run's predictions.csv" in capsys.readouterr().out
    decision_rule = load_model(tmp_path / "new").decision_rule
    assert decision_rule.calibrations["Cardiomegaly"].method == "temperature"
    assert str(decision_rule.points["Cardiomegaly"].rule) == "sensitivity>=0.9"
    assert main(command) == 2
    assert "is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere", "ours.csv"], "nowhere contains no trained network"),
        (["RUN", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["RUN", "ours.csv", "--operating-point", "best"], "not a rule for an operating point"),
        (["RUN", "ours.csv", "--resamples", "-1"], "must be 0 or more"),
    ],
)
def test_mistakes_are_reported(run, hospital, capsys, monkeypatch, arguments, told):
    monkeypatch.chdir(hospital)
    assert main([str(run.path) if each == "RUN" else each for each in arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_table_that_is_not_there_is_reported_before_anything_heavy_is_imported(bundled):
    script = (
        "import sys; from xraykit.recalibrate.__main__ import main; status = main(sys.argv[1:]); "
        "print(status, {'keras', 'sklearn'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", script, str(bundled.path), "nowhere.csv"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2 set()\n"
