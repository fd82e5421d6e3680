"""Commands whose standard output or standard error is closed, full, or read by nobody."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

COMMAND = """
import sys
from xraykit.system.command_line import run_command
from xraykit.errors import XraykitError

def work():
    print("result " * 20_000)
    print("message", file=sys.stderr)
    with open(sys.argv[1], "w") as file:
        file.write("kept")
    if len(sys.argv) > 2:
        raise XraykitError("a mistake")
    return 0

sys.exit(run_command(work))
"""


@pytest.fixture
def run(tmp_path):
    def shell(redirected, *arguments):
        words = [sys.executable, "-c", COMMAND, str(tmp_path / "file"), *arguments]
        script = f'set -o pipefail; "$0" "$@" {redirected}'
        return subprocess.run(["bash", "-c", script, *words], capture_output=True, text=True, timeout=60, check=False)

    return shell


def test_a_reader_that_has_seen_enough_ends_the_command_without_a_word(run):
    done = run("| head -c 6")
    assert (done.returncode, done.stdout) == (141, "result")
    assert done.stderr in ("", "message\n")


def test_a_full_standard_output_is_reported_in_a_sentence(run):
    done = run("> /dev/full")
    assert done.returncode == 2
    reported = done.stderr.removeprefix("message\n")
    assert reported.startswith("xraykit: Standard output cannot be written: No space left on device.")
    assert reported.count("\n") == 1


def test_a_closed_standard_output_was_meant_so_and_no_file_takes_its_place(run, tmp_path):
    done = run(">&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "message\n")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full"])
def test_messages_that_cannot_be_shown_change_nothing(run, tmp_path, redirected):
    done = run(redirected)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("result")
    assert (tmp_path / "file").read_text() == "kept"
    assert run(redirected, "fails").returncode == 2


def test_with_all_three_closed_the_status_still_tells(run, tmp_path):
    assert run("<&- >&- 2>&-").returncode == 0
    assert (tmp_path / "file").read_text() == "kept"
    assert run("<&- >&- 2>&-", "fails").returncode == 2


def test_an_error_of_the_operating_system_is_a_sentence_with_the_file(capsys, tmp_path):
    from xraykit.system.command_line import run_command

    assert run_command(lambda: len((tmp_path / "nothing").read_bytes())) == 2
    reported = capsys.readouterr().err
    assert reported.startswith(f"xraykit: {tmp_path / 'nothing'}: No such file or directory.")
    assert "Traceback" not in reported


def test_without_a_temporary_folder_one_message_names_what_to_set(monkeypatch, capfd):
    import tempfile

    from xraykit.system.command_line import run_command
    from xraykit.system.startup import without_startup_notices

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", None)
        patched.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nonexistent"])
        with without_startup_notices():
            sys.stderr.write("shown\n")
        status = run_command(lambda: len(tempfile.gettempdir()))
    assert status == 2
    assert capfd.readouterr().err == (
        "shown\nxraykit: No usable temporary directory found in ['/nonexistent'], which TensorFlow needs. Free "
        "some space there, or set TMPDIR to a writable folder.\n"
    )


def test_code_that_ends_the_process_during_the_work_is_an_error_that_names_it(capsys):
    from xraykit.system.command_line import run_command

    assert run_command(lambda: sys.exit(0)) == 2
    reported = capsys.readouterr().err
    assert f"{__file__}, line " in reported
    assert "ended the process with sys.exit(0)" in reported
