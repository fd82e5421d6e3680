"""No more groups than a person can read."""

import numpy as np
import pytest

from tests.worklist.made_up_run import SPLIT, fitted_decision_rule, made_up_predictions
from xraykit.config import Evaluation, SplitRecord
from xraykit.config.evaluation_section import MOST_GROUPS
from xraykit.evaluation.predictions import assess
from xraykit.evaluation.predictions.groups import pooled


def test_rare_values_are_put_together_and_counted_and_unknown_ones_stay_apart(caplog):
    values = np.array(["a"] * 5 + ["b"] * 4 + ["c", "d", "e", np.nan, " "], dtype=object)
    groups = pooled(values, "site", most=3)
    assert groups.tolist()[:-2] == ["a"] * 5 + ["b"] * 4 + ["other (3 values)"] * 3
    assert "it has 5 values. The 2 most frequent" in caplog.text
    assert pooled(values, "site", most=5) is values


def test_the_groups_do_not_depend_on_the_order_of_the_rows():
    values = np.array([f"{number % 40:02}" for number in range(100)], dtype=object)
    groups = pooled(values, "site")
    np.testing.assert_array_equal(pooled(values[::-1], "site"), groups[::-1])
    assert len(set(groups)) == MOST_GROUPS


@pytest.mark.parametrize("values", [180])
def test_a_column_with_180_values_has_metrics_of_20_groups(values):
    table = made_up_predictions()
    table.insert(6, "device", [f"D{number % values:03}" for number in range(len(table))])
    settings = Evaluation(resamples=0, subgroups=("device",))
    found = assess(table, fitted_decision_rule(table), settings, SplitRecord.read(SPLIT), seed=0)["subgroups"]["device"]
    assert len(found) == MOST_GROUPS
    assert sum(each["images"] for each in found.values()) == int((table["part"] == "test").sum())
    assert f"other ({values - MOST_GROUPS + 1} values)" in found
