"""predictions.csv: what was written is read back by every command, or refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worklist.made_up_run import fitted_decision_rule, made_up_predictions, write_run
from xraykit.compare import compare_runs
from xraykit.errors import DataError
from xraykit.evaluation.predictions import with_probabilities
from xraykit.pipeline import Run
from xraykit.recalibrate.notes import known_predictions
from xraykit.runs.finished import FinishedRun
from xraykit.runs.predictions import KEY, read_frame, read_predictions, write_predictions

AWKWARD = [
    "NA",
    "nan",
    "null",
    "None",
    "N/A",
    "1.0",
    "7",
    "7.0",
    "13",
    "0013",
    "1.3E+05",
    "1e5",
    "True",
    "-",
    "=1+1",
    "inf",
]
TEXT = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6),
)
SIZE = 60


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 60 radiographs whose names and patients are set by each test."""
    path = tmp_path_factory.mktemp("run") / "awkward" / "1"
    table = made_up_predictions(tuple(f"{number}.png" for number in range(SIZE)))
    return write_run(path, table, resamples=0)


def rewritten(run, images, patients, sites):
    """The run with other names, patients and sites."""
    table = made_up_predictions(tuple(images)).assign(patient=patients)
    table = with_probabilities(
        table, fitted_decision_rule(made_up_predictions(tuple(f"{number}.png" for number in range(SIZE))))
    )
    table.insert(6, "site", sites)
    metrics = json.loads(run.metrics.read_text())
    metrics[KEY] = write_predictions(run.predictions, table)
    run.write_json(run.metrics, metrics)
    return table


def as_every_command_reads(run):
    metrics = json.loads(run.metrics.read_text())
    yield read_predictions(run.predictions, metrics)
    yield FinishedRun.open(run.path).predictions()
    yield known_predictions(run.path)
    yield Run(run.path, metrics).predictions()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(TEXT, min_size=SIZE, max_size=SIZE, unique=True),
    st.lists(TEXT, min_size=SIZE, max_size=SIZE),
    st.lists(st.one_of(TEXT, st.just(np.nan)), min_size=SIZE, max_size=SIZE),
)
def test_names_patients_and_sites_are_read_back_as_text_by_every_command(run, images, patients, sites):
    written = rewritten(run, images, patients, sites)
    for read in as_every_command_reads(run):
        pd.testing.assert_frame_equal(read, written, check_dtype=False)
        assert all(isinstance(text, str) for name in ("image", "patient", "part") for text in read[name])
    compared = FinishedRun.open(run.path).scored("test")
    rows = written[written["part"] == "test"]
    assert list(compared.images) == rows["image"].tolist()
    assert compared.patients.tolist() == rows["patient"].tolist()


def test_patients_named_like_missing_values_stay_apart_in_a_comparison(run):
    patients = [AWKWARD[number % len(AWKWARD)] for number in range(SIZE)]
    rewritten(run, [f"{number}.png" for number in range(SIZE)], patients, "A")
    assert compare_runs(run.path, run.path, resamples=0)["patients"] == len(set(patients[SIZE // 3 :]))


CHANGES = {
    "a row is missing": lambda lines: lines[:-1],
    "a row is there twice": lambda lines: [*lines, lines[-1]],
    "a digit is changed": lambda lines: [*lines[:-1], lines[-1][:-1] + ("1" if lines[-1][-1] != "1" else "2")],
    "rows are in another order": lambda lines: [lines[0], *reversed(lines[1:])],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_was_changed_is_refused_by_every_command(run, change):
    rewritten(run, [f"{number}.png" for number in range(SIZE)], "1", "A")
    run.predictions.write_text("\n".join(CHANGES[change](run.predictions.read_text().splitlines())) + "\n")
    for read in (
        lambda path: FinishedRun.open(path).predictions(),
        known_predictions,
        lambda path: list(_all(path)),
    ):
        with pytest.raises(
            DataError, match=r"predictions\.csv(, line \d+: the radiograph .* already| is not the table)"
        ):
            read(run.path)


def _all(path):
    yield compare_runs(path, path, resamples=0)


def test_of_an_older_run_the_number_of_rows_is_compared_with_its_figures(run):
    rewritten(run, [f"{number}.png" for number in range(SIZE)], "1", "A")
    metrics = json.loads(run.metrics.read_text())
    del metrics[KEY]
    assert len(read_predictions(run.predictions, metrics)) == SIZE
    run.predictions.write_text("\n".join(run.predictions.read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(DataError, match=r"37 rows of the test part. Expected: 40"):
        read_predictions(run.predictions, metrics)


def test_other_tables_keep_their_text_and_their_numbers(tmp_path: Path):
    (tmp_path / "gallery.csv").write_text("image,probability,boxes,method,rate\n1.0,0.5,2,NA,1e-05\nNA,,3,,1e-06\n")
    table = read_frame(tmp_path / "gallery.csv", ("image",))
    assert table["image"].tolist() == ["1.0", "NA"]
    assert table["boxes"].tolist() == [2, 3]
    assert table["boxes"].dtype == np.int64
    assert np.isnan(table["probability"][1])
    assert table["rate"].tolist() == [1e-5, 1e-6]
    assert table["method"].iloc[0] == "NA"
