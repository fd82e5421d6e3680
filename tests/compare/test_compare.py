import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from xraykit.compare import compare_runs, comparison_table, main
from xraykit.errors import DataError

LABELS = ["Mass", "Nodule", "Hernia"]
# A comparison reads the predictions; it only needs to know which labels there are.
UNSCORED = {"roc_auc": None, "positives": 0, "negatives": 0, "threshold": None}


def write_run(
    folder, *, skill=1.0, seed=0, fingerprint="same", split="by patient 70/10/20, seed 7", labels=LABELS, **more
):
    """A finished run of the first kind: no logits, sex, age and view. Hernia has no positive."""
    drawn = np.random.default_rng(5)
    truth = pd.DataFrame({label: (drawn.random(300) < share) * 1.0 for label, share in zip(LABELS, (0.3, 0.1, 0))})
    truth.loc[::17, "Mass"] = np.nan
    noise = np.random.default_rng(seed).normal(size=truth.shape)
    scores = 1 / (1 + np.exp(-skill * truth.fillna(0).to_numpy() - noise))
    table = pd.DataFrame(
        {
            "image": [f"{number:03}.png" for number in range(300)],
            "patient": [f"{number // 2:04}" for number in range(300)],
            "part": ["validation"] * 100 + ["test"] * 200,
        }
    )
    for at, label in enumerate(LABELS):
        if label in labels:
            table[label], table[f"{label}_probability"] = truth[label], scores[:, at]
    folder.mkdir(parents=True)
    table.to_csv(folder / "predictions.csv", index=False)
    values = {
        **{"part": "test", "split": split, "images": 200, "macro": {"roc_auc": None}, "data_fingerprint": fingerprint},
        **{"labels": dict.fromkeys(labels, UNSCORED), **more},
    }
    (folder / "metrics.json").write_text(json.dumps(values))
    return folder


@pytest.fixture
def runs(tmp_path):
    return write_run(tmp_path / "plain" / "1"), write_run(tmp_path / "better" / "2", skill=2.5, seed=1)


def test_the_table_names_split_radiographs_patients_and_each_difference(runs, capsys):
    assert main([*map(str, runs), "--resamples", "200"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Test part, split: by patient 70/10/20, seed 7, 200 radiographs of 100 patients"
    assert lines[1:3] == ["A: plain/1", "B: better/2"]
    figures = compare_runs(*runs, resamples=200)
    mass = figures["labels"]["Mass"]
    row = next(line for line in lines if line.startswith("Mass"))
    low, high = mass["roc_auc_difference_interval"]
    assert f"{mass['roc_auc_difference']:+.3f} ({low:+.3f} to {high:+.3f})" in row
    assert f"{mass['holm_p_value']:.2g}" in row
    assert "not estimable" in next(line for line in lines if line.startswith("Hernia"))
    assert "These are 2 tests" in "\n".join(lines)
    assert max(map(len, lines)) < 160


def test_the_better_run_is_found_better_and_figures_are_written_as_json(runs, tmp_path):
    assert main([*map(str, runs), "--resamples", "200", "--to", str(tmp_path / "new" / "figures.json")]) == 0
    figures = json.loads((tmp_path / "new" / "figures.json").read_text())
    assert figures == compare_runs(*runs, resamples=200)
    assert figures["macro"]["roc_auc_difference_interval"][0] > 0
    assert figures["labels"]["Hernia"]["holm_p_value"] is None


def test_the_validation_part_can_be_compared_and_the_table_says_what_that_means(runs):
    figures = compare_runs(*runs, part="validation", resamples=50)
    assert figures["images"] == 100
    assert "both runs look too good" in comparison_table(figures)


def test_a_test_part_that_a_study_met_before_is_reported(runs, tmp_path):
    again = write_run(tmp_path / "again" / "3", study={"test_part_met": 4})
    assert "have used the test part 1 and 4 times" in comparison_table(compare_runs(runs[0], again, resamples=50))


@pytest.mark.parametrize(
    ("differing", "told"),
    [
        ({"fingerprint": "other"}, "differ in their fingerprint of data and parts"),
        ({"split": "official NIH"}, "differ in their split"),
        ({"labels": LABELS[:2]}, "on the same labels only"),
    ],
)
def test_runs_on_other_data_are_refused(runs, tmp_path, capsys, differing, told):
    other = write_run(tmp_path / "other", **differing)
    assert main([str(runs[0]), str(other)]) == 2
    assert told in capsys.readouterr().err


def test_other_radiographs_are_refused_even_if_the_fingerprints_agree(runs):
    table = pd.read_csv(runs[1] / "predictions.csv", dtype={"patient": str})
    table.loc[299, "image"] = "other.png"
    table.to_csv(runs[1] / "predictions.csv", index=False)
    with pytest.raises(DataError, match=r"same radiographs only\. Only in the first: 299\.png"):
        compare_runs(*runs, resamples=0)


@pytest.mark.parametrize("broken", ["metrics.json", "predictions.csv"])
@pytest.mark.parametrize("content", [None, "nonsense"])
def test_a_folder_that_is_no_finished_run_is_reported_by_name(runs, capsys, broken, content):
    (runs[1] / broken).unlink()
    if content:
        (runs[1] / broken).write_text(content)
    assert main([*map(str, runs)]) == 2
    error = capsys.readouterr().err
    assert str(runs[1]) in error
    assert broken in error
    assert "Expected" in error


def test_a_probability_that_is_no_number_is_reported(runs):
    table = pd.read_csv(runs[1] / "predictions.csv", dtype=str)
    table.loc[299, "Mass_probability"] = "high"
    table.to_csv(runs[1] / "predictions.csv", index=False)
    with pytest.raises(DataError, match=r"predictions\.csv, line 301, .*high"):
        compare_runs(*runs)


def test_negative_resamples_are_refused(runs, capsys):
    assert main([*map(str, runs), "--resamples", "-1"]) == 2
    assert "must be 0 or more" in capsys.readouterr().err


def test_no_tensorflow_is_imported(runs):
    script = "import sys, xraykit.compare as c; c.main(sys.argv[1:]); sys.exit('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, *map(str, runs), "--resamples", "0"], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_radiographs_are_ranked_by_their_logits_where_the_table_has_them(runs):
    for folder in runs:
        table = pd.read_csv(folder / "predictions.csv")
        for label in LABELS:
            p = table[f"{label}_probability"]
            table[f"{label}_logit"] = np.log(p / (1 - p))
            table[f"{label}_probability"] = p > 0.5
        table.astype(dict.fromkeys([f"{label}_probability" for label in LABELS], float)).to_csv(
            folder / "stepped.csv", index=False
        )
    before = compare_runs(*runs, resamples=20)
    for folder in runs:
        (folder / "stepped.csv").replace(folder / "predictions.csv")
    after = compare_runs(*runs, resamples=20)
    assert after["labels"]["Mass"]["roc_auc"] == pytest.approx(before["labels"]["Mass"]["roc_auc"])


def test_a_label_that_a_run_did_not_train_is_counted_and_not_compared(tmp_path):
    first, second = write_run(tmp_path / "a" / "1"), write_run(tmp_path / "b" / "2", skill=2.5, seed=1)
    metrics = json.loads((second / "metrics.json").read_text())
    metrics["labels"]["Mass"]["trained"] = False
    (second / "metrics.json").write_text(json.dumps(metrics))
    whole = compare_runs(first, first, resamples=20)["labels"]["Mass"]
    figures = compare_runs(first, second, resamples=20)
    assert figures["not_trained"] == ["Mass"]
    assert figures["labels"]["Mass"]["roc_auc"] == [None, None]
    assert figures["labels"]["Mass"]["positives"] == whole["positives"] > 0
    assert figures["macro"]["roc_auc"] == figures["labels"]["Nodule"]["roc_auc"]
    assert "Not trained in A or in B, and not compared: Mass." in comparison_table(figures)
