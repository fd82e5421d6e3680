import logging
import threading

import pytest

from xraykit.tracking import lane as lanes
from xraykit.tracking.lane import Lane
from xraykit.tracking.recorded import RecordedTracker, Recorder
from xraykit.tracking.several import SeveralTrackers


class Notes(Recorder):
    """Keeps what it is given; fails where it is to."""

    def __init__(self, failing=(), notes=None):
        self.failing = failing
        self.notes = [] if notes is None else notes

    def _note(self, kind, *values):
        if kind in self.failing:
            raise OSError(f"{kind} is impossible")
        self.notes.append((kind, *values))

    def open(self):
        self._note("open")

    def parameters(self, values):
        self._note("parameters", values)

    def metrics(self, values, step):
        self._note("metrics", values, step)

    def tags(self, values):
        self._note("tags", values)

    def dataset(self, dataset):
        self._note("dataset", dataset)

    def description(self, text):
        self._note("description", text)

    def name(self, text):
        self._note("name", text)

    def child(self, name):
        return Notes(self.failing, self.notes)

    def close(self, state, reason):
        self._note("close", state, reason)


def tracker_of(recorder, **options):
    return RecordedTracker(recorder, Lane("notes", str), **options)


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_everything_is_recorded_in_order(caplog):
    notes = Notes()
    with tracker_of(notes) as tracker:
        tracker.log_parameters({"a": {"b": 1}, "uri": "postgresql://me:secret@host/db"})
        tracker.log_epoch({"epoch": 2, "loss": 0.5, "auc": None, "stage": "head"})
        tracker.log_metrics({"odd": float("nan")})
    assert notes.notes == [
        ("open",),
        ("parameters", {"a.b": 1, "uri": "postgresql://me:***@host/db"}),
        ("metrics", {"epoch/loss": 0.5}, 2),
        ("close", "complete", None),
    ]
    assert warnings(caplog) == []


def test_a_tracker_that_fails_costs_two_warnings_and_the_others_get_everything(caplog):
    broken, whole = Notes(failing={"metrics", "close"}), Notes()
    with SeveralTrackers([tracker_of(broken), tracker_of(whole)]) as tracker:
        for epoch in (1, 2):
            tracker.log_metrics({"loss": 1.0}, step=epoch)
        tracker.set_tags({"a": "b"})
    assert [note[0] for note in broken.notes] == ["open", "tags"]
    assert [note[0] for note in whole.notes] == ["open", "metrics", "metrics", "tags", "close"]
    first, last = warnings(caplog)
    assert "notes failed (OSError: metrics is impossible). Training continues" in first
    assert "3 records missing" in last


def test_of_a_run_that_could_not_be_opened_nothing_else_is_tried(caplog):
    notes = Notes(failing={"open"})
    with tracker_of(notes) as tracker:
        tracker.set_tags({"a": "b"})
    assert notes.notes == []
    assert len(warnings(caplog)) == 2


def test_a_tracker_that_hangs_does_not_hold_the_end_of_the_run(caplog, monkeypatch):
    monkeypatch.setenv("XRAYKIT_TRACKING_END_SECONDS", "0.2")
    released = threading.Event()
    notes = Notes()
    notes.open = lambda: released.wait(30)
    with tracker_of(notes) as tracker:
        tracker.set_tags({"a": "b"})
    assert "3 records missing, as it answers too slowly" in warnings(caplog)[-1]
    released.set()


def test_a_guest_records_its_children_only():
    notes = Notes()
    with tracker_of(notes, guest=True) as tracker:
        tracker.set_tags({"of": "another process"})
        with tracker.child("trial-0000") as child:
            child.log_metrics({"loss": 1.0}, step=1)
    assert notes.notes == [("open",), ("metrics", {"loss": 1.0}, 1), ("close", "complete", None)]


def test_a_held_lane_waits_to_be_asked(monkeypatch):
    notes = Notes()
    tracker = RecordedTracker(notes, Lane("notes", str, held=True))
    tracker.set_tags({"a": "b"})
    assert notes.notes == []
    tracker.begin()
    tracker.finish("failed", "the disk is full")
    assert [note[0] for note in notes.notes] == ["open", "tags", "close"]


def test_more_than_the_largest_queue_is_left_out(monkeypatch, caplog):
    monkeypatch.setattr(lanes, "MOST_VALUES", 3)
    notes = Notes()
    tracker = RecordedTracker(notes, Lane("notes", str, held=True))
    for epoch in range(10):
        tracker.log_metrics({"loss": 1.0}, step=epoch)
    tracker.finish("complete")
    assert [note[0] for note in notes.notes] == ["open", "metrics", "metrics"]
    assert "9 records missing" in warnings(caplog)[-1]


def test_a_fault_of_one_tracker_is_raised_after_the_others_were_called():
    class Faulty(RecordedTracker):
        def set_tags(self, tags):
            raise TypeError("a fault of the code")

    notes = Notes()
    several = SeveralTrackers([Faulty(Notes(), Lane("faulty", str)), tracker_of(notes)])
    with pytest.raises(TypeError):
        several.set_tags({"a": "b"})
    several.finish("complete")
    assert [note[0] for note in notes.notes] == ["open", "tags", "close"]
