import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.worklist.made_up_run import LABELS, SPLIT, write_run
from xraykit.config import split_text
from xraykit.errors import DataError
from xraykit.runs.finished import FinishedRun
from xraykit.worklist import apply_corrections, disagreements, read_corrections
from xraykit.worklist.__main__ import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return FinishedRun.open(write_run(tmp_path_factory.mktemp("runs") / "made-up" / "1").path)


@pytest.fixture
def reviewed(run, tmp_path):
    """Six cases: four follow the model, one confirms the label, one is not decided."""
    cases = disagreements(run.predictions(), run.decision_rule().thresholds, LABELS, 6)
    cases["corrected"] = [str(1 - given) for given in cases["given"][:4]] + [str(cases["given"][4]), ""]
    cases.to_csv(tmp_path / "reviewed.csv", index=False)
    return tmp_path / "reviewed.csv"


def rewrite(run, path, rows):
    path.write_text("\n".join(["image,label,corrected", *rows]), encoding="utf-8")
    return read_corrections(path, run.predictions(), LABELS)


def test_only_labels_that_were_decided_otherwise_are_changed(run, reviewed):
    corrections = read_corrections(reviewed, run.predictions(), LABELS)
    assert len(corrections.table) == 5
    assert len(corrections.changed) == 4
    corrected = apply_corrections(run.predictions(), corrections)
    differ = [
        (corrected["image"][row], LABELS[column])
        for row, column in np.argwhere(
            (corrected[list(LABELS)].fillna(-1) != run.predictions()[list(LABELS)].fillna(-1)).to_numpy()
        )
    ]
    assert sorted(differ) == sorted(corrections.changed[["image", "label"]].itertuples(index=False, name=None))
    others = [name for name in corrected if name not in LABELS]
    pd.testing.assert_frame_equal(corrected[others], run.predictions()[others])


def test_figures_are_remade_with_the_corrected_labels_and_stamped(run, reviewed, tmp_path, capsys):
    before = run.files.metrics.read_bytes(), run.files.predictions.read_bytes()
    assert main([str(run.folder), "--corrected", str(reviewed), "--to", str(tmp_path / "new")]) == 0
    assert (run.files.metrics.read_bytes(), run.files.predictions.read_bytes()) == before
    metrics = json.loads((tmp_path / "new" / "metrics.json").read_text())
    table = pd.read_csv(tmp_path / "new" / "predictions.csv").query("part == 'test' and Mass == Mass")
    assert metrics["labels"]["Mass"]["roc_auc"] == pytest.approx(roc_auc_score(table["Mass"], table["Mass_logit"]))
    assert metrics["labels"]["Mass"]["threshold"] == run.metrics["labels"]["Mass"]["threshold"]
    assert metrics["macro"]["sensitivity"] > run.metrics["macro"]["sensitivity"]
    radiographs = metrics["review"]["radiographs"]
    stamp = f"labels of {radiographs} radiographs corrected by review of the model's disagreements"
    assert metrics["split"]["amended"] == stamp
    assert split_text(metrics["split"]) == f"{SPLIT}; {stamp}"
    assert metrics["review"]["stamp"] == stamp
    assert metrics["published"] == []
    out = capsys.readouterr().out
    assert stamp in out
    assert "5 decisions, of which 4 change a label and 1 confirm it" in out
    assert "favours the model" in out
    assert "not comparable" in out
    assert len(pd.read_csv(tmp_path / "new" / "corrections.csv")) == 5


def test_corrected_figures_are_not_compared_with_those_from_the_labels_as_given(run, reviewed, tmp_path):
    from xraykit.compare import compare_runs

    main([str(run.folder), "--corrected", str(reviewed), "--to", str(tmp_path / "new")])
    with pytest.raises(DataError, match="differ in their split"):
        compare_runs(run.folder, tmp_path / "new")


def test_results_go_into_the_run_folder_and_are_never_overwritten(tmp_path, capsys):
    folder = write_run(tmp_path / "run", resamples=0)
    (tmp_path / "mine.csv").write_text("image;label;corrected;remark\n00300.png;Mass;1;clear, large\n")
    command = [str(folder.path), "--corrected", str(tmp_path / "mine.csv")]
    assert main(command) == 0
    assert (folder.path / "reviewed" / "mine" / "metrics.json").is_file()
    assert main(command) == 2
    assert "is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["00300.png,Mass,2"], "line 2: corrected is '2'"),
        (["00300.png,Mass,1", "00301.png,Mass,yes"], "line 3: corrected is 'yes'"),
        (["nowhere.png,Mass,1"], "line 2: the radiograph 'nowhere.png' is not in the run's test part"),
        (["00000.png,Mass,1"], "of the validation part, whose labels stay as they are"),
        (["00300.png,Fracture,1"], "line 2: the label 'Fracture' is not one of the run's"),
        (["00300.png,Mass,1", "", "00300.png,Mass,0"], "line 4: 00300.png, Mass is already in line 2"),
        (["00300.png,Mass,", "00301.png,Mass,"], "2 rows, all blank"),
        (["00300.png,Mass,1,extra"], "line 2: 4 cells"),
    ],
)
def test_mistakes_are_reported_with_their_line(run, tmp_path, rows, told):
    with pytest.raises(DataError) as error:
        rewrite(run, tmp_path / "reviewed.csv", rows)
    assert told in str(error.value)
    assert "reviewed.csv" in str(error.value)


def test_all_mistakes_are_reported_at_once_but_no_more_than_ten(run, tmp_path):
    with pytest.raises(DataError) as error:
        rewrite(run, tmp_path / "reviewed.csv", [f"{number:05}.png,Mass,x" for number in range(300, 312)])
    assert "line 11: corrected" in str(error.value)
    assert "line 12: corrected" not in str(error.value)
    assert "and 2 more" in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"image,label\na,b\n", "no column corrected"),
        (b"image,label,label,corrected\n", "two columns of the same name"),
        (b"PK\x03\x04", "Excel workbook"),
    ],
)
def test_a_file_that_is_no_filled_in_worklist_is_reported(run, tmp_path, content, told):
    (tmp_path / "reviewed.csv").write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_corrections(tmp_path / "reviewed.csv", run.predictions(), LABELS)


def test_a_spreadsheets_semicolons_byte_order_mark_and_decimals_are_read(run, tmp_path):
    text = '\ufeffimage;label;corrected;remark\r\n00300.png;Mass;1.0;"two\r\nlines"\r\n00301.png;Mass;0\r\n'
    (tmp_path / "reviewed.csv").write_text(text, encoding="utf-8", newline="")
    corrections = read_corrections(tmp_path / "reviewed.csv", run.predictions(), LABELS)
    assert corrections.table["corrected"].tolist() == [1, 0]


def test_an_unknown_label_can_be_decided(run, tmp_path):
    unknown = run.predictions().query("part == 'test' and Mass != Mass")["image"].iloc[0]
    corrections = rewrite(run, tmp_path / "reviewed.csv", [f"{unknown},Mass,1"])
    corrected = apply_corrections(run.predictions(), corrections).set_index("image")
    assert corrected["Mass"][unknown] == 1


def test_a_folder_that_is_no_run_is_reported(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "is not the folder of a finished run" in capsys.readouterr().err
