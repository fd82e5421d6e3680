"""Shell completion, in the shells themselves."""

import shutil
import subprocess
import sys
import time

import pytest

from xraykit.__main__ import main
from xraykit.commands import COMMANDS

pytest.importorskip("shtab")


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request, tmp_path_factory):
    """The name of a shell, and the script for it."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp("completion")
    script = folder / ("_xraykit" if request.param == "zsh" else "xraykit")
    done = subprocess.run(
        [sys.executable, "-m", "xraykit", "completion", request.param], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    script.write_text(done.stdout)
    return request.param, script


# bash: what the function that `complete -F` names puts into COMPREPLY. zsh has no such way without a terminal: its
# completion runs in a pseudo-terminal (zsh/zpty), and what is shown is read from there. fish has `complete -C`.
_BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}
$(complete -p xraykit | sed 's/.*-F \\([^ ]*\\).*/\\1/') xraykit "${{COMP_WORDS[$COMP_CWORD]}}" 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_FISH = "source {script}; complete -C {line!r}"
_ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1=; fpath=({folder} \\$fpath); autoload -U compinit; compinit -u -D; LISTMAX=1000; echo RE''ADY"
until zpty -r -m shell line '*READY*'; do :; done
zpty -w -n shell "{line}"$'\\t\\t'
sleep 2
while zpty -r -t shell line; do print -rn -- "$line"; done
"""


def _completed(shell, line):
    name, script = shell
    words = " ".join(word or "''" for word in line.split(" "))
    text = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[name].format(
        script=script, folder=script.parent, line=line, words=words
    )
    began = time.perf_counter()
    done = subprocess.run([name, "-c", text], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout, time.perf_counter() - began


@pytest.mark.process
def test_commands_and_options_are_completed_without_python(shell):
    commands, seconds = _completed(shell, "xraykit ")
    assert [command.name for command in COMMANDS if command.name not in commands] == []
    assert "recalibrate" in _completed(shell, "xraykit reca")[0]
    options, _ = _completed(shell, "xraykit run --re")
    assert "resume" in options
    # A new shell, its script and a TAB; zsh waits 2 s in this test itself.
    assert seconds < 10


@pytest.mark.process
def test_paths_are_completed(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart.yaml").write_text("name: quickstart\n")
    assert "quickstart.yaml" in _completed(shell, "xraykit run quick")[0]


def test_another_shell_is_refused_with_those_that_are_known(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["completion", "cmd"])
    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err
