"""The section of an ensemble: its numbers are those of the run, and it claims no more than its intervals support."""

import json

import pytest

from tests.report.page import Page
from xraykit.errors import DataError
from xraykit.report import write_report
from xraykit.report.sections.ensemble.gain import _VERDICTS
from xraykit.report.sections.model_card import _described


@pytest.fixture(autouse=True)
def without_figures(monkeypatch):
    """Drawing takes longest, and is not the point here."""
    names = ("roc_curves", "precision_recall", "reliability", "training_curves", "prevalence")
    monkeypatch.setattr("xraykit.report.document.draw_figures", lambda run: {})
    monkeypatch.setattr("xraykit.report.document.embedded_figures", lambda drawn: dict.fromkeys(names, "data:,"))


def compared(first, second, interval, **more):
    difference = None if first is None or second is None else second - first
    return {
        "roc_auc": [first, second],
        "roc_auc_difference": difference,
        "roc_auc_difference_interval": interval,
        **more,
    }


def gain(labels, verdict="better", few=()):
    interval = {"better": [0.01, 0.09], "worse": [-0.09, -0.01], "not_shown": [-0.02, 0.04], "not_judged": None}[
        verdict
    ]
    return {
        "verdict": verdict,
        "macro": compared(0.6, 0.65, interval, few_cases=list(few)),
        "macro_enough_cases": compared(0.61, 0.655, interval, few_cases=[]),
        "labels": {
            label: compared(0.7, None if label in few else 0.75, None, positives=12, negatives=1300) for label in labels
        },
    }


def facts(labels, **changes):
    return {
        "members": [
            {
                "name": f"fold-{fold}",
                "fold": fold,
                "seed": 7,
                "epoch": 3 + fold,
                "epochs": 9,
                "validation_roc_auc": 0.7,
                "score": 0.6 + fold / 100,
                "test": {"roc_auc": 0.61 + fold / 100, "roc_auc_interval": [0.5, 0.7]},
            }
            for fold in range(2)
        ],
        "best_member": "fold-1",
        "chosen_by": "out_of_fold",
        "rule_fitted_on": "out_of_fold",
        "folds": {
            "each": [
                {
                    "fold": fold,
                    "images": 1000 + fold,
                    "patients": 500 + fold,
                    "macro": {"roc_auc": 0.62 + fold / 10, "average_precision": 0.2},
                    "labels": {
                        label: {"roc_auc": 0.64 + fold / 10, "average_precision": 0.1, "positives": 9, "negatives": 90}
                        for label in labels[1:]
                    },
                }
                for fold in range(2)
            ],
            "roc_auc": {"lowest": 0.62, "mean": 0.67, "highest": 0.72},
            "average_precision": {"lowest": 0.2, "mean": 0.2, "highest": 0.2},
        },
        "spread": {
            label: {"median": 0.05, "p90": 0.125, "largest": 0.5}
            if label == labels[0]
            else {"median": None, "p90": None, "largest": None}
            for label in labels
        },
        "gain": gain(labels),
        "gain_why": None,
        **changes,
    }


@pytest.fixture
def page(small_run):
    """The page of a run that is an ensemble."""

    def made(**changes):
        metrics = json.loads(small_run.metrics.read_text())
        found = facts(list(metrics["labels"]), **changes)
        small_run.write_json(small_run.metrics, {**metrics, "ensemble": found})
        return Page(write_report(small_run)), metrics

    return made


def test_members_stand_beside_the_ensemble(page):
    shown, metrics = page()
    rows = shown.rows("ensemble")
    assert rows["fold-0"] == ["7", "3 of 9", "0.600", "0.610 (0.500–0.700)"]
    assert rows["fold-1"] == ["7", "4 of 9", "0.610 best", "0.620 (0.500–0.700)"]
    assert rows["The ensemble"][3].startswith(f"{metrics['macro']['roc_auc']:.3f}")
    text = shown.text("ensemble")
    assert "ensemble of 2 networks" in text
    assert "fitted on out-of-fold predictions" in text
    assert "the best member may have the easiest fold" in text


@pytest.mark.parametrize("verdict", list(_VERDICTS))
def test_the_verdict_is_that_of_the_interval(page, verdict):
    metrics_labels = ["a", "b"]
    shown, _ = page(gain=gain(metrics_labels, verdict, few=["b"]))
    text = shown.text("ensemble")
    assert _VERDICTS[verdict].format(best="fold-1") in text
    others = [_VERDICTS[name].format(best="fold-1") for name in _VERDICTS if name != verdict]
    assert not [words for words in others if words in text]
    assert "Difference of the macro ROC AUC: +0.045" in text
    assert ("95 % interval 0.010 to 0.090" in text) == (verdict == "better")
    assert "without findings with few cases (b)" in text
    assert shown.rows("ensemble")["b"] == ["0.700", "–", "– 12 pos., 1,300 neg."]


def test_spread_and_folds_are_shown_and_what_is_unknown_is_named(page):
    shown, metrics = page()
    first, second = list(metrics["labels"])[:2]
    rows = [row for row in shown.sections["ensemble"]["rows"] if row and row[0] == first]
    assert rows[1][1:] == ["0.05", "0.12", "0.50"]
    assert rows[2][2:] == ["–", "–"]
    rows = [row for row in shown.sections["ensemble"]["rows"] if row and row[0] == second]
    assert rows[1][1:] == ["–", "–", "–"]
    assert rows[2][2:] == ["0.640 9 pos., 90 neg.", "0.740 9 pos., 90 neg."]
    text = shown.text("ensemble")
    assert f"Fewer than two members can be compared for {second}" in text
    assert "0.620 to 0.720" in text
    assert "no standard error" in text
    assert "1,000 radiographs of 500 patients" in text


def test_without_held_out_patients_there_is_no_gain(page):
    members = [{**each, "test": None} for each in facts(["a"])["members"]]
    shown, _ = page(gain=None, gain_why="no_held_out_part", members=members, spread=None)
    text = shown.text("ensemble")
    assert "no patients were held out" in text
    assert "is better" not in text
    assert "The ensemble" not in shown.rows("ensemble")
    assert "Spread" not in text


def test_what_the_training_part_of_folds_is_stands_below_its_numbers(page):
    assert "Each network learns from those outside its own fold" in page()[0].text("data")
    assert "outside its own fold" not in page(folds=None, chosen_by="validation")[0].text("data")


def test_a_difference_that_is_rounded_to_0_has_no_sign(page):
    labels = facts(["a"])["gain"]
    labels["labels"]["a"] |= {"roc_auc": [0.894, 0.8937], "roc_auc_difference": -0.0003}
    assert page(gain=labels)[0].rows("ensemble")["a"][2].startswith("0.000")
    labels["labels"]["a"] |= {"roc_auc_difference": -0.0103}
    assert page(gain=labels)[0].rows("ensemble")["a"][2].startswith("−0.010")


def test_the_model_card_names_the_members_without_the_numbers_of_their_golden_picture():
    members = [{"file": f"members/{number}/model.keras", "sha256": "ab", "golden_logits": [0.41]} for number in (1, 2)]
    shown = dict(_described({"members": [{**each, "seed": 7} for each in members]}))
    assert shown == {"members": "file: members/1/model.keras, seed: 7; file: members/2/model.keras, seed: 7"}


def test_members_with_the_same_parts_have_no_folds(page):
    members = [{**each, "fold": None} for each in facts(["a"])["members"]]
    shown, _ = page(folds=None, chosen_by="validation", rule_fitted_on="validation", members=members)
    assert "out-of-fold" not in shown.text("ensemble").lower()
    assert "highest score on its validation part" in shown.text("ensemble")
    assert "with a member's folder, members/NAME, draws its training curves" in shown.text("training")


def test_a_single_network_has_no_such_section(small_run):
    assert "ensemble" not in Page(write_report(small_run)).sections


def test_facts_that_are_not_as_expected_are_an_error(page):
    with pytest.raises(DataError, match=r"ensemble.chosen_by"):
        page(chosen_by="test")
