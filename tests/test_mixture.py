"""A run on two sources, end to end: what it leaves behind, and that commands and a resumed training cope with it."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

import tests.tiny_backbone  # noqa: F401
from tests.conftest import NIH, needs_nih
from xraykit.compare import compare_runs
from xraykit.config import load_experiment
from xraykit.data import Batches, load_parts
from xraykit.errors import CheckpointError
from xraykit.evaluate.__main__ import main as evaluate
from xraykit.pipeline import run_experiment
from xraykit.recalibrate.__main__ import main as recalibrate
from xraykit.report.__main__ import main as report
from xraykit.runs import FinishedEvaluation, continued
from xraykit.worklist import disagreements
from xraykit.worklist.__main__ import main as worklist

pytestmark = pytest.mark.slow

LABELS = ("Effusion", "Cardiomegaly", "Mass")


def values(home, **data):
    """Two sets of phantoms: of 60 radiographs each; the second has other names of labels and lacks one."""
    phantoms = {"patients": 45, "images": 70, "size": 64, "prevalence": 0.35}
    east = {"format": "phantom", "name": "east", "root": str(home / "east"), "phantom": {**phantoms, "seed": 1}}
    west = {"name": "west", "root": str(home / "west"), "rename": {"Effusion": "Pleural Effusion"}}
    west |= {"format": "phantom", "labels": ["Cardiomegaly", "Effusion"], "phantom": {**phantoms, "seed": 2}}
    return {
        "name": "mixed",
        "data": {"image_size": 32, "labels": LABELS, "split": {"method": "patient"}, "sources": [east, west], **data},
        "model": {"backbone": "tiny"},
        "training": {"epochs": 3, "batch_size": 16},
        "evaluation": {"resamples": 200, "min_positive_patients": 2},
        "explain": {"per_kind": 1, "scored": 10},
        "tracking": {"uri": "none"},
        "output": {"root": str(home / "runs")},
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("mixture")


@pytest.fixture(scope="module")
def run(home):
    sources = values(home)["data"]["sources"]
    weighted = [{**sources[0], "weight": 1}, {**sources[1], "weight": 3}]
    return run_experiment(load_experiment(values(home, sources=weighted)))


def test_predictions_name_the_source_and_keep_unknown_labels_unknown(run):
    table = run.predictions()
    assert table.columns.tolist().index("source") == table.columns.tolist().index("view") + 1
    assert set(table["source"]) == {"east", "west"}
    assert (table["image"].str.partition("/")[0] == table["source"]).all()
    assert (table["patient"].str.partition(":")[0] == table["source"]).all()
    assert table.loc[table["source"] == "west", "Mass"].isna().all()
    assert table.loc[table["source"] == "east", "Mass"].notna().all()
    assert np.isfinite(table["Mass_logit"]).all(), "a network has an output for each label, whoever annotates it"


def test_metrics_are_pooled_and_of_each_source(run):
    metrics = run.metrics
    test = run.predictions()[lambda table: table["part"] == "test"]
    assert set(metrics["subgroups"]["source"]) == {"east", "west"}
    each = metrics["sources"]["each"]
    assert sum(of_source["images"] for of_source in each.values()) == metrics["images"] == len(test)
    assert each["west"]["labels"]["Mass"]["positives"] == 0
    label = metrics["sources"]["labels"]["Effusion"]
    assert label["roc_auc"] == metrics["labels"]["Effusion"]["roc_auc"]
    assert label["known_in"] == label["trained_in"] == ["east", "west"]
    assert metrics["sources"]["labels"]["Mass"]["not_judged_code"] == "one_source"
    assert "source" in metrics["shortcuts"]["Effusion"]["metadata"]
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_the_report_shows_each_source_and_warns_of_a_label_of_one(run):
    page = run.files.report.read_text()
    assert "ROC AUC pooled, within sources, and of the source alone" in page
    assert "Known in test radiographs of east alone, so that the metrics hold for it only: Mass." in page
    assert "Source west" in page
    assert re.search(r"annotates Effusion, Cardiomegaly[^,]*; weight 3 in the training", page)


def test_data_facts_and_bundle_name_both_sources(run):
    facts = run.data_facts()
    assert facts["sources"]["west"]["labels"] == ["Effusion", "Cardiomegaly"]
    assert set(facts["parts"]["train"]["source"]) == {"east", "west"}
    assert run.about()["labels"] == list(LABELS)
    sources = {source["name"]: source for source in run.about()["sources"]}
    assert list(sources) == ["east", "west"]
    for name, source in sources.items():
        assert (source["format"], source["licence"]) == ("phantom", True)
        assert source["label_file_sha256"] == facts["sources"][name]["label_file_sha256"]
    assert run.bundle.licence.read_text().count("simulated radiographs") == 1, "the terms of one format once"
    assert tuple(run.classifier().labels) == LABELS


def test_commands_read_the_run_and_its_radiographs_again(run, home, caplog, monkeypatch):
    monkeypatch.chdir(home)
    assert report([str(run.folder)]) == 0
    for name in ("worklist.csv", "worklist.html"):
        (run.folder / name).unlink(missing_ok=True)
    moved = home / "moved"
    shutil.copytree(home / "west", moved, dirs_exist_ok=True)
    assert worklist([str(run.folder), "--data-root", f"west={moved}"]) == 0
    assert (run.folder / "worklist.html").is_file()
    assert worklist([str(run.folder), "--data-root", str(moved)]) == 0
    assert "--data-root NAME=FOLDER with one of east, west" in caplog.text


@pytest.fixture(scope="module")
def clinic(home):
    """An experiment file on the same two sources with radiographs of other patients."""
    others = values(home)["data"]["sources"]
    for number, source in enumerate(others, start=11):
        source["root"] = str(home / f"other-{source['name']}")
        source["phantom"] = {**source["phantom"], "seed": number}
    yaml = home / "clinic.yaml"
    yaml.write_text(load_experiment(values(home, sources=others)).to_yaml())
    return yaml


def test_a_mixture_recalibrates_a_run(run, home, clinic):
    target = home / "recalibrated"
    fitted = ["--method", "none", "--operating-point", "youden", "--resamples", "0"]
    assert recalibrate([str(run.folder), str(clinic), "--to", str(target), *fitted]) == 0
    record = json.loads((target / "recalibration.json").read_text())
    assert record["sample"]["format"] == "phantom + phantom"
    assert record["sample"]["radiographs"] == 140
    assert {label for label, each in record["labels"].items() if each["refitted"]} == {"Effusion", "Cardiomegaly"}
    assert "19 patients with a positive" in record["labels"]["Mass"]["reason"], "one source alone annotates it"
    assert (record["contamination"]["recorded"], record["contamination"]["met"]) == (True, 0)


def test_a_mixture_that_the_network_was_trained_on_is_refused(run, home, capsys):
    yaml = home / "itself.yaml"
    yaml.write_text(load_experiment(values(home)).to_yaml())
    assert recalibrate([str(run.folder), str(yaml), "--to", str(home / "refused")]) == 2
    assert re.search(r"\d+ of 140 radiographs of the sample were met in the training", capsys.readouterr().err)
    assert not (home / "refused").exists()


def test_a_run_on_a_mixture_is_evaluated_on_another_one(run, home, clinic, capsys):
    target = home / "evaluated"
    assert evaluate([str(run.folder), str(clinic), "--to", str(target), "--resamples", "0"]) == 0
    evaluation = FinishedEvaluation.open(target)
    assert evaluation.metrics["images"] == 140
    assert evaluation.facts.labels.shared == {label: label for label in LABELS}
    assert set(evaluation.metrics["subgroups"]["source"]) == {"east", "west"}
    table = evaluation.predictions()
    assert table.loc[table["source"] == "west", "Mass"].isna().all()
    assert evaluation.metrics["labels"]["Mass"]["positives"] == (table["Mass"] == 1).sum() > 0
    assert evaluation.metrics["sources"] is None
    missing = "The ROC AUC within sources and the one of the source alone are not computed here"
    assert evaluation.metrics["sources_why"].startswith(missing)
    for text in (capsys.readouterr().out, evaluation.files.report.read_text()):
        assert missing in text


def test_two_runs_on_a_mixture_are_compared(run, home):
    shorter = {**values(home), "name": "shorter", "training": {"epochs": 1, "batch_size": 16}}
    figures = compare_runs(run.folder, run_experiment(load_experiment(shorter)).folder, resamples=20)
    test = run.predictions()[lambda table: table["part"] == "test"]
    assert figures["images"] == len(test)
    assert list(figures["labels"]) == list(LABELS)
    for label in LABELS:
        assert figures["labels"][label]["roc_auc_difference"] is not None
        assert figures["labels"][label]["positives"] == (test[label] == 1).sum()


def test_corrected_labels_leave_the_metrics_of_each_source_out_and_say_so(run, home, capsys):
    cases = disagreements(run.predictions(), run.decision_rule().thresholds, LABELS, 3)
    cases["corrected"] = [str(1 - given) for given in cases["given"]]
    cases.to_csv(home / "reviewed.csv", index=False)
    target = home / "corrected"
    assert worklist([str(run.folder), "--corrected", str(home / "reviewed.csv"), "--to", str(target)]) == 0
    metrics = json.loads((target / "metrics.json").read_text())
    assert metrics["sources"] is None
    assert metrics["sources_why"] == "Not computed again with corrected labels; see the run itself."
    assert "Metrics of each source: Not computed again" in capsys.readouterr().out


def test_a_stopped_training_with_weights_continues_as_if_it_had_not_been_stopped(run, home, monkeypatch):
    sources = [{**source, "weight": weight} for source, weight in zip(values(home)["data"]["sources"], (1, 3))]
    experiment = load_experiment({**values(home, sources=sources), "name": "stopped"})

    class Stopped(Exception):
        pass

    start = Batches.start_epoch

    def stop(self, epoch):
        if epoch == 2:
            raise Stopped
        start(self, epoch)

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "start_epoch", stop)
        with pytest.raises(Stopped):
            run_experiment(experiment)
    (folder,) = (home / "runs" / "stopped").iterdir()
    moved = home / "elsewhere"
    shutil.copytree(home / "east", moved, dirs_exist_ok=True)
    with pytest.raises(CheckpointError, match=r"data\.sources\.NAME\.root"):
        continued(folder, ["data.sources.east.weight=2"])
    files, again = continued(folder, [f"data.sources.east.root={moved}"])
    finished = run_experiment(again, files)
    pd.testing.assert_frame_equal(finished.history().drop(columns="seconds"), run.history().drop(columns="seconds"))
    pd.testing.assert_frame_equal(finished.predictions(), run.predictions())


@needs_nih
def test_real_radiographs_of_two_folders_share_their_patients(tmp_path):
    """Both folders contain radiographs of some patients, who must be in one part."""
    one = {"format": "nih", "root": str(NIH), "patients": "nih"}
    sources = [{**one, "name": name, "images": f"images-{name}"} for name in ("256", "256-b")]
    experiment = load_experiment({"data": {"split": {"method": "patient"}, "duplicates": "allow", "sources": sources}})
    parts = load_parts(experiment.data, 7, sealed_test=False)
    division = parts.division.assign(source=parts.division["image"].str.partition("/")[0])
    patients = division.groupby("patient")
    assert patients["part"].nunique().max() == 1
    assert (patients["source"].nunique() == 2).sum() > 20, "some patients are in both"
    assert division["source"].value_counts().to_dict() == {"256": 820, "256-b": 967}
    apart = load_parts(
        load_experiment(
            {"data": {"split": {"method": "patient"}, "sources": [{**each, "patients": None} for each in sources]}}
        ).data,
        7,
        sealed_test=True,
    )
    assert apart.division["patient"].nunique() > division["patient"].nunique()


@needs_nih
def test_real_radiographs_of_two_folders_from_the_label_file_to_the_report(tmp_path):
    """One folder is rich in No Finding, so that the folder alone says something of the findings."""
    one = {"format": "nih", "root": str(NIH), "patients": "nih"}
    labels = ["Effusion", "Infiltration", "Atelectasis", "No Finding"]
    sources = [{**one, "name": name, "images": f"images-{name}", "labels": labels} for name in ("256", "256-b")]
    experiment = values(tmp_path)
    experiment["data"] = {"image_size": 32, "split": {"method": "patient"}, "sources": sources}
    run = run_experiment(load_experiment(experiment))
    found = run.metrics["sources"]
    assert set(found["each"]) == {"256", "256-b"}
    assert found["macro"]["labels"] == 4
    assert all(each["within_roc_auc_interval"] for each in found["labels"].values())
    assert found["labels"]["No Finding"]["source_roc_auc"] > 0.55, "the folders differ in what they show"
    table = run.predictions()
    assert table["patient"].str.startswith("nih:").all()
    assert table.groupby("patient")["part"].nunique().max() == 1
