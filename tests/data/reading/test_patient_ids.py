"""One spelling for each patient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.data.reading.patient_ids import patient_ids
from xraykit.errors import DataError

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=1, max_size=5)
NUMBERS = st.integers(0, 10**20)
SPELLINGS = st.sampled_from(["{}", "00{}", "{}.0", "{}.00", "0{}.0", " {} ", "{},0"])


def ids_of(cells):
    return patient_ids(cells, range(2, 2 + len(cells)), "labels.csv").ids


@given(st.lists(st.tuples(NUMBERS, SPELLINGS), min_size=1, max_size=8))
def test_numbers_are_one_patient_however_they_are_spelled(rows):
    found = patient_ids([spelling.format(number) for number, spelling in rows], range(len(rows)), "x.csv")
    assert found.ids == tuple(str(number) for number, _ in rows)
    assert found.respelled == sum(spelling != "{}" for _, spelling in rows)


@given(st.lists(st.one_of(NAMES, NUMBERS.map(str)), min_size=1, max_size=8), st.randoms())
def test_names_that_differ_in_more_than_case_are_different_patients(cells, random):
    try:
        ids = ids_of(cells)
    except DataError:
        return
    numbers = {cell: cell.lstrip("0") or "0" for cell in cells if cell.isascii() and cell.isdecimal()}
    for one, first in zip(cells, ids, strict=True):
        for other, second in zip(cells, ids, strict=True):
            same = numbers.get(one, one.casefold()) == numbers.get(other, other.casefold())
            if same or not ("." in one + other or "," in one + other):
                assert (first == second) == same
    assert ids_of(ids) == ids
    shuffled = random.sample(range(len(cells)), len(cells))
    assert ids_of([cells[at] for at in shuffled]) == tuple(ids[at] for at in shuffled)


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        (["7", "7.0", "0007", "8"], ("7", "7", "7", "8")),
        (["13", "0013", "130"], ("13", "13", "130")),
        (["P01", "P1", "p01", " P01"], ("P01", "P1", "P01", "P01")),
        (["NA", "null", "None", "Bo"], ("NA", "null", "None", "Bo")),
        (["12.0", "12.1", "12.10"], ("12.0", "12.1", "12.10")),
        (["1A5", "1E5", "1F5"], ("1A5", "1E5", "1F5")),
        (["0A1", "A1"], ("0A1", "A1")),
        (["Mu\u0308ller", "M\u00fcller"], ("M\u00fcller", "M\u00fcller")),
        (["1.2.840.10008.1", "1.2.840.10008.10"], ("1.2.840.10008.1", "1.2.840.10008.10")),
    ],
)
def test_spellings_that_occur(cells, ids):
    assert ids_of(cells) == ids


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1", "1.3E+05"], "line 3, column 'Patient ID': '1.3E.05'.*spreadsheet has shortened"),
        (["P1", "1,3e+05"], "line 3.*spreadsheet has shortened"),
        (["1", "1E5"], "line 3.*spreadsheet has shortened"),
        (["1", ""], "line 3, column 'Patient ID': ''.*no patient id"),
        (["P1", "nan"], "line 3.*'nan'.*no patient id"),
        (["1", "NA"], "line 3.*'NA'.*no patient id"),
        (["1", "None"], "line 3.*no patient id"),
        (["12", "12.0", "12.5"], "12.0 and 12 may be one patient or two"),
    ],
)
def test_ids_that_may_merge_or_split_patients_are_refused_with_their_line(cells, reason):
    with pytest.raises(DataError, match=reason):
        ids_of(cells)


def test_patients_spelled_in_several_ways_are_counted():
    found = patient_ids(["7", "07", "8", "P1", "p1"], range(5), "x.csv")
    assert (found.respelled, found.several_spellings) == (2, 2)
