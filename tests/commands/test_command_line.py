"""`xraykit COMMAND`: from the first word to the command, in each of the forms that a user may type."""

import importlib.util
import subprocess
import sys

import pytest

from xraykit.__main__ import main
from xraykit.commands import COMMANDS
from xraykit.version import VERSION

NAMES = [command.name for command in COMMANDS]


def _process(*words):
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)


def test_every_command_of_the_issue_exists():
    assert NAMES[:12] == [
        "init",
        "check",
        "run",
        "predict",
        "evaluate",
        "compare",
        "report",
        "recalibrate",
        "worklist",
        "export",
        "review",
        "serve",
    ]


def test_the_help_page_names_every_command_and_fits_80_columns(capsys):
    assert main([]) == 0
    page = capsys.readouterr().out
    assert all(f"\n  {name} " in page for name in NAMES)
    assert max(map(len, page.splitlines())) <= 80
    assert main(["--help"]) == main(["help"]) == 0
    assert capsys.readouterr().out == page * 2


def test_the_version_is_shown(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"xraykit {VERSION}\n"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("rnu", "Unknown command 'rnu'. Did you mean 'run'?"),
        ("reccalibrate", "Did you mean 'recalibrate'?"),
        ("zzz", "Unknown command 'zzz'. Known: init, check"),
        ("--chek", "Unknown option '--chek'"),
        ("experiments/quickstart.yaml", "a command first, such as xraykit run experiments/quickstart.yaml."),
    ],
)
def test_what_is_no_command_is_reported_with_the_nearest(word, message, capsys):
    assert main([word]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_command_receives_the_further_words(capsys):
    assert main(["run", "--schema"]) == 0
    assert '"title": "xraykit experiment"' in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["help", "run"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: xraykit run ")


@pytest.mark.process
@pytest.mark.parametrize("form", [["xraykit", "check"], ["xraykit.check"], ["xraykit", "run"], ["xraykit.run"]])
def test_the_usage_line_shows_what_was_typed(form):
    assert _process(*form, "--help").stdout.startswith(f"usage: python -m {' '.join(form)} ")


@pytest.mark.process
def test_an_error_has_its_exit_code_in_every_form():
    for form in (["xraykit", "run"], ["xraykit.run"], ["xraykit", "check"]):
        ended = _process(*form, "nothing.yaml")
        assert ended.returncode == 2
        assert "nothing.yaml" in ended.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_module(command):
    if command.name in {"review", "serve"}:
        pytest.skip("being built")
    assert importlib.util.find_spec(command.module)
