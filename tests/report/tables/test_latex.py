"""Tables as LaTeX: whatever a cell contains, the text compiles and shows it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.tables.latex_reader import rows, shown, tokens
from xraykit.report.tables import PlainTable, latex_tables, latex_text
from xraykit.report.tables.latex import WIDTH

TEXTS = st.text(st.sampled_from("abz 019{}&%$#_~^\\<>|\"[]*–−∞≥'();.,\n\t\0éß\u00a0"), max_size=30)


@given(st.text(st.sampled_from("ab1 {}&%$#_~^\\<>|\"[]*'();.,"), max_size=30))
def test_ascii_text_is_shown_as_it_is(text):
    assert shown(latex_text(text)) == text


@given(TEXTS)
def test_no_text_breaks_the_document(text):
    tokens(latex_text(text))


@given(st.lists(st.lists(TEXTS, min_size=4, max_size=4), min_size=1, max_size=4), TEXTS, TEXTS)
def test_a_table_of_any_texts_has_whole_rows(cells, caption, note):
    table = PlainTable(caption, tuple(cells[0]), tuple(map(tuple, cells)), (False,) * len(cells), (note,))
    tables = rows(latex_tables(table, "name"))
    # The first column is in each, every other one in one of them.
    assert sum(len(each[0]) - 1 for each in tables) == 3
    assert all(len(each) == len(cells) + 1 for each in tables)


def _table(columns, width, row="Mass"):
    names = tuple(f"Column {number}" for number in range(columns))
    values = tuple("0.812 (0.781–0.843)"[:width] for _ in range(columns))
    return PlainTable("Caption.", ("Finding", *names), ((row, *values), ("Mean", *values)), (False, True), ("Note.",))


@pytest.mark.parametrize(("columns", "tables"), [(1, 1), (3, 1), (4, 2), (9, 3)])
def test_columns_that_do_not_fit_on_a_page_are_in_further_tables(columns, tables):
    text = latex_tables(_table(columns, 19), "findings")
    assert len(rows(text)) == tables
    assert re.findall(r"\\label\{(.*)\}", text)[0] == "tab:findings"
    assert len(set(re.findall(r"\\label\{(.*)\}", text))) == tables
    assert text.count("Note.") == 1
    for table in rows(text):
        assert max(sum(len(cell) for cell in row) for row in table) <= WIDTH


def test_means_are_set_apart_and_the_interval_is_in_the_cell():
    text = latex_tables(_table(1, 19), "findings")
    assert rows(text) == [[["Finding", "Column 0"], ["Mass", "0.812 (0.781--0.843)"], ["Mean", "0.812 (0.781--0.843)"]]]
    assert text.count(r"\midrule") == 2


def test_a_long_remark_is_below_the_table():
    remark = "Fitted on too few patients it would be left to chance: 4 with a positive"
    table = PlainTable("C.", ("Finding", "Rule"), (("Hernia", f"Youden ({remark})"),), (False,), ())
    text = latex_tables(table, "points")
    assert rows(text)[0][1] == ["Hernia", "Youden"]
    assert f"Hernia, Rule: Youden ({remark})" in text
