"""What is known of an overlap from names and label files alone."""

from xraykit.bundle import Contamination
from xraykit.evaluate.warnings import warnings_of

FACTS = {
    "overlap": {"same_label_file": True, "same_names": {"validation": 4, "test": 3}},
    "input_check": {"share": 0.01, "flagged": 1, "radiographs": 100},
    "collection": {"unreadable": 0, "patients_known": True},
    "labels": {"only_model": [], "only_collection": []},
}
METRICS = {"labels": {}, "macro": {}}


def met(recorded, complete=True):
    return Contamination(recorded=recorded, complete=complete, radiographs=100).as_values()


def test_without_a_record_of_the_training_label_file_and_names_are_warned_of():
    words = " ".join(warnings_of({**FACTS, "contamination": met(False)}, METRICS))
    assert "The label file is the one that the network was trained with" in words
    assert "4 of its validation part and 3 of its test part" in words


def test_a_record_replaces_them_but_for_the_test_part_that_is_compared_with():
    words = " ".join(warnings_of({**FACTS, "contamination": met(True)}, METRICS))
    assert "label file" not in words
    assert "radiographs of the run: 3 of its test part. If" in words


def test_many_flags_are_warned_of_with_what_is_expected():
    facts = {**FACTS, "contamination": met(True), "input_check": {"share": 0.4, "flagged": 40, "radiographs": 100}}
    assert any("40 of 100 radiographs (40 %) are flagged" in each for each in warnings_of(facts, METRICS))
