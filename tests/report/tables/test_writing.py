"""The folder ``tables/`` of a run."""

import io
import json
import re

import pandas as pd
import pytest

from tests.report.tables.latex_reader import rows
from xraykit.report import write_report
from xraykit.report.__main__ import main
from xraykit.report.blocks import Cell, Row, Section, Table, heads
from xraykit.report.tables import named_tables, plain_table

INTERVAL = re.compile(r"\d\.\d{3} \(\d\.\d{3}–\d\.\d{3}\)")


@pytest.fixture(scope="module")
def tables(hostile_run):
    """Of a run whose findings have names like HTML, and whose last finding has no positives."""
    write_report(hostile_run)
    return hostile_run.tables


def _read(path):
    return pd.read_csv(io.StringIO(path.read_text(encoding="utf-8-sig")), dtype=str, keep_default_na=False)


def test_each_table_is_there_as_csv_and_as_latex(tables, hostile_run):
    names = {path.stem for path in tables.glob("*.csv")}
    assert names == {path.stem for path in tables.glob("*.tex")}
    assert {"findings", "operating_points", "calibration", "parts", "prevalence", "subgroups_sex"} <= names
    assert {(path, "tables") for path in tables.iterdir()} <= set(hostile_run.artifacts())
    for path in tables.glob("*.tex"):
        assert rows(path.read_text(encoding="utf-8")), path


def test_a_cell_has_the_metric_with_its_interval_as_in_the_metrics(tables, hostile_run):
    metrics = json.loads(hostile_run.metrics.read_text())
    table = _read(tables / "findings.csv").set_index("Finding")
    first = next(iter(metrics["labels"]))
    value, (low, high) = (metrics["labels"][first][name] for name in ("roc_auc", "roc_auc_interval"))
    cell = table.loc[first, "ROC AUC"]
    assert INTERVAL.match(cell)
    assert cell.startswith(f"{value:.3f} ({low:.3f}–{high:.3f})")


def test_each_row_names_part_split_and_numbers(tables, hostile_run):
    metrics = json.loads(hostile_run.metrics.read_text())
    scope = f"seed 7; {metrics['images']} radiographs of {metrics['patients']} patients"
    for name in ("findings", "operating_points", "calibration", "subgroups_sex"):
        assert _read(tables / f"{name}.csv")["Table"].str.contains(scope, regex=False).all()
        assert scope in (tables / f"{name}.tex").read_text(encoding="utf-8")
    assert _read(tables / "parts.csv")["Table"].str.contains("split: by patient 70/10/20", regex=False).all()


def test_a_metric_without_an_interval_says_why(tables, hostile_run):
    metrics = json.loads(hostile_run.metrics.read_text())["labels"]
    few = next(label for label in metrics if metrics[label]["no_interval"].get("average_precision") == "few_patients")
    table = _read(tables / "findings.csv").set_index("Finding")
    assert table.loc[few, "Average precision"].endswith("(no interval: too few patients)")


def test_no_patient_is_named(tables):
    assert all("secret-" not in path.read_text(encoding="utf-8") for path in tables.iterdir())


def test_columns_of_drawings_are_left_out_and_remarks_follow_the_interval():
    cells = (Cell("0.7", "12 pos.\ngap −0.1 (−0.2 to 0.1)", interval="0.6–0.8"), Cell(curve="1,2"), Cell("10", "50 %"))
    table = Table("C.", heads("Finding", "ROC AUC", "ROC", "Positives"), (Row("Mass", cells),))
    plain = plain_table(table)
    assert plain.columns == ("Finding", "ROC AUC", "Positives")
    assert plain.rows == (("Mass", "0.7 (0.6–0.8); 12 pos.; gap −0.1 (−0.2 to 0.1)", "10 (50 %)"),)


def test_names_of_columns_become_names_of_files():
    table = Table("C.", heads("A", "B"), (Row("a", (Cell("b"),)),), name="subgroups_../../Höhe")
    again = Table("C.", heads("A", "B"), (Row("a", (Cell("b"),)),), name="subgroups_h_he")
    unnamed = Table("C.", heads("A", "B"), (Row("a", (Cell("b"),)),))
    assert list(named_tables([Section("s", "S", [table, again, unnamed])])) == ["subgroups_h_he", "subgroups_h_he_2"]


def test_figures_are_written_in_the_kinds_that_the_experiment_names(small_run):
    text = small_run.experiment.read_text() + "\n"
    small_run.write_text(small_run.experiment, text.replace("output:\n", "output:\n  figures: [svg, pdf]\n"))
    write_report(small_run)
    found = {path.suffix for path in small_run.figures.glob("roc_curves.*")}
    assert found >= {".svg", ".pdf"}
    assert (small_run.figures / "roc_curves.pdf").read_bytes().startswith(b"%PDF-")
    assert b"<svg" in (small_run.figures / "roc_curves.svg").read_bytes()


def test_the_command_writes_the_kinds_that_it_is_asked_for(small_run, capsys):
    for earlier in small_run.figures.glob("decision_curves.*"):
        earlier.unlink()
    assert main([str(small_run.path), "--figures", "svg,pdf"]) == 0
    assert {path.suffix for path in small_run.figures.glob("decision_curves.*")} == {".svg", ".pdf"}
    with pytest.raises(SystemExit) as stopped:
        main([str(small_run.path), "--figures", "gif"])
    assert stopped.value.code == 2
    assert "expected some of png,svg,pdf" in capsys.readouterr().err


def test_a_cell_never_begins_with_what_a_spreadsheet_takes_for_a_formula(tables):
    for path in tables.glob("*.csv"):
        assert not _read(path).map(lambda cell: cell.startswith(("=", "+", "-", "@", "'+"))).to_numpy().any(), path
