import csv

import pytest

from tests.search.records import record, searched, study
from xraykit.search import write_trials
from xraykit.search.results.table import trial_table

TRIALS = (
    record(0, scores=(0.75,), seconds=1.23456, values={"training.learning_rate": 1e-05, "model.dense_neurons": [64]}),
    record(1, "failed", seconds=None, reason='out of memory, "2 GiB"\nasked', values={"training.learning_rate": 0.1}),
    record(
        2, "pruned", origin=1, values={"training.learning_rate": 0.2, "model.dense_neurons": [64, 128]}, scores=(0.5,)
    ),
)


def _rows(path, search, trials):
    write_trials(search, trials, path)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_trials_are_one_line_each_and_parameters_one_column_each(tmp_path):
    rows = _rows(tmp_path / "trials.csv", searched(), TRIALS)
    assert list(rows[0]) == [
        *("number", "state", "macro_roc_auc", "seconds", "epochs", "reason", "again"),
        *("training.learning_rate", "model.dense_neurons_1", "model.dense_neurons_2"),
    ]
    assert [row["state"] for row in rows] == ["complete", "failed", "pruned"]
    assert rows[1]["reason"] == 'out of memory, "2 GiB"\nasked'
    assert (rows[1]["macro_roc_auc"], rows[1]["seconds"], rows[1]["model.dense_neurons_1"]) == ("", "", "")
    assert float(rows[0]["training.learning_rate"]) == 1e-05
    assert (rows[0]["seconds"], rows[0]["reason"]) == ("1.235", "")
    assert (rows[0]["model.dense_neurons_2"], rows[2]["model.dense_neurons_2"]) == ("", "128")


def test_a_trial_that_is_done_again_is_named(tmp_path):
    rows = _rows(tmp_path / "trials.csv", searched(), TRIALS)
    assert [row["again"] for row in rows] == ["", "", "1"]


def test_each_objective_has_a_column_and_a_pruned_trial_its_last_report(tmp_path):
    names = ("loss", "parameters")
    trials = (record(0, scores=(0.3, 7e6), names=names), record(1, "pruned", scores=(0.4,)))
    rows = _rows(tmp_path / "trials.csv", searched(objectives=names), trials)
    assert [(row["loss"], row["parameters"]) for row in rows] == [("0.3", "7000000.0"), ("0.4", "")]


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_word_becomes_a_formula(tmp_path, word):
    trials = (record(0, "failed", reason=word, values={"model.weights": word}),)
    [row] = _rows(tmp_path / "trials.csv", searched(), trials)
    assert (row["reason"], row["model.weights"]) == (f"'{word}", f"'{word}")


def test_a_carriage_return_ends_no_row_and_stays(tmp_path):
    [row] = _rows(tmp_path / "trials.csv", searched(), (record(0, "failed", reason="0 %\r50 %\r\nfull"),))
    assert row["reason"] == "0 %\r50 %\r\nfull"


def test_a_negative_number_stays_a_number(tmp_path):
    [row] = _rows(tmp_path / "trials.csv", searched(), (record(0, scores=(-0.5,)),))
    assert float(row["macro_roc_auc"]) == -0.5


def test_the_table_is_replaced(tmp_path):
    path = tmp_path / "trials.csv"
    write_trials(searched(), TRIALS, path)
    write_trials(searched(), TRIALS[:1], path)
    assert len(path.read_text().splitlines()) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_every_row_is_as_long_as_the_head():
    columns, rows = trial_table(searched(), study(searched(), 20))
    assert len(rows) == 20
    assert {len(row) for row in rows} == {len(columns)}
