"""Which radiographs are shown with which findings."""

import numpy as np
import pandas as pd
import pytest

from xraykit.report import choose_examples
from xraykit.report.figures.examples import KINDS

LABELS = ["Mass", "Nodule", "Edema"]
THRESHOLDS = {"Mass": 0.5, "Nodule": 0.2, "Edema": None}


@pytest.fixture
def table():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"image": [f"{n}.png" for n in range(200)], "patient": "1", "part": "test"})
    for label in LABELS:
        table[label] = (random.uniform(size=200) < 0.3).astype(float)
        table[f"{label}_probability"] = random.uniform(size=200)
    table.loc[:99, "part"] = "validation"
    table.loc[150:160, "Mass"] = np.nan
    return table


def _shown(table, look):
    return table.set_index("image").loc[look.image]


def test_each_kind_is_what_it_says_and_of_the_test_part(table):
    looks = choose_examples(table, THRESHOLDS, LABELS, 2)
    assert [(look.label, look.kind) for look in looks] == [
        *((label, kind) for label in LABELS[:2] for kind in KINDS[:4] for _ in range(2)),
        *(("Edema", "unknown") for _ in range(2)),
    ]
    for look in looks:
        row = _shown(table, look)
        assert row["part"] == "test"
        assert look.probability == row[f"{look.label}_probability"]
        assert look.truth == bool(row[look.label])
        assert look.threshold == THRESHOLDS[look.label]
        if look.kind != "unknown":
            called = look.probability >= look.threshold
            assert look.kind == f"{'true' if called == look.truth else 'false'}_{'positive' if called else 'negative'}"


@pytest.mark.parametrize("kind", KINDS[:4])
def test_of_each_kind_the_most_confident_come_first(table, kind):
    few = [
        look for look in choose_examples(table, THRESHOLDS, LABELS, 3) if (look.label, look.kind) == ("Nodule", kind)
    ]
    all_of_them = [
        look.probability for look in choose_examples(table, THRESHOLDS, ["Nodule"], 500) if look.kind == kind
    ]
    assert [look.probability for look in few] == sorted(all_of_them, reverse=kind.endswith("positive"))[:3]


def test_every_known_radiograph_is_of_exactly_one_kind(table):
    looks = choose_examples(table, THRESHOLDS, ["Mass"], 500)
    assert len(looks) == len({look.image for look in looks}) == 100 - 11


def test_without_any_known_truth_the_kind_is_unknown(table):
    table["Mass"] = np.nan
    looks = choose_examples(table, THRESHOLDS, ["Mass"], 2)
    assert [(look.kind, look.truth) for look in looks] == [("unknown", None)] * 2
    assert looks[0].probability == table.loc[table["part"] == "test", "Mass_probability"].max()


def test_of_equals_the_first_is_taken_and_none_if_none_are_wanted(table):
    table["Mass_probability"] = 0.7
    test = table[table["part"] == "test"]
    (look, *_) = choose_examples(table, THRESHOLDS, ["Mass"], 1)
    assert look.image == test.loc[test["Mass"] == 1, "image"].iloc[0]
    assert choose_examples(table, THRESHOLDS, LABELS, 0) == []


def test_of_equal_probabilities_the_higher_logit_is_the_surer_call():
    table = pd.DataFrame(
        {
            "image": list("abcd"),
            "part": "test",
            "Mass": [1.0, 1.0, 0.0, 0.0],
            "Mass_logit": [1.0, 4.0, -1.0, -4.0],
            "Mass_probability": [0.9, 0.9, 0.1, 0.1],
        }
    )
    looks = choose_examples(table, {"Mass": 0.5}, ["Mass"], 1)
    assert [(look.kind, look.image) for look in looks] == [("true_positive", "b"), ("true_negative", "d")]
