import sqlite3
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.search.postgres import PASSWORD, QUOTED
from tests.search.toys import make_plan, quadratic, search
from xraykit.errors import ExperimentError, XraykitError
from xraykit.search.storage.address import address_of, missing_driver

pytestmark = pytest.mark.process

SECRET = "gehe1m-und-lang"


def address(storage, folder=Path("study")):
    return address_of(make_plan(folder, storage=storage))


@pytest.mark.parametrize(
    ("said", "driver", "dialect"),
    [
        ("postgres://me@host/db", "postgresql+psycopg2", "postgresql"),
        ("postgresql://me@host/db", "postgresql+psycopg2", "postgresql"),
        ("postgresql+psycopg2://me@host/db", "postgresql+psycopg2", "postgresql"),
        ("mysql://me@host/db", "mysql+pymysql", "mysql"),
        ("sqlite:///some/file.db", "sqlite", "sqlite"),
        (None, "sqlite", "sqlite"),
    ],
)
def test_an_address_says_its_database_and_we_choose_the_driver(said, driver, dialect):
    found = address(said)
    assert (found.url.drivername, found.dialect) == (driver, dialect)
    assert (found.file is not None) == (dialect == "sqlite")


def test_without_an_address_the_study_is_a_file_in_its_folder(tmp_path):
    assert address(None, tmp_path).file == tmp_path / "study.db"
    assert address(f"sqlite:///{tmp_path}/other.db").file == tmp_path / "other.db"


@pytest.mark.parametrize(
    "said",
    [
        f"oracle://me:{SECRET}@host/db",
        f"postgresql+pg8000://me:{SECRET}@host/db",
        f"postgresql://me:{SECRET}@host:port/db",
        "study.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:study?mode=memory&uri=true",
    ],
)
def test_an_address_where_no_study_can_be_kept_is_refused_without_its_password(said):
    with pytest.raises(ExperimentError, match=r"search\.storage .*Expected: .*sqlite:///FILE") as error:
        address(said)
    assert SECRET not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize(("said", "extra"), [("mysql://m:{}@h/d", "mysql"), ("postgres://m:{}@h/d", "postgresql")])
def test_a_driver_that_is_not_installed_is_reported_with_what_to_install(tmp_path, said, extra, monkeypatch):
    for package in ("psycopg2", "pymysql"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExperimentError, match=rf"pip install 'xraykit\[{extra}\]'") as error:
        search(tmp_path, None, storage=said.format(SECRET))
    assert SECRET not in str(error.value)
    assert error.value.__context__ is None
    assert str(missing_driver(address(said.format(SECRET)))) == str(error.value)


def test_what_the_address_itself_says_is_kept():
    said = address("postgresql://me@host/db?connect_timeout=3&options=-c%20search_path%3Dmine").connect_arguments()
    assert "connect_timeout" not in said
    assert said["options"].startswith("-c search_path=mine -c timezone=UTC")
    assert address("mysql://me@host/db").connect_arguments()["init_command"] == "SET time_zone = '+00:00'"


@pytest.mark.parametrize(
    ("change", "complaint", "remedy"),
    [
        (lambda said: said.replace(QUOTED, "a-wr0ng-one"), "password authentication failed", "~/.pgpass"),
        (lambda said: said.replace(f":{QUOTED}", ""), "no password supplied", "~/.pgpass"),
        (lambda said: said + "_missing", "does not exist", "Create the database"),
        (lambda said: said.split("@", maxsplit=1)[0] + "@127.0.0.1:1/db", "refused", "Start the server"),
        (lambda said: said.replace("127.0.0.1", "nowhere.invalid"), "nowhere.invalid", "correct host and port"),
    ],
    ids=["password", "no password", "database", "server", "host"],
)
def test_what_is_wrong_with_a_server_is_reported_in_one_sentence_soon(
    tmp_path, database, change, complaint, remedy, monkeypatch
):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    began = time.monotonic()
    with pytest.raises(XraykitError, match=complaint) as error:
        search(tmp_path, quadratic, storage=change(database))
    assert time.monotonic() - began < 10
    assert remedy in str(error.value)
    assert "\n" not in str(error.value)
    assert not any(secret in str(error.value) for secret in (PASSWORD, QUOTED, "a-wr0ng-one"))
    assert error.value.__context__ is None


def test_a_password_from_the_environment_is_enough(tmp_path, database, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    said = database.replace(f":{QUOTED}", "").replace("postgresql://", "postgres://")
    assert len(search(tmp_path, quadratic, storage=said, n_trials=1).trials) == 1


@pytest.mark.parametrize(
    ("number", "said", "remedy"),
    [
        (1045, "Access denied for user 'me'@'localhost' (using password: YES)", "option file"),
        (1049, "Unknown database 'db'", "Create the database"),
        (1142, "CREATE command denied to user 'me'@'localhost' for table 'studies'", "Grant the user"),
        (2003, "Can't connect to MySQL server on 'host' ([Errno 111] Connection refused)", "Start the server"),
    ],
)
def test_mysqls_complaints_have_the_same_remedies(number, said, remedy):
    error = OperationalError("SELECT 1", {}, Exception(number, f"{said} {SECRET}"))
    complaint = str(address(f"mysql://me:{SECRET}@host/db").complaint(error))
    assert said in complaint
    assert remedy in complaint
    assert SECRET not in complaint


def test_a_disk_that_fails_is_no_reason_to_move_the_study_away(tmp_path):
    error = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    complaint = str(address(None, tmp_path).complaint(error))
    assert "study.db cannot be read or written: database or disk is full" in complaint
    assert "Move it away" not in complaint


def test_tables_that_another_optuna_wrote_are_reported_too(tmp_path, database, monkeypatch):
    said = "The runtime optuna version 5 is no longer compatible with the table schema (set up by optuna 9)."

    def refuse(*args, **more):
        raise RuntimeError(said)

    monkeypatch.setattr("xraykit.search.storage.database.RDBStorage", refuse)
    with pytest.raises(XraykitError, match=r"table schema .*Use the Optuna that wrote the study"):
        search(tmp_path, None, storage=database)
