"""Numbers in cells."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.system.tables import mark, number, shown_cell


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(".,"))
def test_any_number_is_read_with_point_or_comma(value, point):
    assert number(repr(value).replace(".", point)) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "1_000", "1.234,5", "1e999", "٣", "0x10", "1 2", ","])
def test_what_is_no_plain_number_is_none(text):
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("0", 0), ("1.0", 1), ("0,0", 0), ("2", None), ("nan", None), ("yes", None)]
)
def test_marks_are_1_or_0(text, value):
    assert mark(text) == value


def test_a_blank_mark_is_unknown():
    assert math.isnan(mark(""))


def test_a_message_shows_a_short_word_whole_and_of_a_long_text_the_beginning():
    assert shown_cell("vielleicht") == "'vielleicht'"
    assert shown_cell("Frau Geheim, geb. 22.07.1933") == "'Frau Geheim, geb. 2…'"
