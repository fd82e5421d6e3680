"""The command on a network that was trained on phantoms, and on other phantoms."""

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

import xraykit
from tests.json_files import EVALUATION_SCHEMA, assert_valid
from xraykit.data import load_parts
from xraykit.errors import ContaminationError, DataError
from xraykit.evaluate.__main__ import main
from xraykit.evaluation import roc_auc
from xraykit.recalibrate.__main__ import main as recalibrate
from xraykit.runs import FinishedEvaluation, FinishedRun

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(trained, other):
    """What the command prints, and the evaluation; nothing else of the run is touched."""
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main([str(trained), str(other), "--resamples", "200"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    return out.getvalue(), FinishedEvaluation.open(trained / "evaluations" / "elsewhere")


def test_results_are_in_the_run_and_their_folder_is_the_last_line(done, trained):
    out, evaluation = done
    assert out.splitlines()[-1] == str(trained / "evaluations" / "elsewhere")
    names = {path.name for path in evaluation.folder.iterdir()}
    assert names == {"metrics.json", "predictions.csv", "report.html", "tables"}
    tables = {path.stem for path in evaluation.files.tables.glob("*.tex")}
    assert {"findings", "operating_points", "calibration_in_the_large", "internal_and_external"} <= tables
    assert "Nothing was fitted" in out


def test_predictions_are_those_of_the_frozen_network(done, trained, other):
    _, evaluation = done
    table = evaluation.predictions()
    classifier = xraykit.load_model(trained)
    catalog = xraykit.load_catalog(xraykit.load_experiment({"data": experiment_data(other)})).table
    some = catalog.iloc[[3, 70]]
    expected = classifier.predict(some["path"].tolist())
    rows = table.set_index("image").loc[some["image"]]
    for label in classifier.labels:
        np.testing.assert_allclose(
            rows[f"{label}_probability"].to_numpy(), expected[f"{label}_probability"].to_numpy(), rtol=1e-4
        )
    assert rows["Effusion"].tolist() == some["Effusion"].tolist()
    assert table["Hernia"].isna().all()
    assert set(table["part"]) == {"external"}


def experiment_data(other):
    import yaml

    return yaml.safe_load(other.read_text())["data"]


def test_metrics_are_those_of_the_labels_in_common(done):
    _, evaluation = done
    metrics, facts, table = evaluation.metrics, evaluation.facts, evaluation.predictions()
    assert list(metrics["labels"]) == ["Cardiomegaly", "Effusion", "Pneumothorax"]
    assert (facts.labels.only_model, facts.labels.only_collection) == (["Hernia"], ["Mass"])
    for label, figures in metrics["labels"].items():
        assert figures["roc_auc"] == pytest.approx(roc_auc(table[label], table[f"{label}_logit"]))
        large = facts.calibration_in_the_large[label]
        assert large.observed_expected == pytest.approx(table[label].sum() / table[f"{label}_probability"].sum())
    assert "input_check" in metrics["subgroups"]
    assert "published" not in metrics


def test_thresholds_and_calibration_are_those_of_the_run(done, trained):
    _, evaluation = done
    own = FinishedRun.open(trained).decision_rule()
    assert evaluation.decision_rule() == own
    assert any(value is not None for value in own.thresholds.values())
    for label, figures in evaluation.metrics["labels"].items():
        assert figures["threshold"] == own.thresholds[label]


def test_internal_metrics_are_those_that_the_run_wrote(done, trained):
    _, evaluation = done
    run = FinishedRun.open(trained)
    inside = evaluation.metrics["evaluation"]["internal"]
    for label, figures in inside["labels"].items():
        assert figures["roc_auc"] == run.metrics["labels"][label]["roc_auc"]
        assert figures["roc_auc_interval"] == run.metrics["labels"][label]["roc_auc_interval"]
        difference = evaluation.metrics["labels"][label]["roc_auc"] - figures["roc_auc"]
        assert evaluation.facts.differences[label]["roc_auc_difference"] == pytest.approx(difference)
    common = evaluation.facts.common
    aucs = [run.metrics["labels"][label]["roc_auc"] for label in common.labels]
    assert common.internal["roc_auc"] == pytest.approx(np.mean(aucs))


def test_the_page_names_both_sides_and_what_is_missing(done):
    _, evaluation = done
    page = evaluation.files.report.read_text()
    for words in ("Nothing was fitted", "Only the network has", "Hernia", "Mass", "O/E", "macro ROC AUC of the run"):
        assert words in page
    assert evaluation.folder.parent.name not in ("", ".part")
    assert str(evaluation.folder) not in page


def test_an_existing_evaluation_is_not_overwritten(done, trained, other, capsys):
    assert main([str(trained), str(other)]) == 2
    assert "already exists and is not overwritten" in capsys.readouterr().err


def test_a_bundle_alone_is_evaluated_without_internal_metrics(trained, other, tmp_path, capsys):
    bundle = shutil.copytree(trained / "model", tmp_path / "handed over")
    assert main([str(bundle), str(other), "--to", str(tmp_path / "new"), "--resamples", "0", "--part", "test"]) == 0
    evaluation = FinishedEvaluation.open(tmp_path / "new")
    assert evaluation.facts.internal is None
    assert evaluation.facts.differences == {}
    assert "internal metrics are unknown" in capsys.readouterr().out
    assert evaluation.facts.network.run == "handed over"
    assert evaluation.metrics["part"] == "external test"
    assert evaluation.metrics["labels"]["Effusion"]["roc_auc"] is not None
    assert xraykit.load_model(bundle).labels


def test_a_bundle_alone_is_the_place_of_its_evaluations_and_stays_whole(trained, other, tmp_path):
    bundle = shutil.copytree(trained / "model", tmp_path / "handed over")
    evaluation = xraykit.evaluate_on(bundle, other, resamples=0)
    assert evaluation.folder == bundle / "evaluations" / "elsewhere"
    assert evaluation.network().path == bundle
    assert xraykit.load_model(bundle).labels


def test_a_recalibrated_network_is_evaluated_in_its_own_folder(trained, other, tmp_path):
    again = tmp_path / "again"
    words = [str(trained), str(other), "--to", str(again), "--method", "none", "--resamples", "0"]
    assert recalibrate([*words, "--operating-point", "sensitivity>=0.9"]) == 0
    evaluation = xraykit.evaluate_on(again, other, resamples=0)
    assert evaluation.folder == again / "evaluations" / "elsewhere"
    assert evaluation.facts.internal is None
    assert evaluation.facts.network.run.endswith("again")
    rules = {figures["operating_point"]["rule"] for figures in evaluation.metrics["labels"].values()}
    assert "sensitivity>=0.9" in rules
    assert evaluation.network().path == again / "model"


def test_broken_pictures_are_counted_listed_and_left_out_and_odd_ones_flagged(trained, tmp_path, caplog):
    root = tmp_path / "hospital"
    root.mkdir()
    random = np.random.default_rng(0)
    for number in range(40):
        cv2.imwrite(str(root / f"{number}.png"), random.integers(0, 256, (64, 64)).astype(np.uint8))
    (root / "7.png").write_bytes(b"no picture")
    table = pd.DataFrame({"image": [f"{number}.png" for number in range(40)], "patient": range(40)})
    table["Fluid"] = np.arange(40) % 2
    table.to_csv(root / "labels.csv", index=False)
    evaluation = xraykit.evaluate_on(
        trained,
        {"format": "table", "root": str(root), "labels": ["Fluid"]},
        name="noise",
        labels={"Effusion": "Fluid"},
        resamples=0,
    )
    assert evaluation.facts.collection.unreadable == 1
    assert evaluation.metrics["images"] == 39
    assert list(pd.read_csv(evaluation.folder / "unreadable.csv")["image"]) == ["7.png"]
    assert any("7.png" in message for message in caplog.messages)
    checked = evaluation.facts.input_check
    assert checked.flagged > 30
    assert sum(each.radiographs for each in checked.by_reason.values()) >= checked.flagged
    assert any("flagged as unlike" in sentence for sentence in evaluation.facts.warnings)
    assert evaluation.facts.labels.shared == {"Effusion": "Fluid"}
    # Where nothing separates noise from noise, no metric is invented.
    assert evaluation.metrics["labels"]["Effusion"]["positives"] == 19


def test_nothing_readable_is_an_error_and_leaves_nothing(trained, tmp_path):
    root = tmp_path / "broken"
    root.mkdir()
    (root / "1.png").write_bytes(b"no picture")
    (root / "labels.csv").write_text("image,patient,Effusion\n1.png,1,1\n")
    data = {"format": "table", "root": str(root), "labels": ["Effusion"]}
    with pytest.raises(DataError, match="None of the 1 radiograph can be read"):
        xraykit.evaluate_on(trained, data, to=tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken"]


def test_a_stop_leaves_nothing_half_written(trained, other, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("xraykit.report.write_evaluation", stopped)
    assert main([str(trained), str(other), "--to", str(tmp_path / "new"), "--resamples", "0"]) == 130
    assert list(tmp_path.iterdir()) == []


def test_the_collection_of_the_training_is_recognised(trained, capsys):
    experiment = FinishedRun.open(trained).experiment()
    evaluation = xraykit.evaluate_on(trained, experiment, name="itself", resamples=0, contamination="allow")
    assert evaluation.facts.overlap["same_label_file"]
    assert f"{evaluation.facts.overlap['same_names']['test']} of its test part" in evaluation.facts.warnings[1]
    sizes = FinishedRun.open(trained).data_facts()["parts"]
    learned = sizes["train"]["images"] + sizes["validation"]["images"]
    met = evaluation.facts.contamination
    assert (met["met"], met["same_patient"], met["same_file"]) == (learned, learned, learned)
    assert met["same_picture"] >= learned
    assert met["in_train"] >= sizes["train"]["images"]
    assert f"{learned} of 240 radiographs" in evaluation.facts.warnings[0]


def test_radiographs_that_the_network_was_trained_on_are_refused_before_any_is_scored(trained, monkeypatch, tmp_path):
    experiment = FinishedRun.open(trained).experiment()
    monkeypatch.setattr("xraykit.bundle.load_model", lambda *_, **__: pytest.fail("the network was loaded"))
    with pytest.raises(ContaminationError, match=r"of 240 radiographs of itself were met.*--allow-contamination"):
        xraykit.evaluate_on(trained, experiment, name="itself", to=tmp_path / "new", resamples=0)
    assert list(tmp_path.iterdir()) == []


def test_the_test_part_of_the_training_s_own_split_is_no_contamination(trained, tmp_path):
    experiment = FinishedRun.open(trained).experiment()
    evaluation = xraykit.evaluate_on(trained, experiment, to=tmp_path / "new", part="test", resamples=0)
    assert (evaluation.facts.contamination["recorded"], evaluation.facts.contamination["met"]) == (True, 0)
    assert "intervals of the differences are not valid" in evaluation.facts.warnings[0]


def test_pictures_of_the_training_in_another_size_and_coding_are_found_once_they_are_decoded(trained, tmp_path):
    run = FinishedRun.open(trained)
    parts = load_parts(run.experiment().data, run.experiment().split_seed, sealed_test=True)
    train = parts.catalog_of("train").table
    folder = tmp_path / "elsewhere"
    (folder / "images").mkdir(parents=True)
    lines = ["image,patient,Effusion"]
    for row in range(12):
        picture = cv2.imread(train["path"].iloc[row], cv2.IMREAD_GRAYSCALE)
        larger = cv2.resize(picture, (96, 96), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "images" / f"p{row}.jpg"), larger, [cv2.IMWRITE_JPEG_QUALITY, 90])
        lines.append(f"p{row}.jpg,somebody {row},{row % 2}")
    (folder / "labels.csv").write_text("\n".join(lines))
    data = {"format": "table", "root": str(folder), "labels": ["Effusion"], "labels_file": "labels.csv"}
    with pytest.raises(ContaminationError, match=r"12 with the same picture"):
        xraykit.evaluate_on(trained, data, to=tmp_path / "new", resamples=0)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere", "OTHER"], "nowhere contains no trained network"),
        (["RUN"], "No collection was given"),
        (["RUN", "nowhere.yaml"], "nowhere.yaml"),
        (["RUN", "OTHER", "--name", "a/b"], "cannot be the name of a folder"),
        (["RUN", "OTHER", "--label", "Effusion"], "--label takes MODEL=COLLECTION"),
        (["RUN", "OTHER", "--resamples", "-1", "--name", "x"], "must be 0 or more"),
        (["RUN", "OTHER", "--to", "x.json"], "must name a folder"),
        (["RUN", "OTHER", "model.backbone=tiny"], "Only the section data"),
    ],
)
def test_mistakes_are_reported(trained, other, capsys, arguments, told):
    words = {"RUN": str(trained), "OTHER": str(other)}
    assert main([words.get(each, each) for each in arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.process
def test_mistakes_are_reported_before_anything_heavy_is_imported(trained):
    script = (
        "import sys; from xraykit.evaluate.__main__ import main; status = main(sys.argv[1:]); "
        "print(status, {'keras', 'sklearn', 'pandas', 'cv2'} & {*sys.modules})"
    )
    for arguments in (["nowhere", "data.format=phantom"], [str(trained), "nowhere.yaml"], [str(trained)]):
        command = [sys.executable, "-c", script, *arguments]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2 set()\n", arguments


def test_the_record_has_its_schema(done):
    _, evaluation = done
    assert_valid(evaluation.files.metrics, EVALUATION_SCHEMA)
    values = json.loads(evaluation.files.metrics.read_text())
    assert values["evaluation"]["network"]["labels"] == ["Cardiomegaly", "Effusion", "Pneumothorax", "Hernia"]
    assert "Effusion" in repr(evaluation)
