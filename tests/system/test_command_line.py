"""What a command logs: plain on a terminal, with date and time in a file."""

import argparse
import importlib
import io
import logging
import re
import sys
from pathlib import Path

import pytest

from xraykit.system.command_line import file_path, home_expanded, start_logging, without_stamp
from xraykit.system.terminal.progress_bars import progress_bar


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


@pytest.mark.slow
def test_the_line_of_an_epoch_has_its_time_in_a_file(started):
    from xraykit.training.callbacks import BestEpoch, Progress

    stream = started(io.StringIO())
    progress = Progress(3, BestEpoch(None))
    progress.set_params({"steps": 2})
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, {"loss": 0.5})
    figures = {"loss": 0.5, "val_loss": 0.4, "val_roc_auc": 0.7, "learning_rate": 0.001, "seconds": 2.0}
    progress.on_epoch_end(0, figures)
    [line] = stream.getvalue().splitlines()
    assert re.match(rf"{_STAMP}epoch 1/3  loss 0\.5000", line)


def test_home_is_expanded_in_arguments(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert home_expanded("~/x") == "/home/me/x"
    assert file_path("~/x") == Path("/home/me/x")
    assert [home_expanded(text) for text in ("x/~", "a=~/b", "")] == ["x/~", "a=~/b", ""]
    with pytest.raises(argparse.ArgumentTypeError, match="no home folder for '~nobody-of-this-name'"):
        home_expanded("~nobody-of-this-name/x")


@pytest.mark.parametrize("command", ["compare", "predict", "recalibrate", "worklist"])
def test_every_command_expands_home_in_its_paths(command):
    """By argparse's own record of each argument, so that a new one is not forgotten."""
    parser = importlib.import_module(f"xraykit.{command}.__main__").make_parser()
    assert not [action.dest for action in parser._actions if action.type is Path]
    assert [action.dest for action in parser._actions if action.type in (file_path, home_expanded)]


def test_a_report_expands_home_too(monkeypatch, tmp_path, capsys):
    from xraykit.report.__main__ import main

    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["~/nothing"]) == 2
    assert f"{tmp_path}/nothing" in capsys.readouterr().err
