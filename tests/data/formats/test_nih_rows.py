"""What the cells of an NIH label file mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.files import HEADER
from xraykit.data.formats.nih_rows import Row, parse_age, parse_findings, parse_patient, read_rows
from xraykit.errors import DataError
from xraykit.labels import FINDINGS

WORDS = st.sets(st.sampled_from(FINDINGS), min_size=1)
IDS = st.integers(1, 99_999_999)


def row(**cells: str) -> Row:
    return Row(2, **{**dict.fromkeys(Row._fields[1:], ""), **cells})


@given(WORDS, st.randoms())
def test_findings_are_read_in_any_order(words, random):
    shuffled = sorted(words)
    random.shuffle(shuffled)
    assert parse_findings(row(findings="|".join(shuffled)), "x.csv") == words


@given(st.text(st.characters(exclude_characters="|"), min_size=1).filter(str.strip), WORDS)
def test_any_other_word_is_refused_and_named(word, words):
    if word.strip() in {*FINDINGS, "No Finding", "No_Finding"}:
        return
    with pytest.raises(DataError, match="line 2"):
        parse_findings(row(findings="|".join([*sorted(words), word])), "x.csv")


@given(IDS, st.integers(0, 10))
def test_leading_zeros_do_not_make_another_patient(number, zeros):
    padded, plain = row(patient="0" * zeros + str(number)), row(patient=str(number))
    assert parse_patient(padded, "x.csv") == parse_patient(plain, "x.csv") == str(number)


@given(st.integers(0, 120))
def test_ages_in_years(years):
    assert parse_age(str(years)) == parse_age(f"{years:03d}Y") == parse_age(f"{years}y") == years


@given(st.integers(0, 24))
def test_ages_in_months_weeks_and_days(count):
    assert parse_age(f"{count:03d}M") == pytest.approx(count / 12)
    assert parse_age(f"{count:03d}W") == pytest.approx(count * 7 / 365.25)
    assert parse_age(f"{count:03d}D") == pytest.approx(count / 365.25)


@given(st.one_of(st.integers(121, 10**9).map(str), st.text().filter(lambda text: not text[:1].isdigit())))
def test_absurd_and_absent_ages_are_unknown(text):
    assert math.isnan(parse_age(text))


CELL = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n",')).map(str.strip)


@given(st.lists(st.tuples(CELL.filter(bool), CELL, CELL), min_size=1, max_size=5))
def test_rows_come_back_as_written(cells):
    lines = [f'{image},"{findings}",0,{patient},57,M,PA,1,2,3,4' for image, findings, patient in cells]
    rows = read_rows("\n".join([HEADER, *lines]).encode(), "x.csv")
    assert [(found.image, found.findings, found.patient) for found in rows] == cells
    assert [found.line for found in rows] == list(range(2, 2 + len(cells)))
    assert {(found.age, found.sex, found.view) for found in rows} == {("57", "M", "PA")}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    for data in (content, HEADER.encode() + b"\n" + content):
        try:
            read_rows(data, "x.csv")
        except DataError as error:
            if "x.csv" not in str(error):
                raise
