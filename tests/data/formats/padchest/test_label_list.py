"""Lists of labels as text: read by a parser of their own, never evaluated."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.data.formats.padchest.label_list import NotAListError, parse_label_list, plain

LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)


@given(st.lists(LABELS, max_size=6))
def test_what_python_writes_is_read_back_without_blanks_and_empty_items(labels):
    assert parse_label_list(str(labels)) == {plain(label) for label in labels} - {""}


@given(st.text("[]'\", \\abn", max_size=20))
def test_any_other_text_is_refused_or_is_the_list_that_python_reads(text):
    try:
        found = parse_label_list(text)
    except NotAListError:
        return
    if text.strip() in ("", "nan"):
        assert found == frozenset()
        return
    try:
        expected = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        pytest.fail(f"{text!r} is no list of Python")
    assert isinstance(expected, list)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("['', 'cardiomegaly', 'pleural effusion ']", {"cardiomegaly", "pleural effusion"}),
        ("[' NSG tube', 'NSG  tube']", {"nsg tube"}),
        ('["it\'s", "a, b"]', {"it's", "a, b"}),
        ("['Chilaiditi sign',]", {"chilaiditi sign"}),
        ("[]", set()),
        ("['']", set()),
        ("[nan]", set()),
        ("", set()),
        ("nan", set()),
    ],
)
def test_lists_that_occur(text, labels):
    assert parse_label_list(text) == labels


@pytest.mark.parametrize(
    "text",
    [
        "cardiomegaly",
        "['cardiomegaly'",
        "['a' 'b']",
        "[cardiomegaly]",
        "['a'],['b']",
        "[['a']]",
        "[1]",
        "[,]",
        "[",
        "]",
        "__import__('os').system('true')",
        "[__import__('os')]",
        "[" * 100_000 + "]" * 100_000,
        "['" + "\\" * 100_001 + "']",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(NotAListError):
        parse_label_list(text)
