"""`xraykit COMMAND`: from the first word to the command, in each of the forms that a user may type."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xraykit.__main__ import main
from xraykit.commands import COMMANDS
from xraykit.system import EXIT_CODES
from xraykit.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "commands.md"
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
def test_the_help_of_every_command_fits_80_columns_and_comes_without_heavy_imports(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([command.name, "--help"])
    assert ended.value.code == 0
    page = capsys.readouterr().out
    assert page.startswith(f"usage: xraykit {command.name} ")
    assert max(map(len, page.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_row_in_the_guide(command):
    assert f"| `xraykit {command.name} " in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_commands_with_results_have_json_and_their_keys_are_in_the_guide(command):
    without = {"review", "serve", "completion"}
    options = {option for action in command.parser()._actions for option in action.option_strings}
    assert ("--json" in options) is (command.name not in without)
    section = GUIDE.read_text(encoding="utf-8").partition("## Results for programs")[2].partition("\n## ")[0]
    assert (f"\n| `{command.name}" in section) is (command.name not in without)


def test_the_guide_has_the_exit_codes_of_the_code():
    table = GUIDE.read_text(encoding="utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", table, flags=re.MULTILINE)
    assert {int(code): meaning.replace("\\|", "|") for code, meaning in rows} == EXIT_CODES


HEAVY = {"tensorflow", "keras", "mlflow", "pandas", "sklearn", "optuna", "matplotlib", "fastapi", "onnx"}
_SCRIPT = """
import sys
from xraykit.__main__ import main
try:
    status = main(sys.argv[1:])
except SystemExit as ended:
    status = ended.code
print(status, sorted(set(sys.modules) & {heavy!r}), file=sys.stderr)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        ["rnu"],
        ["--help"],
        ["run", "FILE", "training.epohs=3"],
        ["check", "FILE", "training.epohs=3"],
        ["check", "TYPO"],
        ["run", "--chek"],
        *([command.name, "--no-such-option"] for command in COMMANDS),
    ],
    ids=" ".join,
)
def test_a_mistake_is_reported_without_heavy_imports(words, tmp_path):
    """Importing TensorFlow takes seconds: without it, a mistake is reported in well under one."""
    files = {"FILE": "name: e\n", "TYPO": "name: e\ntraning:\n  epochs: 3\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.replace("{heavy!r}", repr(HEAVY)), *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr.splitlines()[-1] == f"{0 if words == ['--help'] else 2} []"


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="POSIX only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_with_its_code(number, tmp_path):
    """Of the one command line, whose process is ended as that of a module is; its input is a pipe that stays open."""
    script = tmp_path / "xraykit"
    script.write_text(
        "import signal, sys, time, xraykit.phantoms.__main__ as phantoms\n"
        # Whoever runs the tests may ignore it, as a shell's & does.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from xraykit.__main__ import main\n"
        "def work(options):\n    print('working', flush=True)\n    time.sleep(60)\n"
        "phantoms._write = work\n"
        "sys.exit(main(['phantoms', 'nih', 'x']))\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout.readline() == "working\n"
        process.send_signal(number)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert 128 + number in EXIT_CODES
    # In a pipe, a message has its time.
    assert re.search(rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d xraykit: stopped by {number.name}\.$", messages, re.MULTILINE)


@pytest.mark.process
def test_an_unexpected_error_ends_a_command_with_a_code_of_its_own(tmp_path):
    script = tmp_path / "xraykit"
    script.write_text(
        "import sys, xraykit.phantoms.__main__ as phantoms\n"
        "from xraykit.__main__ import main\n"
        "def work(options):\n    raise ZeroDivisionError('for this test')\n"
        "phantoms._write = work\n"
        "sys.exit(main(['phantoms', 'nih', 'x']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 70
    assert "ZeroDivisionError: for this test" in done.stderr
    assert done.stderr.rstrip().endswith("this is a bug in xraykit. Please report it with the text above.")
