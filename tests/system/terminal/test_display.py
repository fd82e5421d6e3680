"""How objects appear in a terminal and in a notebook."""

import numpy as np
import pandas as pd
import pytest

from xraykit import Experiment, Run
from xraykit.data import Catalog
from xraykit.system.terminal.display import Displayed, with_interval


class Shown(Displayed):
    def _display(self):
        return {"labels": "x" * 5000, "file": "<script>&.csv"}


def test_a_long_value_is_shortened_in_one_line():
    assert repr(Shown()) == str(Shown())
    assert len(repr(Shown())) < 200
    assert "\n" not in repr(Shown())


def test_html_is_escaped():
    shown = Shown()._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;&amp;.csv" in shown


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [(0.75, [0.7, 0.8], "0.750 (0.700 to 0.800)"), (0.75, None, "0.750"), (None, None, "not estimable")],
)
def test_a_metric_is_shown_with_its_interval(value, interval, expected):
    assert with_interval(value, interval) == expected


def test_a_run_shows_its_result_and_not_all_its_metrics(tmp_path):
    macro = {"roc_auc": 0.81, "roc_auc_interval": [0.78, 0.84]}
    run = Run(tmp_path, {"images": 59, "labels": {"Effusion": {"positives": 12_345}}, "macro": macro})
    assert "0.810 (0.780 to 0.840)" in repr(run)
    assert "0.810 (0.780 to 0.840)" in run._repr_html_()
    assert "12345" not in repr(run) + run._repr_html_()


def test_a_run_whose_winner_another_machine_trains_is_reported(tmp_path):
    assert "not evaluated here" in repr(Run(tmp_path, {}))


def test_an_experiment_shows_no_address_or_password():
    experiment = Experiment().with_values({"tracking.uri": "http://mallory:opensesame@tracker"})
    for shown in (repr(experiment), str(experiment), experiment._repr_html_()):
        assert "densenet121" in shown
        assert "opensesame" not in shown
        assert len(shown) < 1000


def test_a_catalog_shows_counts_and_no_patients():
    table = pd.DataFrame(
        {"image": ["a.png", "b.png"], "path": ["/x/a.png", "/x/b.png"], "patient": ["Doe^Jane"] * 2, "sex": ["F"] * 2,
         "age": [50.0] * 2, "view": ["PA"] * 2, "Effusion": np.float32([0, 1])}
    )  # fmt: skip
    catalog = Catalog(table, ("Effusion",), "labels.csv", "0" * 64)
    for shown in (repr(catalog), catalog._repr_html_()):
        assert "Effusion" in shown
        assert "Doe" not in shown
        assert "a.png" not in shown
