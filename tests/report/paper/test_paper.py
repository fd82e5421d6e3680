"""Methods and checklists: every sentence follows from a file of the run; the rest is left to the authors."""

import io
import json
import shutil

import pandas as pd
import pytest
import yaml

from tests.report.page import Page
from xraykit.report import write_report
from xraykit.report.paper import CHECKLISTS, PaperFacts, answers, methods, write_paper
from xraykit.report.paper.answers import OPEN
from xraykit.runs import FinishedRun


def _topics(folder):
    return {topic.name: topic.text for topic in methods(PaperFacts(FinishedRun.open(folder.path)))}


def _with_settings(folder, **sections):
    values = yaml.safe_load(folder.experiment.read_text())
    for name, changes in sections.items():
        values[name] = {**(values.get(name) or {}), **changes}
    folder.write_text(folder.experiment, yaml.safe_dump(values))
    return folder


def _with_metrics(folder, **changes):
    folder.write_json(folder.metrics, {**json.loads(folder.metrics.read_text()), **changes})
    return folder


class TestMethods:
    def test_numbers_are_those_of_the_run(self, small_run):
        topics, data = _topics(small_run), json.loads(small_run.data.read_text())
        for name, words in (("train", "training"), ("validation", "validation"), ("test", "test")):
            part = data["parts"][name]
            assert (
                f"The {words} part has {part['images']} radiographs of {part['patients']} patients." in topics["data"]
            )
        assert "by patient 70/10/20, seed 7" in topics["split"]
        assert "epoch 4 of 6" in topics["selection"]
        assert "Platt scaling" in topics["calibration"]
        assert "densenet121" in topics["network"]
        assert "xraykit 0.1.0" in topics["software"]

    @pytest.mark.parametrize(
        ("section", "changes", "topic", "there", "not_there"),
        [
            ("training", {"optimizer": "lion"}, "training", "optimizer lion", "adam"),
            ("training", {"weighted_loss": False}, "training", "cross-entropy", "weighed"),
            ("training", {"loss": "asymmetric"}, "training", "asymmetric loss", "weighed"),
            ("training", {"mixup": 0.2}, "training", "Mixup: 0.2", "Label smoothing"),
            ("training", {"augmentation": {"flip": True}}, "training", "flips", "not flipped"),
            ("training", {"augmentation": {"shift": 0.0}}, "training", "not augmented", "shift"),
            ("training", {"trainer": "linear_probe"}, "training", "logistic regression", "optimizer"),
            ("training", {"trainer": "fine_tune"}, "training", "two stages", "logistic"),
            ("training", {"plateau": None}, "training", "optimizer", "lowered"),
            ("training", {"early_stopping": None}, "selection", "epoch 4", "stops after"),
            ("model", {"weights": None}, "network", "random", "published"),
            ("model", {"weights": "imagenet"}, "network", "published weights (imagenet)", "random"),
            ("model", {"weights": "/home/me/secret.keras"}, "network", "weights of a file", "secret"),
        ],
    )
    def test_a_setting_is_stated_and_its_opposite_is_not(self, small_run, section, changes, topic, there, not_there):
        found = _topics(_with_settings(small_run, **{section: changes}))[topic]
        assert there in found
        assert not_there not in found

    def test_without_a_file_there_is_no_sentence_of_it(self, small_run):
        small_run.experiment.unlink()
        small_run.data.unlink()
        shutil.rmtree(small_run.bundle)
        topics = _topics(small_run)
        assert "training" not in topics
        assert "network" not in topics
        assert "preprocessing" not in topics
        assert "software" not in topics
        assert "part has" not in topics["data"]

    def test_what_was_not_calibrated_is_not_said_to_be(self, small_run):
        metrics = json.loads(small_run.metrics.read_text())
        found = metrics["calibration"]
        _with_metrics(small_run, calibration={**found, "method": "none"})
        assert _topics(small_run)["calibration"] == "Probabilities were not calibrated."
        _with_metrics(small_run, calibration=None)
        assert "calibration" not in _topics(small_run)

    def test_without_intervals_none_are_stated(self, small_run):
        metrics = json.loads(small_run.metrics.read_text())
        plain = {label: {**each, "roc_auc_interval": None} for label, each in metrics["labels"].items()}
        assert "95 % intervals" in _topics(small_run)["statistics"]
        assert "95 % intervals" not in _topics(_with_metrics(small_run, labels=plain))["statistics"]

    def test_phantoms_are_called_simulated(self, small_run):
        assert "simulated" in _topics(_with_settings(small_run, data={"format": "phantom"}))["data"]
        assert "simulated" not in _topics(_with_settings(small_run, data={"format": "nih"}))["data"]

    def test_versions_and_hardware_are_those_of_the_environment(self, small_run):
        start = {"xraykit": "0.2.0", "python": "3.12.1", "framework": {"keras": "3.9"}, "accelerators": ["Made-up GPU"]}
        small_run.write_json(small_run.path / "environment.json", {"version": 1, "starts": [{}, start]})
        software = _topics(small_run)["software"]
        for words in ("xraykit 0.2.0", "Python 3.12.1", "Keras 3.9", "Trained on: Made-up GPU."):
            assert words in software
        (small_run.path / "environment.json").write_text("{")
        assert "xraykit 0.1.0" in _topics(small_run)["software"]


class TestChecklists:
    def test_each_has_all_items_once_and_in_order(self):
        tripod, claim = CHECKLISTS
        assert [item.number for item in claim.items] == [str(number) for number in range(1, 45)]
        numbers = [item.number for item in tripod.items]
        assert len(set(numbers)) == len(numbers) == 52
        assert list(dict.fromkeys(int(number.rstrip("abcdefg")) for number in numbers)) == list(range(1, 28))

    def test_each_topic_is_known(self, full_run):
        facts = PaperFacts(FinishedRun.open(full_run.path))
        for checklist in CHECKLISTS:
            for answer in answers(facts, checklist):
                assert answer.text
                assert answer.is_open == (answer.found == "" and answer.text == OPEN)

    def test_what_no_run_knows_is_left_to_the_authors(self, full_run):
        facts = PaperFacts(FinishedRun.open(full_run.path))
        tripod, claim = ({each.item.number: each for each in answers(facts, one)} for one in CHECKLISTS)
        for number in ("1", "2", "5b", "6c", "8b", "8c", "17", "18a", "18b", "18d", "19", "25", "26"):
            assert tripod[number].is_open
        for number in ("4", "5", "11", "13", "16", "18", "34", "40", "41", "44"):
            assert claim[number].is_open
        assert "How these numbers were chosen: to be filled in by the authors." in tripod["10"].text
        assert "by patient 70/10/20" in claim["19"].text

    def test_a_run_without_files_answers_less(self, small_run):
        before = sum(each.is_open for each in answers(PaperFacts(FinishedRun.open(small_run.path)), CHECKLISTS[1]))
        small_run.experiment.unlink()
        small_run.data.unlink()
        shutil.rmtree(small_run.bundle)
        after = sum(each.is_open for each in answers(PaperFacts(FinishedRun.open(small_run.path)), CHECKLISTS[1]))
        assert after > before


def test_the_files_are_written_with_the_report_and_go_to_the_tracker(small_run):
    page = Page(write_report(small_run))
    files = (small_run.methods, small_run.checklist, small_run.checklist_table)
    assert {(path, "") for path in files} <= set(small_run.artifacts())
    table = pd.read_csv(io.StringIO(small_run.checklist_table.read_text(encoding="utf-8-sig")), dtype=str)
    assert len(table) == sum(len(checklist.items) for checklist in CHECKLISTS)
    assert all("secret-" not in path.read_text(encoding="utf-8") for path in files)
    assert "by patient 70/10/20" in page.text("methods")
    # A label that looks like HTML stays text in Markdown, too.
    assert "<script>" not in small_run.methods.read_text(encoding="utf-8")


def test_a_damaged_experiment_does_not_stop_the_paper(small_run):
    small_run.experiment.write_text("training: [")
    write_paper(FinishedRun.open(small_run.path))
    assert "**Split.**" in small_run.methods.read_text(encoding="utf-8")
