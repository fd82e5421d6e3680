"""What the cells of an NIH label file mean."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import HEADER
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.formats.nih.findings import parse_findings
from xraykit.data.formats.nih.rows import read_label_file, rows_of
from xraykit.data.reading.spellings import LATERAL, parse_age, parse_sex, parse_view
from xraykit.errors import DataError

WORDS = st.sets(st.sampled_from(FINDINGS), min_size=1)
SPELLINGS = st.sampled_from([str, str.lower, str.upper, lambda word: f" {word} ", lambda word: word.replace("_", " ")])


@given(st.lists(st.tuples(st.sampled_from(FINDINGS), SPELLINGS), min_size=1), st.sampled_from(["", "|", " | "]))
def test_findings_are_read_in_any_order_case_and_spelling(words, ending):
    cell = "|".join(spelled(word) for word, spelled in words) + ending
    assert parse_findings(cell) == (frozenset(word for word, _ in words), ())


@pytest.mark.parametrize("cell", ["No Finding", "No_Finding", "no finding", "No Finding|"])
def test_no_finding_is_read_as_one(cell):
    assert parse_findings(cell) == ({"No Finding"}, ())


@pytest.mark.parametrize("cell", ["", " ", "|", " | "])
def test_a_cell_without_words_says_nothing(cell):
    assert parse_findings(cell) == (None, ())


@given(st.text(st.characters(exclude_characters="|_- "), min_size=1).filter(str.strip), WORDS)
def test_any_other_word_is_unknown(word, words):
    spelled = {each.casefold() for each in (*FINDINGS, "Infiltrate", "Oedema")}
    if word.strip().casefold() in spelled:
        return
    assert parse_findings("|".join([*sorted(words), word])) == (words, (word.strip(),))


@pytest.mark.parametrize(
    ("text", "sex"),
    [("M", "M"), ("m", "M"), ("Male", "M"), ("F", "F"), ("female", "F"), ("O", None), ("", None), ("U", None)],
)
def test_sex_in_its_usual_spellings(text, sex):
    assert parse_sex(text) == sex


@pytest.mark.parametrize(
    ("text", "view"),
    [
        *[(text, "PA") for text in ("PA", "pa", "PA erect", "P-A", "P.A.", "postero-anterior", "PA_CHEST")],
        *[(text, "AP") for text in ("AP", "AP supine", "ap", "AP_horizontal", "Anteroposterior", "AP decubitus LL")],
        *[(text, LATERAL) for text in ("LATERAL", "lat", "LL", "RL", "L", "Left Lateral")],
        *[(text, None) for text in ("", "XX", "PA and lateral", "AP/PA", "frontal", "lateral decubitus")],
    ],
)
def test_views_in_their_usual_spellings(text, view):
    assert parse_view(text) == view


@given(st.integers(0, 120))
def test_ages_in_years(years):
    assert parse_age(str(years)) == parse_age(f"{years:03d}Y") == parse_age(f"{years}y") == years


@given(st.integers(0, 24))
def test_ages_in_months_weeks_and_days(count):
    assert parse_age(f"{count:03d}M") == pytest.approx(count / 12)
    assert parse_age(f"{count:03d}W") == pytest.approx(count * 7 / 365.25)
    assert parse_age(f"{count:03d}D") == parse_age(f"{count} days") == pytest.approx(count / 365.25)


def test_an_age_may_have_a_decimal_comma():
    assert parse_age("57,5") == parse_age("57.5 years") == 57.5


@given(st.one_of(st.integers(121, 10**9).map(str), st.text().filter(lambda text: not re.search(r"\d", text))))
def test_absurd_and_absent_ages_are_unknown(text):
    assert math.isnan(parse_age(text))


CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"], exclude_characters='",')).map(str.strip)


@given(st.lists(st.tuples(CELL.filter(bool), CELL, CELL), min_size=1, max_size=5))
def test_rows_come_back_as_written(tmp_path_factory, cells):
    lines = [f'{image},"{findings}",0,{patient},57,M,PA,1,2,3,4' for image, findings, patient in cells]
    file = tmp_path_factory.getbasetemp() / "x.csv"
    file.write_bytes("\n".join([HEADER, *lines]).encode())
    rows = rows_of(read_label_file(file))
    assert [(found.image, found.findings, found.patient) for found in rows] == cells
    assert [found.line for found in rows] == list(range(2, 2 + len(cells)))
    assert {(found.age, found.sex, found.view) for found in rows} == {("57", "M", "PA")}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "x.csv"
    for data in (content, HEADER.encode() + b"\n" + content):
        file.write_bytes(data)
        try:
            rows_of(read_label_file(file))
        except DataError as error:
            if "x.csv" not in str(error):
                raise
