"""Environment variables that hold seconds."""

import pytest

from xraykit.errors import XraykitError
from xraykit.system.environment import seconds_from


@pytest.mark.parametrize(("text", "expected"), [("", 120.0), (" ", 120.0), ("0.5", 0.5), (" 30 ", 30.0)])
def test_the_variable_wins_over_the_default(monkeypatch, text, expected):
    monkeypatch.setenv("XRAYKIT_SOME_SECONDS", text)
    assert seconds_from("XRAYKIT_SOME_SECONDS", 120.0) == expected


@pytest.mark.parametrize("text", ["2 min", "0", "-1", "nan", "inf"])
def test_what_is_no_time_is_one_clear_sentence(monkeypatch, text):
    monkeypatch.setenv("XRAYKIT_SOME_SECONDS", text)
    with pytest.raises(XraykitError, match="XRAYKIT_SOME_SECONDS must be a number of seconds above 0"):
        seconds_from("XRAYKIT_SOME_SECONDS", 120.0)
