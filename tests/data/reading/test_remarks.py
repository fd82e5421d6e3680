"""What of a label file was not understood, in sentences that name nobody."""

from dataclasses import replace

import pandas as pd

from xraykit.data.catalog import Catalog
from xraykit.data.reading.remarks import reading_facts, remarks

ABOUT = {"image": ["a.png"], "path": ["a.png"], "patient": ["1"], "sex": ["M"], "age": [50.0], "view": ["PA"]}
CATALOG = Catalog(pd.DataFrame({**ABOUT, "Mass": [1.0]}), ("Mass",), "labels.csv", "0")


def test_spellings_are_counted_and_named():
    facts = reading_facts(replace(CATALOG, not_understood={"sex": {"männlich": 7, "w": 3}}))
    assert facts["not_understood"]["sex"] == {"radiographs": 10, "values": 2, "examples": {"männlich": 7, "w": 3}}
    assert remarks(facts) == [
        "10 radiographs with a sex that was not understood and counts as unknown: 'männlich' (7), 'w' (3)."
    ]


def test_a_column_of_names_or_numbers_is_counted_and_not_copied():
    facts = reading_facts(replace(CATALOG, not_understood={"sex": {f"Patient {n}": 2 for n in range(40)}}))
    assert facts["not_understood"]["sex"] == {"radiographs": 80, "values": 40, "examples": {}}
    [said] = remarks(facts)
    assert said.endswith("counts as unknown, with 40 different values.")
    assert "Patient" not in said


def test_dates_are_counted_and_not_copied():
    dates = ["22.07.1933", "1933-07-22", "7/22/33", "19330722", "22. 7. 1933", "22 Jul 1933", "1933-07-22 00:00:00"]
    facts = reading_facts(replace(CATALOG, not_understood={"age": {**dict.fromkeys(dates, 9), "adult": 1, "5-6": 1}}))
    assert facts["not_understood"]["age"]["examples"] == {"5-6": 1, "adult": 1}
    [sentence] = remarks(facts)
    assert sentence.endswith("'5-6' (1), 'adult' (1) and 7 more.")
    facts = reading_facts(replace(CATALOG, not_understood={"age": dict.fromkeys(dates, 1)}))
    assert remarks(facts)[0].endswith("with 7 different values.")
