from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, recall_score

from xraykit.config import Rule
from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint, roc_auc
from xraykit.recalibrate.label_metrics import brier_change, metrics_of
from xraykit.recalibrate.notes import notes
from xraykit.recalibrate.recalibration import RecalibrationSettings, recalibrate, sample_table
from xraykit.recalibrate.sample import Sample
from xraykit.recalibrate.scoring import Scored

LABELS = ("Mass", "Nodule", "Hernia")
OLD = DecisionRule(
    dict.fromkeys(LABELS, Calibration()),
    {label: OperatingPoint(Rule("sensitivity", 0.8), 0.5) for label in LABELS},
    "validation",
)
QUICK = RecalibrationSettings(resamples=200)


def sample(size=400, seed=0):
    """Mass is shifted, Nodule rare, Hernia without a column; logits ``(n, 3)``."""
    drawn = np.random.default_rng(seed)
    logits = drawn.normal(size=(size, 3)) * 2
    targets = np.full((size, 3), np.nan)
    targets[:, 0] = drawn.random(size) < 1 / (1 + np.exp(2 - logits[:, 0]))
    targets[:, 1] = np.arange(size) < 3
    images = tuple(f"{number}.png" for number in range(size))
    return Sample(images, (), np.array([f"{n // 2}" for n in range(size)]), True, targets, ("Hernia",), ()), logits


def test_a_label_is_fitted_where_the_sample_allows_and_else_kept_with_its_reason():
    made = recalibrate(OLD, *sample(), "ours.csv", QUICK)
    assert made.refitted == ["Mass"]
    assert made.decision_rule.calibrations["Mass"].method == "platt"
    assert made.decision_rule.calibrations["Mass"].intercept == pytest.approx(-2, abs=0.5)
    for label in ("Nodule", "Hernia"):
        assert made.decision_rule.calibrations[label] == OLD.calibrations[label]
        assert made.decision_rule.points[label] == OLD.points[label]
    assert "2 patients with a positive" in made.labels["Nodule"]["reason"]
    assert made.labels["Hernia"]["reason"] == "The sample has no column for it."
    assert made.decision_rule.fitted_on == "ours.csv (400 radiographs); Nodule, Hernia: validation"


def test_each_label_keeps_its_own_rule_unless_another_is_asked_for():
    asked = RecalibrationSettings(rule=Rule("f1"), resamples=0)
    assert recalibrate(OLD, *sample(), "ours.csv", QUICK).decision_rule.points["Mass"].rule == Rule("sensitivity", 0.8)
    assert recalibrate(OLD, *sample(), "ours.csv", asked).decision_rule.points["Mass"].rule == Rule("f1")


def test_metrics_after_are_cross_fitted_and_paired_with_those_before():
    given, logits = sample()
    mass = recalibrate(OLD, given, logits, "ours.csv", QUICK).labels["Mass"]
    assert mass["before"]["brier"] == pytest.approx(
        brier_score_loss(given.targets[:, 0], OLD.probabilities(logits)[:, 0])
    )
    assert mass["brier_change"] == pytest.approx(mass["after"]["brier"] - mass["before"]["brier"])
    assert mass["brier_change_interval"][1] < 0
    assert mass["after"]["ece"] < mass["before"]["ece"]
    assert mass["after"]["sensitivity"] == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(("positives", "known"), [(9, False), (10, True)])
def test_a_change_of_brier_scores_has_no_interval_where_few_patients_have_the_finding(positives, known):
    y = (np.arange(60) < positives).astype(float)
    before, after = np.random.default_rng(0).random((2, 60))
    change = brier_change(y, before, after, np.arange(60), 200, 0)
    assert change["brier_change"] == pytest.approx(np.mean((after - y) ** 2 - (before - y) ** 2))
    assert (change["brier_change_interval"] is not None) is known


def test_a_label_that_the_network_hardly_tells_is_reported_to_be_unstable():
    given, logits = sample()
    logits[:, 1] = np.random.default_rng(3).normal(size=400)
    given.targets[:, 1] = np.arange(400) % 2
    made = recalibrate(OLD, given, logits, "ours.csv", RecalibrationSettings(resamples=0))
    assert 0 < made.labels["Nodule"]["failed_folds"] < 5
    assert made.labels["Mass"]["failed_folds"] == 0
    said = notes(made, Scored(given, logits, {}, {}), None)
    assert [note for note in said if note.startswith("Unstable: Nodule. Without some of the patients")]


def test_where_nothing_can_be_fitted_the_rule_stays_and_metrics_before_are_given_with_the_reasons():
    given, logits = sample(size=30)
    made = recalibrate(OLD, given, logits, "ours.csv", QUICK)
    assert made.refitted == []
    assert made.decision_rule == OLD
    assert "20 of each are needed" in made.labels["Mass"]["reason"]
    assert made.labels["Mass"]["after"] is None
    assert made.labels["Mass"]["before"]["roc_auc"] == pytest.approx(roc_auc(given.targets[:, 0], logits[:, 0]))
    assert "No label can be fitted again" in notes(made, Scored(given, logits, {}, {}), None)[0]


def test_the_order_of_the_radiographs_is_the_same_before_and_after_but_for_ties_of_steps():
    given, logits = sample(size=4000)
    mass = recalibrate(OLD, given, logits, "ours.csv", QUICK).labels["Mass"]
    assert mass["before"]["roc_auc"] == mass["after"]["roc_auc"] == roc_auc(given.targets[:, 0], logits[:, 0])
    assert mass["before"]["roc_auc_interval"] == mass["after"]["roc_auc_interval"]
    assert mass["before"]["observed_expected"] < 0.7
    assert mass["after"]["observed_expected"] == pytest.approx(1, abs=0.05)
    steps = RecalibrationSettings("isotonic", resamples=0)
    after = recalibrate(OLD, given, logits, "ours.csv", steps).labels["Mass"]["after"]
    assert after["roc_auc"] != mass["after"]["roc_auc"]
    assert after["roc_auc"] == pytest.approx(mass["after"]["roc_auc"], abs=0.01)


def test_metrics_are_those_of_scikit_learn():
    drawn = np.random.default_rng(3)
    y, p = (drawn.random(200) < 0.3) * 1.0, drawn.random(200)
    calls = (p > 0.6) * 1.0
    metrics = metrics_of(y, p, calls, np.arange(200), 50, 0)
    assert metrics["sensitivity"] == pytest.approx(recall_score(y, calls))
    assert metrics["specificity"] == pytest.approx(recall_score(1 - y, 1 - calls))
    assert metrics["specificity_interval"][0] < metrics["specificity"] < metrics["specificity_interval"][1]
    assert metrics_of(y, p, np.full(200, np.nan), np.arange(200), 50, 0)["sensitivity"] is None


def test_the_table_of_the_sample_names_no_patient():
    given, logits = sample()
    given = replace(given, patients=np.array([f"MRN-{name}" for name in given.patients]))
    table = sample_table(given, logits, OLD)
    assert not table.astype(str).apply(lambda column: column.str.contains("MRN")).any().any()
    assert table["patient"].nunique() == 200
    np.testing.assert_allclose(table["Mass_probability"], 1 / (1 + np.exp(-logits[:, 0])))


def test_a_label_that_was_not_trained_stays_so_however_many_positives_there_are():
    point = OperatingPoint(Rule("youden"), None, "Not trained.", "not_trained")
    old = replace(OLD, points={**OLD.points, "Nodule": point}, untrained={"Nodule": "Not trained."})
    given, logits = sample()
    given.targets[:, 1] = np.arange(400) % 2
    made = recalibrate(old, given, logits, "ours.csv", QUICK)
    assert made.refitted == ["Mass"]
    assert made.decision_rule.untrained == {"Nodule": "Not trained."}
    nodule = made.labels["Nodule"]
    assert (nodule["trained"], nodule["reason_code"], nodule["positives"]) == (False, "not_trained", 200)
    assert nodule["before"]["brier"] is None
    assert sample_table(given, logits, made.decision_rule)["Nodule_probability"].isna().all()
    assert "Nodule has no probabilities: Not trained." in notes(made, Scored(given, logits, {}, {}), None)
