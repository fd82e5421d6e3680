"""Nothing reads labels of the test part before the decision rule of the ensemble is final."""

import json
import shutil

import pandas as pd
import pytest

from xraykit import load_run
from xraykit.config import load_experiment
from xraykit.ensemble import members_of, resume
from xraykit.errors import DataError
from xraykit.pipeline import run_experiment

pytestmark = pytest.mark.slow

MEMBERS = ("seed-7", "seed-8")


def test_the_common_test_part_is_unsealed_after_the_rule_of_the_ensemble_is_fitted(unsealed_seeds):
    test = set(unsealed_seeds.run.predictions().query("part == 'test'")["image"])
    # Of each member, then of the ensemble.
    assert unsealed_seeds.events == [None, test, test, test]


def test_held_out_patients_are_unsealed_after_the_rule_of_the_ensemble_is_fitted(unsealed_folds):
    predictions = unsealed_folds.run.predictions()
    before, after = unsealed_folds.events[:-2], unsealed_folds.events[-2:]
    assert after == [None, set(predictions.loc[predictions["part"] == "test", "image"])]
    folds = [set(rows["image"]) for _, rows in predictions[predictions["part"] == "out_of_fold"].groupby("fold")]
    # Each member its own fold, of whose predictions the rule is fitted.
    assert before == [folds[0], folds[0], folds[1], folds[1]]


def test_until_then_no_file_of_a_member_knows_the_test_part(stopped_seeds, seeds_run):
    before, test = stopped_seeds[1], seeds_run.predictions().query("part == 'test'")
    assert not (before / "metrics.json").exists()
    for name in MEMBERS:
        folder = before / "members" / name
        assert not (folder / "metrics.json").exists()
        assert not (folder / "predictions.csv").exists()
        known = pd.read_csv(folder / "validation.csv")
        assert set(known["part"]) == {"validation"}
        assert not set(known["image"]) & set(test["image"])
        # The ids are hashed here, too.
        assert known["patient"].str.len().min() > 10
        # It names the radiographs of each part, without labels.
        for path in set(folder.rglob("*")) - {folder / "split.csv"}:
            assert path.suffix not in {".csv", ".json"} or not any(each in path.read_text() for each in test["image"])


def test_what_was_trained_is_not_trained_again(stopped_seeds, seeds_run):
    for name in MEMBERS:
        before, after = (folder / "members" / name for folder in (stopped_seeds[1], seeds_run.folder))
        for file in ("model/model.keras", "model/decision_rule.json", "history.csv"):
            assert (before / file).read_bytes() == (after / file).read_bytes()
        assert json.loads((after / "run.json").read_text())["finished"]
        assert not (after / "validation.csv").exists()


def test_a_member_that_waited_has_the_results_of_a_run_of_its_own(seeds_run, tmp_path):
    """The same network, trained by the same experiment without an ensemble."""
    member = members_of(load_experiment(seeds_run.files.experiment))[1]
    own = {"output.root": str(tmp_path), "tracking.uri": None, "data.patient_ids": "keep"}
    alone = run_experiment(member.experiment.with_values(own))
    waited = load_run(seeds_run.files.members / member.name)
    ids = ["image", "patient"]
    columns = alone.predictions().drop(columns=ids)
    pd.testing.assert_frame_equal(columns, waited.predictions().drop(columns=ids), rtol=0, atol=1e-5)
    assert columns["part"].tolist() == waited.predictions()["part"].tolist()
    for what in ("macro", "validation"):
        assert _numbers(waited.metrics[what]) == pytest.approx(_numbers(alone.metrics[what]), abs=1e-5)
    assert waited.metrics.keys() == alone.metrics.keys()
    assert waited.data_facts() == alone.data_facts()
    pages = {"report.html", "worklist.csv", "worklist.html", "checkpoints", "figures", "patient_salt.txt"}
    pages |= {"tables", "methods.md", "checklist.md", "checklist.csv"}
    files = [{path.name for path in run.folder.iterdir()} - pages for run in (waited, alone)]
    assert files[0] == files[1]


def _numbers(scores):
    return {name: value for name, value in scores.items() if isinstance(value, float)}


def test_changed_predictions_of_a_validation_part_are_refused(stopped_seeds, tmp_path):
    shutil.copytree(stopped_seeds[1], tmp_path / "run")
    path = tmp_path / "run" / "members" / "seed-8" / "validation.csv"
    path.write_text(path.read_text().replace(",validation,", ",validation, ", 1))
    with pytest.raises(DataError, match=r"validation.csv is not the table that the run wrote"):
        resume(tmp_path / "run")


def test_each_member_is_one_nested_run_of_mlflow(seeds_run):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{seeds_run.folder.parents[1]}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in runs if run is not parent}
    assert sorted(children) == list(MEMBERS)
    assert len(runs) == 3
    for name, child in children.items():
        member = load_run(seeds_run.files.members / name)
        assert child.info.status == "FINISHED"
        assert child.data.tags["xraykit.state"] == "complete"
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.metrics["test/macro/roc_auc"] == pytest.approx(member.metrics["macro"]["roc_auc"])
        assert "epoch/val_loss" in child.data.metrics
