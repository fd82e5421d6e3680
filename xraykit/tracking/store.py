"""The MLflow store behind a tracker: opened at the first call; outages and refusals are distinguished."""

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import ExperimentError, XraykitError
from xraykit.system import masked, scrubbed

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")

# A dead server must be noticed within seconds: MLflow would try for minutes. Values that are already set are kept.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "PGCONNECT_TIMEOUT": "5",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # The requirements of a model are those of xraykit, whatever project the command is run in.
    "MLFLOW_UV_AUTO_DETECT": "false",
}
# Our messages replace theirs: one for each migration of a new database, and a traceback for each failure.
_LOUD = ("mlflow.store.db.utils", "mlflow.store.tracking.sqlalchemy_store")

# Errors that every repetition will raise again; all others may pass.
_REFUSALS = {
    "ALREADY_EXISTS",
    "BAD_REQUEST",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_CONFLICT",
    "RESOURCE_DOES_NOT_EXIST",
}


class Unreachable(XraykitError):
    """The store does not answer now; a later attempt may succeed."""


class Refused(XraykitError):
    """The store answers and refuses this entry."""


class Store:
    """An MLflow tracking store and one experiment in it.

    Args:
        uri: Any MLflow tracking URI, or ``auto``; see :func:`chosen_uri`. By default, it is an SQLite file below
            ``root``.
        root: Folder of all runs; a database without a server in front of it has its artifacts there.
        experiment: Name of the MLflow experiment.
        experiment_id: Its id instead, of one that exists already.

    Raises:
        ExperimentError: MLflow knows no such URI, or its driver is not installed.
    """

    def __init__(self, uri: str, root: Path, experiment: str, experiment_id: str | None = None) -> None:
        chosen = chosen_uri(uri)
        self._uri = _sqlite_uri(root.absolute() / "mlflow.db") if chosen == "auto" else chosen
        self._named = "tracking.uri" if chosen == uri else "MLFLOW_TRACKING_URI"
        self._artifacts = root.absolute() / "mlflow-artifacts" if _is_database(self._uri) else None
        self._experiment = experiment
        self._client: MlflowClient | None = None
        self._experiment_id = experiment_id
        self.address = masked(self._uri)
        if chosen != "auto":
            self._check()

    @property
    def is_file(self) -> bool:
        """Whether it is an SQLite file, which needs no server."""
        return self._uri.startswith("sqlite")

    def scrub(self, text: object) -> str:
        """``text`` on one line, without this store's passwords."""
        return " ".join(scrubbed(str(text), self._uri).split())[:300]

    @contextmanager
    def calling(self) -> Iterator["MlflowClient"]:
        """MLflow's client for one call.

        Raises:
            Unreachable: the store does not answer.
            Refused: the store does not take what it was given.
        """
        _prepare_mlflow()
        from alembic.util import CommandError
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._client is None:
                self._client = _open_client(self._uri)
            yield self._client
        except MlflowException as error:
            kind = Refused if error.error_code in _REFUSALS else Unreachable
            raise kind(_of_another_version(str(error)) or self.scrub(error)) from None
        except (SQLAlchemyError, CommandError, sqlite3.Error, OSError) as error:
            raise Unreachable(
                _of_another_version(str(error)) or self.scrub(f"{type(error).__name__}: {error}")
            ) from None

    def experiment_id(self) -> str:
        """MLflow's id of the experiment, which is created if it does not exist."""
        if self._experiment_id is None:
            try:
                self._experiment_id = self._find_experiment() or self._make_experiment()
            except Refused:
                # Another process may have made it between the two calls.
                self._experiment_id = self._find_experiment()
                if self._experiment_id is None:
                    raise
        return self._experiment_id

    def _find_experiment(self) -> str | None:
        with self.calling() as client:
            found = client.get_experiment_by_name(self._experiment)
            if found is not None and found.lifecycle_stage != "active":
                client.restore_experiment(found.experiment_id)
            return None if found is None else str(found.experiment_id)

    def _make_experiment(self) -> str:
        # By default, the artifacts of a database go to ./mlruns in the working directory.
        location = None if self._artifacts is None else self._artifacts.as_uri()
        with self.calling() as client:
            return str(client.create_experiment(self._experiment, artifact_location=location))

    def _check(self) -> None:
        """No connection is opened, and MLflow is not imported for a database."""
        try:
            _check_database(self._uri) if _is_database(self._uri) else _check_other(self._uri)
        except (ImportError, ValueError) as error:
            raise ExperimentError(
                f"MLflow cannot use the {self._named} {self.address!r}: {self.scrub(error)}. Expected: auto, none, "
                "sqlite:///FILE, http(s)://HOST:PORT, or a database URI whose driver is installed."
            ) from None


def _check_database(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError

    try:
        create_engine(uri)
    except ArgumentError as error:
        raise ValueError(str(error)) from None


def _check_other(uri: str) -> None:
    _prepare_mlflow()
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        MlflowClient(uri)
    except MlflowException as error:
        raise ValueError(str(error)) from None


def chosen_uri(uri: str) -> str:
    """The address of the store: for ``auto``, the variable ``MLFLOW_TRACKING_URI`` if it is set."""
    return (os.environ.get("MLFLOW_TRACKING_URI", "").strip() or uri) if uri == "auto" else uri


def _of_another_version(error: str) -> str | None:
    """Advice for a database of another version of MLflow; None if the error has another cause."""
    if not re.search(r"out-of-date database schema|Can't locate revision", error):
        return None
    import mlflow

    return (
        f"another version of MLflow than {mlflow.__version__} wrote it: use that one, or back the database up and run "
        f"'mlflow db upgrade URI', or give another tracking.uri"
    )


def _is_database(uri: str) -> bool:
    return uri.partition("://")[0].partition("+")[0] in _DATABASES


def _sqlite_uri(file: Path) -> str:
    from sqlalchemy import URL

    path = file.as_posix()
    if not set("%?#").intersection(path):
        return f"sqlite:///{path}"
    # SQLAlchemy escapes what means something in a URI the way that it reads it, which differs between versions.
    return URL.create("sqlite", database=path).render_as_string()


def _prepare_mlflow() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401  (sets up its own logging when imported)

    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _open_client(uri: str) -> "MlflowClient":
    from mlflow.tracking import MlflowClient
    from sqlalchemy import NullPool, create_engine, make_url

    if not _is_database(uri):
        return MlflowClient(uri)
    file = make_url(uri).database
    if not uri.startswith("sqlite"):
        # MLflow tries ten times, for 100 s, to open a database that does not answer.
        create_engine(uri, poolclass=NullPool).connect().close()
    elif file and file != ":memory:":
        with _sole_user(Path(file)):
            return MlflowClient(uri)
    return MlflowClient(uri)


@contextmanager
def _sole_user(database: Path) -> Iterator[None]:
    """One process at a time creates the tables of a new SQLite file; fails at once where MLflow would retry."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(f"{database}.lock", timeout=120, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(database)) as file:
            file.execute("PRAGMA schema_version").fetchone()
        yield
