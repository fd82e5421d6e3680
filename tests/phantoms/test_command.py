"""The command that writes phantoms in the layout of a collection."""

import pytest

from xraykit.phantoms import LAYOUTS
from xraykit.phantoms.__main__ import main

SMALL = ["patients=10", "images=12", "size=32"]


def test_it_writes_the_layout_and_prints_the_section_that_reads_it(tmp_path, capsys):
    assert main(["nih", str(tmp_path / "set"), *SMALL]) == 0
    assert len(list((tmp_path / "set" / "images").iterdir())) == 12
    printed = capsys.readouterr().out
    assert "12 radiographs of 10 patients" in printed
    assert f"format: nih\n    root: {tmp_path / 'set'}" in printed


def test_it_lists_all_layouts(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(LAYOUTS)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "No layout was given. Expected: one of nih"),
        (["nhi", "set"], "Unknown layout of phantoms 'nhi'. Did you mean 'nih'?"),
        (["nih"], "No folder was given"),
        (["nih", "patients=10"], "No folder was given"),
        (["nih", "set.csv"], "must name a folder"),
        (["nih", "set", "patience=10"], "unknown key. Did you mean 'patients'"),
        (["nih", "set", "patients=many"], "expected a whole number"),
        (["nih", "set", "patients=20", "images=10"], "images must be at least patients (20)"),
        (["nih", "set", "10"], "Settings are key=value, such as patients=40. Received: '10'"),
    ],
)
def test_mistakes_are_reported_and_nothing_is_written(tmp_path, monkeypatch, capsys, arguments, reason):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_files_of_somebody_are_left_alone(tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("mine")
    assert main(["nih", str(tmp_path), *SMALL]) == 2
    assert "nothing in it was changed" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]
