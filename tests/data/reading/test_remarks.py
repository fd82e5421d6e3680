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
