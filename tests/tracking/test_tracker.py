from pathlib import Path

import pytest

from xraykit.tracking import NoTracker, open_tracker


class Ending(NoTracker):
    """Notes how it was finished."""

    ends: tuple = ()

    def finish(self, state, reason=None):
        self.ends += ((state, reason),)


def test_a_block_that_ends_well_is_complete():
    with Ending() as tracker:
        pass
    assert tracker.ends == (("complete", None),)


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (ValueError("no good"), ("failed", "ValueError: no good")),
        (ValueError(), ("failed", "ValueError")),
        (KeyboardInterrupt(), ("interrupted", "KeyboardInterrupt")),
        (SystemExit(143), ("interrupted", "SystemExit: 143")),
    ],
)
def test_an_exception_ends_the_run_and_goes_on(error, end):
    tracker = Ending()
    with pytest.raises(type(error)), tracker:
        raise error
    assert tracker.ends == (end,)


def test_no_uri_tracks_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_tracker(None, root=tmp_path / "runs", experiment="e", run_name="r") as tracker:
        tracker.log_parameters({"a": 1})
        tracker.log_metrics({"loss": 1.0}, step=0)
        tracker.log_file(Path("nowhere"))
        tracker.set_tags({"a": "b"})
        with tracker.child("trial") as child:
            child.log_metrics({"loss": 1.0})
    assert isinstance(tracker, NoTracker)
    assert child is tracker
    assert tracker.run_id is None
    assert list(tmp_path.iterdir()) == []
