"""What other commands do with external validations: compare, report."""

import json
import shutil

import pytest

import xraykit
from xraykit.compare import compare_runs, main
from xraykit.errors import DataError
from xraykit.evaluation import roc_auc
from xraykit.report.__main__ import main as report
from xraykit.runs import FinishedEvaluation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluation(trained, other):
    return xraykit.evaluate_on(trained, other, name="compared", resamples=200)


@pytest.fixture
def changed(evaluation, tmp_path):
    """The same of a network whose Effusion has another name, and is predicted at random; one picture was too large."""
    folder = tmp_path / "other run" / "1" / "evaluations" / "compared"
    folder.mkdir(parents=True)
    table = evaluation.predictions().iloc[1:]
    table["Effusion_logit"] = table["Effusion_logit"].sample(frac=1, random_state=1).to_numpy()
    table.columns = [name.replace("Effusion", "Pleural_Effusion") for name in table.columns]
    text = evaluation.files.metrics.read_text().replace("Effusion", "Pleural_Effusion")
    values = json.loads(text)
    values["evaluation"]["labels"]["shared"]["Pleural_Effusion"] = "Effusion"
    del values["labels"]["Cardiomegaly"], values["predictions"]
    values["images"] -= 1
    (folder / "metrics.json").write_text(json.dumps(values))
    table.to_csv(folder / "predictions.csv", index=False)
    return folder


def test_two_networks_are_compared_on_what_both_have(evaluation, changed, capsys):
    assert main([str(evaluation.folder), str(changed), "--resamples", "200"]) == 0
    out = capsys.readouterr().out
    assert "Known to A or to B alone, and not compared: Cardiomegaly." in out
    assert "Scored by A or by B alone, and not compared: 1 radiograph." in out
    assert "External part" in out.splitlines()[0]
    figures = compare_runs(evaluation.folder, changed, resamples=0)
    assert list(figures["labels"]) == ["Effusion", "Pneumothorax"]
    assert figures["labels"]["Pneumothorax"]["roc_auc_difference"] == 0
    table = evaluation.predictions().iloc[1:]
    assert figures["labels"]["Effusion"]["roc_auc"][0] == pytest.approx(
        roc_auc(table["Effusion"], table["Effusion_logit"])
    )


def test_a_run_and_an_evaluation_are_not_compared(evaluation, trained):
    with pytest.raises(DataError, match="A run and an external validation cannot be compared"):
        compare_runs(trained, evaluation.folder)


def test_another_collection_is_refused(evaluation, changed):
    values = json.loads((changed / "metrics.json").read_text())
    (changed / "metrics.json").write_text(json.dumps({**values, "data_fingerprint": "another"}))
    with pytest.raises(DataError, match="they differ in their collection"):
        compare_runs(evaluation.folder, changed)


def test_the_page_is_made_again_from_the_folder_alone(evaluation, tmp_path, capsys):
    folder = shutil.copytree(evaluation.folder, tmp_path / "mailed")
    (folder / "report.html").unlink()
    assert report([str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert (folder / "report.html").read_text() == evaluation.files.report.read_text()
    assert report([str(folder), str(folder)]) == 2
    assert "no page side by side" in capsys.readouterr().err


def test_a_damaged_record_is_reported_with_its_key(evaluation, tmp_path, capsys):
    folder = shutil.copytree(evaluation.folder, tmp_path / "damaged")
    values = json.loads((folder / "metrics.json").read_text())
    values["evaluation"]["network"]["labels"] = 3
    (folder / "metrics.json").write_text(json.dumps(values))
    assert report([str(folder)]) == 2
    assert "evaluation.network.labels" in capsys.readouterr().err


def test_the_network_of_an_evaluation_is_found_two_levels_up_or_where_it_is_recorded(evaluation, trained, tmp_path):
    assert evaluation.network().path == trained / "model"
    moved = FinishedEvaluation.open(shutil.copytree(evaluation.folder, tmp_path / "a" / "b" / "moved"))
    assert moved.network(trained).path == trained / "model"
    with pytest.raises(xraykit.XraykitError, match="is not in"):
        moved.network()
