"""The command's arguments: mistakes are reported at once, without Keras and without a server."""

import importlib.util
import socket
import subprocess
import sys

import pytest

from xraykit.serve.__main__ import main
from xraykit.serve.tokens import VARIABLE


@pytest.fixture
def run(tmp_path):
    """What passes for a run before it is loaded."""
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "model.json").write_text("{}")
    return str(tmp_path / "run")


@pytest.fixture(autouse=True)
def _no_token(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "a token is needed"),
        (["--token-file", "/nowhere/token"], "No such file"),
        (["--log-key-file", "key"], "--log-predictions FILE, which is missing"),
        (["--log-predictions", "/nowhere/log"], "cannot be written"),
        (["--max-waiting", "3"], "--max-waiting of 32 or more"),
        (["--host", "192.0.2.1", "--without-token"], "cannot listen at 192.0.2.1"),
    ],
)
def test_mistakes_are_reported_before_anything_is_loaded(run, arguments, message, capsys):
    assert main([run, "--port", "0", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_port_that_is_taken_is_reported(run, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main([run, "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--port", "x"], ["--port", "70000"], ["--batch", "0"], ["--max-request-mb", "-1"], ["--request-seconds", "nan"]],
)
def test_numbers_are_checked(run, arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main([run, *arguments])
    assert end.value.code == 2
    assert "expected a" in capsys.readouterr().err


def test_a_folder_without_a_network_is_reported(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "contains no trained network" in capsys.readouterr().err


def test_a_network_that_cannot_be_loaded_ends_the_server(run, capsys):
    assert main([run, "--port", "0", "--drain-seconds", "1"]) == 2
    assert "model.json" in capsys.readouterr().err


def test_what_to_install_is_said_where_the_extra_is_missing(run, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in ("fastapi", "uvicorn") else found(name, *rest)
    )
    assert main([run]) == 2
    assert "fastapi, uvicorn, which are not installed" in capsys.readouterr().err


@pytest.mark.process
def test_help_and_mistakes_import_nothing_heavy():
    code = """
import sys
from xraykit.serve.__main__ import main
assert main(['nowhere']) == 2
heavy = {'fastapi', 'keras', 'numpy', 'pandas', 'uvicorn'} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
