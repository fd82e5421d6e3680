import csv

from xraykit.search import SearchResult, TrialRecord, write_trials

TRIALS = (
    TrialRecord(0, "complete", {"training.learning_rate": 1e-05, "model.dense_neurons": [64]}, 0.75, 3, 1.23456, None),
    TrialRecord(1, "failed", {"training.learning_rate": 0.1}, None, 0, None, 'out of memory, "2 GiB"\nasked'),
    TrialRecord(2, "pruned", {"training.learning_rate": 0.2, "model.dense_neurons": [64, 128]}, 0.5, 1, 2.0, "pruned"),
)


def test_trials_are_one_line_each_and_parameters_one_column_each(tmp_path):
    path = tmp_path / "trials.csv"
    write_trials(SearchResult(TRIALS[0], TRIALS), path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("number", "state", "score", "seconds", "epochs", "reason"),
        *("training.learning_rate", "model.dense_neurons_1", "model.dense_neurons_2"),
    ]
    assert [row["state"] for row in rows] == ["complete", "failed", "pruned"]
    assert rows[1]["reason"] == 'out of memory, "2 GiB"\nasked'
    assert (rows[1]["score"], rows[1]["seconds"], rows[1]["model.dense_neurons_1"]) == ("", "", "")
    assert float(rows[0]["training.learning_rate"]) == 1e-05
    assert (rows[0]["model.dense_neurons_2"], rows[2]["model.dense_neurons_2"]) == ("", "128")


def test_the_table_is_replaced(tmp_path):
    path = tmp_path / "trials.csv"
    write_trials(SearchResult(TRIALS[0], TRIALS), path)
    write_trials(SearchResult(TRIALS[0], TRIALS[:1]), path)
    assert len(path.read_text().splitlines()) == 2
