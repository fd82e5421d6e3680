"""Where results go: what --to may name, in every command that has it."""

import pytest

from xraykit import compare
from xraykit.recalibrate import __main__ as recalibrate
from xraykit.report import __main__ as report
from xraykit.worklist import __main__ as worklist


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        (report, ["run", "--to", "x.pdf"], "--to must end in .html or .htm"),
        (report, ["run", "other", "--to", "x"], "--to must end in .html or .htm"),
        (compare, ["run", "other", "--to", "x.csv"], "--to must end in .json"),
        (worklist, ["run", "--to", "x.csv"], "--to must name a folder"),
        (worklist, ["run", "--corrected", "r.csv", "--to", "x.HTML"], "--to must name a folder"),
        (recalibrate, ["run", "labels.csv", "--to", "x.json"], "--to must name a folder"),
    ],
)
def test_an_ending_that_is_not_written_is_refused_at_once(command, arguments, said, capsys):
    assert command.main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert f"Received: {arguments[-1]}" in error
