"""What a run records of itself while it goes on: its log, its environment and how each start ended."""

import json
import logging

import pytest

from tests.json_files import ENVIRONMENT_SCHEMA, assert_valid
from xraykit.config import load_experiment
from xraykit.errors import CheckpointError, DataError
from xraykit.runs import RunFolder, environment, read_environment, recorded
from xraykit.system import Stopped

FRAMEWORK = {"keras": "3.0", "tensorflow": "2.0", "devices": "CPU:0"}
logger = logging.getLogger("xraykit.somewhere")


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def _record(folder, work=lambda: None, seed=7):
    with recorded(folder, load_experiment({"seed": seed}), FRAMEWORK, ["A GPU"]):
        work()


def test_each_start_of_a_run_is_recorded_with_its_end(folder):
    _record(folder)
    with pytest.raises(KeyboardInterrupt):
        _record(folder, lambda: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(DataError):
        _record(folder, lambda: (_ for _ in ()).throw(DataError("The disk is full.")))
    record = read_environment(folder)
    assert [start.outcome for start in record.starts] == ["finished", "stopped", "failed"]
    assert all(start.ended >= start.started and start.seconds >= 0 for start in record.starts)
    assert record.seconds == pytest.approx(sum(start.seconds for start in record.starts))
    assert record.seeds.experiment == record.seeds.split == 7
    assert_valid(folder.environment, ENVIRONMENT_SCHEMA)


def test_a_start_that_was_killed_has_no_end(folder):
    with recorded(folder, load_experiment({}), FRAMEWORK, []):
        start = read_environment(folder).starts[0]
    assert start.ended is None
    assert start.outcome is None
    assert start.seconds is None


def test_the_environment_names_what_values_depend_on(folder):
    _record(folder)
    start = read_environment(folder).starts[0]
    assert start.framework == {"keras": "3.0", "tensorflow": "2.0"}
    assert (start.devices, start.accelerators) == ("CPU:0", ["A GPU"])
    assert start.packages["numpy"] == __import__("numpy").__version__
    assert start.cores >= 1
    assert start.processor
    assert start.python.count(".") == 2


def test_passwords_of_the_command_are_not_recorded(folder, monkeypatch):
    monkeypatch.setattr(environment, "is_own_process", lambda: True)
    words = ["xraykit", "run", "e.yaml", "tracking.uri=https://me:topsecret@host/mlflow?token=alsosecret"]
    monkeypatch.setattr(environment.sys, "argv", words)
    _record(folder)
    assert read_environment(folder).starts[0].command[:3] == words[:3]
    assert "secret" not in folder.environment.read_text()


def test_the_command_of_a_program_that_calls_xraykit_is_not_recorded(folder):
    _record(folder)
    assert read_environment(folder).starts[0].command is None


def test_the_commit_of_a_checkout_and_its_changes_are_recorded(tmp_path):
    git = "git -c user.name=a -c user.email=a@b -c init.defaultBranch=main"
    script = f"{git} init -q && echo 1 > file && git add file && {git} commit -qm one"
    __import__("subprocess").run(["bash", "-c", script], cwd=tmp_path, check=True)
    clean = environment._commit(tmp_path)
    assert len(clean.commit) == 40
    assert not clean.changed
    (tmp_path / "file").write_text("2")
    assert environment._commit(tmp_path).changed


def test_no_checkout_and_no_git_are_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment._commit(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert environment._commit(tmp_path) is None


def test_the_log_has_what_was_logged_with_date_and_level(folder):
    logging.getLogger("xraykit").setLevel(logging.INFO)
    _record(folder, lambda: (logger.info("Epoch %d.", 1), logger.warning("Few cases.")))
    first, second = folder.log.read_text().splitlines()
    assert first[4] == "-"
    assert first.endswith(" INFO Epoch 1.")
    assert second.endswith(" WARNING Few cases.")


def test_the_log_goes_on_where_the_run_does(folder):
    for text in ("one", "two"):
        _record(folder, lambda text=text: logger.warning(text))
    assert [line.split()[-1] for line in folder.log.read_text().splitlines()] == ["one", "two"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DataError("The label file has changed."), "ERROR The label file has changed."),
        (ValueError("a bug"), "ValueError: a bug"),
        (Stopped(15), "WARNING stopped."),
    ],
)
def test_the_log_says_how_a_run_ended_that_did_not_finish(folder, error, text):
    with pytest.raises(type(error)):
        _record(folder, lambda: (_ for _ in ()).throw(error))
    assert text in folder.log.read_text()


def test_a_program_that_has_not_set_up_logging_sees_warnings_alone_as_before(folder, monkeypatch, capfd):
    root, package = logging.getLogger(), logging.getLogger("xraykit")
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(package, "level", logging.NOTSET)
    package.manager._clear_cache()
    monkeypatch.setattr(logging, "lastResort", logging._StderrHandler(logging.WARNING))
    _record(folder, lambda: (logger.info("An epoch."), logger.warning("Few cases.")))
    assert capfd.readouterr().err == "Few cases.\n"
    assert "An epoch." in folder.log.read_text()
    assert root.handlers == []
    assert package.level == logging.NOTSET


def test_a_log_that_cannot_be_written_is_reported_once_and_ends_nothing(folder, caplog):
    folder.log.mkdir()
    _record(folder, lambda: [logger.warning("line %d", number) for number in range(3)])
    assert caplog.text.count("the run goes on without its log") == 1
    assert read_environment(folder).starts[0].outcome == "finished"


def test_an_end_that_cannot_be_recorded_does_not_hide_why_the_run_ended(folder, monkeypatch, caplog):
    def full(*_):
        raise DataError("The disk is full.")

    def work():
        monkeypatch.setattr(RunFolder, "write_json", full)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _record(folder, work)
    assert "The end of the run is not recorded" in caplog.text


def test_a_damaged_record_of_the_environment_is_reported(folder):
    folder.environment.write_text(json.dumps({"version": 1, "starts": []}))
    with pytest.raises(CheckpointError, match=r"environment\.json is not as expected: seeds is missing"):
        _record(folder)
