"""The result of a command: text for a person, or one JSON document with everything else on standard error."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from xraykit.errors import DataError
from xraykit.system import Result, run_command


def _work():
    sys.stdout.write("a plug-in prints this\n")
    values = {
        "run": Path("runs/a"),
        "auc": np.float32(0.5),
        "none": float("nan"),
        "interval": np.array([1, 2]),
        "n": {3},
    }
    return Result("for a person", values, 1)


def test_a_person_gets_the_text(capsys):
    assert run_command(_work) == 1
    assert capsys.readouterr().out == "a plug-in prints this\nfor a person\n"


def test_a_program_gets_one_document_and_nothing_else(capsys):
    assert run_command(_work, as_json=True) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"run": "runs/a", "auc": 0.5, "none": None, "interval": [1, 2], "n": [3]}
    assert captured.err == "a plug-in prints this\n"


def test_after_an_error_standard_output_is_empty(capsys):
    def fails():
        sys.stdout.write("half of it\n")
        raise DataError("No such table.")

    assert run_command(fails, as_json=True) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("xraykit: No such table.\n")


def test_an_unexpected_error_reaches_a_program_that_calls_the_command():
    def fails():
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run_command(fails)
