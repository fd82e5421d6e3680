"""A metric that is added to ``METRICS`` is in every output."""

import json
import re

import numpy as np
import pytest

from tests.report.made_up_run import made_up_run
from tests.report.page import Page
from xraykit.errors import RegistryError
from xraykit.evaluation import format_metrics
from xraykit.evaluation.metric_table import METRICS, Metric, add_metric
from xraykit.evaluation.statistics.resampling import ratio
from xraykit.pipeline.reporting import track_results
from xraykit.report import write_comparison, write_report
from xraykit.tracking import NoTracker

pytestmark = pytest.mark.slow

LABELS = ("Effusion", "Mass", "Nodule")


class RecordingTracker(NoTracker):
    """Keeps the metrics that it is given."""

    def __init__(self):
        self.metrics = {}

    def log_metrics(self, metrics, step=None):
        self.metrics |= metrics


@pytest.fixture
def jaccard():
    """The share of true positives among the cases that are positive, called positive, or both."""
    before = dict(METRICS)
    yield add_metric(
        Metric(
            "jaccard_index",
            "Jaccard index",
            short="Jacc.",
            shown=frozenset({"console", "operating points", "compare", "cross-fitting"}),
            of_counts=lambda c: ratio(c.tp, c.tp + c.fp + c.fn),
        )
    )
    METRICS.clear()
    METRICS.update(before)


def test_a_new_metric_is_in_all_outputs(jaccard, tmp_path):
    run = made_up_run(tmp_path / "run", LABELS)
    metrics = json.loads(run.metrics.read_text())
    label = metrics["labels"]["Effusion"]
    assert label["jaccard_index"] == pytest.approx(label["f1"] / (2 - label["f1"]), abs=1e-12)
    low, high = label["jaccard_index_interval"]
    assert 0 < low < label["jaccard_index"] < high < 1
    assert {"jaccard_index", "jaccard_index_interval"} <= metrics["macro"].keys()
    assert re.search(r"^label .*Jacc\.", format_metrics(metrics), re.MULTILINE)
    shown = f"{label['jaccard_index']:.3f} ({low:.3f}–{high:.3f})"
    rows = Page(write_report(run)).sections["operating-points"]["rows"]
    assert rows[1][rows[0].index("Jaccard index")] == shown
    page = Page(write_comparison([run, run], tmp_path / "comparison.html"))
    assert "Jaccard index" in page.text("operating-points")
    assert ["Effusion", shown, shown] in page.sections["operating-points"]["rows"]
    tracker = RecordingTracker()
    track_results(tracker, run, metrics)
    assert tracker.metrics["test/Effusion/jaccard_index"] == label["jaccard_index"]
    assert tracker.metrics["test/macro/jaccard_index"] == metrics["macro"]["jaccard_index"]


def test_balanced_accuracy_and_matthews_correlation_are_in_all_outputs(tmp_path):
    run = made_up_run(tmp_path / "run", LABELS)
    metrics, tracker = json.loads(run.metrics.read_text()), RecordingTracker()
    track_results(tracker, run, metrics)
    report, comparison = Page(write_report(run)), Page(write_comparison([run, run], tmp_path / "page.html"))
    for name in ("balanced_accuracy", "matthews_correlation"):
        title = METRICS[name].title
        assert metrics["labels"]["Effusion"][f"{name}_interval"] is not None
        assert title in report.sections["operating-points"]["rows"][0]
        assert title in comparison.text("operating-points")
        assert np.isfinite(tracker.metrics[f"test/Effusion/{name}"])


def test_a_metric_of_an_existing_name_is_refused(jaccard):
    assert add_metric(jaccard) is jaccard
    with pytest.raises(RegistryError, match="already is a metric 'f1'"):
        add_metric(Metric("f1", "Mine"))
