"""No cell of a table is a formula to a spreadsheet, and every table is read as it was written."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraykit.system.spreadsheets import (
    FORMULA_STARTS,
    csv_text,
    escape_formula,
    restore_formula,
    table_as_csv,
)

TEXT = st.text(st.one_of(st.sampled_from("'=+-@\t\r\n\",; a1"), st.characters(exclude_categories=["Cs", "Cc"])))


@given(TEXT)
def test_no_text_begins_as_a_formula_and_every_text_is_restored(text):
    written = escape_formula(text)
    assert not written.startswith(FORMULA_STARTS)
    assert restore_formula(written) == text


def test_two_texts_are_never_written_alike():
    texts = ["=1", "'=1", "''=1", "1", "'1", "'", ""]
    written = [escape_formula(text) for text in texts]
    assert written == ["'=1", "''=1", "'''=1", "1", "'1", "'", ""]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))), min_size=1))
def test_a_table_is_read_as_it_was_written(rows):
    table = pd.DataFrame({"=name": [text for text, _ in rows], "value": [number for _, number in rows]})
    table["value"] = table["value"].astype(float)
    text = table_as_csv(table)
    parsed = list(csv.reader(io.StringIO(text, newline="")))
    assert not any(line[0].startswith(FORMULA_STARTS) for line in parsed)
    header, *lines = [[restore_formula(cell) for cell in line] for line in parsed]
    assert header == ["=name", "value"]
    assert [name for name, _ in lines] == table["=name"].tolist()
    numbers = [float(number) if number else np.nan for _, number in lines]
    np.testing.assert_array_equal(numbers, table["value"].to_numpy())


def test_numbers_stay_numbers_and_unknown_values_are_blank():
    table = pd.DataFrame(
        {
            "double": [-1.5, np.nan],
            "single": np.array([0.1, -2], np.float32),
            "whole": [-7, 0],
            "call": pd.array([True, None], dtype="boolean"),
            "text": ["-1.5", None],
        }
    )
    assert table_as_csv(table) == "double,single,whole,call,text\n-1.5,0.1,-7,True,'-1.5\n,-2.0,0,,\n"
    assert table_as_csv(table.iloc[:0], header=False) == ""
    assert table_as_csv(pd.DataFrame({"only": [None, 1]}, dtype=object)) == 'only\n""\n1\n'


def test_numbers_are_written_as_pandas_writes_them():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"a": random.normal(size=50), "b": np.exp(random.normal(0, 30, 50)).astype(np.float32)})
    assert table_as_csv(table) == table.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("cell", ["a,b", 'a"b', "a\nb", "a\rb", "\r", "=A1,B1"])
def test_cells_with_separators_are_quoted(cell):
    assert list(csv.reader(io.StringIO(csv_text(["x", "y"], [[cell, 1]]), newline="")))[1] == [
        escape_formula(cell),
        "1",
    ]
