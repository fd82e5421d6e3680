"""What a command logs: plain on a terminal, with date and time in a file."""

import io
import logging
import re
import sys

import pytest

from xraykit.bars import progress_bar
from xraykit.command_line import start_logging, without_stamp


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def started(monkeypatch):
    """Starts logging into a stream as a new process does."""
    root, ours = logging.getLogger(), logging.getLogger("xraykit")
    levels = root.level, ours.level

    def start(stream):
        monkeypatch.setattr(root, "handlers", [])
        monkeypatch.setattr(sys, "stderr", stream)
        start_logging()
        return stream

    yield start
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


_STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


@pytest.mark.parametrize(
    ("stream", "expected"), [(_Terminal(), "something\n"), (io.StringIO(), f"{_STAMP}something\n")]
)
def test_events_have_their_time_in_a_file_alone(started, stream, expected):
    started(stream)
    logging.getLogger("xraykit.somewhere").info("something")
    assert re.fullmatch(expected, stream.getvalue())
    assert without_stamp(stream.getvalue()) == "something\n"


def test_a_file_has_no_progress_bars(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    for _ in progress_bar(range(3), file=sys.stderr):
        pass
    assert sys.stderr.getvalue() == ""


def test_the_line_of_an_epoch_has_its_time_in_a_file(started):
    from xraykit.trainer.callbacks import BestEpoch, Progress

    stream = started(io.StringIO())
    progress = Progress(3, BestEpoch(None))
    progress.set_params({"steps": 2})
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, {"loss": 0.5})
    figures = {"loss": 0.5, "val_loss": 0.4, "val_roc_auc": 0.7, "learning_rate": 0.001, "seconds": 2.0}
    progress.on_epoch_end(0, figures)
    [line] = stream.getvalue().splitlines()
    assert re.match(rf"{_STAMP}epoch 1/3  loss 0\.5000", line)
