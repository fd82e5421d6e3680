"""Progress: a bar on a terminal, and lines with their time in a file."""

import io
import logging
import sys

import pytest

from xraykit.system import progress_bar
from xraykit.system.terminal import progress_bars


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_has_a_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", _Terminal())
    for _ in progress_bar(range(3), desc="Predicting", file=sys.stderr):
        pass
    assert "Predicting: 100%" in sys.stderr.getvalue()


@pytest.mark.parametrize(("total", "line"), [(4, "Predicting: 4 of 4 (100 %) after "), (None, "Predicting: 4 after ")])
def test_a_file_has_lines_in_the_log_instead(monkeypatch, caplog, total, line):
    monkeypatch.setattr(progress_bars, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    caplog.set_level(logging.INFO, "xraykit")
    with progress_bar(total=total, desc="Predicting", unit="picture", file=sys.stderr) as bar:
        for _ in range(4):
            bar.update()
    assert caplog.messages[-1].startswith(line)
    assert sys.stderr.getvalue() == ""


def test_what_is_done_soon_has_no_line(monkeypatch, caplog):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    caplog.set_level(logging.INFO, "xraykit")
    for _ in progress_bar(range(100), desc="Predicting"):
        pass
    assert caplog.messages == []
