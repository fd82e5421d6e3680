"""Where a study is kept: the address of its database, and what is wrong with it, in a message without passwords."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from xraykit.errors import ExperimentError, XraykitError
from xraykit.search.study import StudyPlan
from xraykit.system import masked, scrubbed

CONNECT_SECONDS = 8
BUSY_SECONDS = 60

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
}
_EXTRAS = {"postgresql": "psycopg2-binary", "mysql": "pymysql"}

# Heartbeats are judged by the server's clock: in UTC, or every trial would seem dead when summer time begins. The
# server must also notice soon when a machine that holds the study's lock disappears.
_POSTGRESQL = "-c timezone=UTC -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_MYSQL = "SET time_zone = '+00:00'"

_REMEDIES = (
    (r"table schema|cryptography", "Use the Optuna that wrote the study, and install what the message names."),
    (
        r"password|authenticat|Access denied for user .*using password|role .* does not exist",
        "Check the user's name and password. Put a password into ~/.pgpass or the variable PGPASSWORD, for MySQL "
        "into an option file that ?read_default_file= names, not into the experiment file.",
    ),
    (
        r"database .* does not exist|Unknown database",
        "Create the database first (createdb, or CREATE DATABASE), or correct its name.",
    ),
    (r"permission denied|denied", "Grant the user the right to create and change tables in this database."),
    (r"", "Start the server, or correct host and port, then run the command again: the study continues."),
)


@dataclass(frozen=True)
class Address:
    """Address of a database that Optuna can keep a study in.

    Attributes:
        given: As in the experiment; it may contain a password.
        url: The same with the driver in it.
    """

    given: str
    url: URL

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""
        return self.url.get_backend_name()

    @property
    def file(self) -> Path | None:
        """The SQLite file; ``None`` if a server keeps the study."""
        return Path(self.url.database or "") if self.dialect == "sqlite" else None

    @property
    def text(self) -> str:
        """With its password, for SQLAlchemy only."""
        return self.url.render_as_string(hide_password=False)

    def connect_arguments(self) -> dict[str, Any]:
        """Arguments of the driver beside the address; those in the address have precedence."""
        query = self.url.query
        if self.dialect == "sqlite":
            return {"timeout": BUSY_SECONDS}
        if self.dialect == "mysql":
            chosen = {"connect_timeout": CONNECT_SECONDS, "read_timeout": 60, "write_timeout": 60}
            return {**{key: value for key, value in chosen.items() if key not in query}, "init_command": _MYSQL}
        options = " ".join((*_listed(query.get("options", ())), _POSTGRESQL))
        chosen = {"connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}
        return {**{key: value for key, value in chosen.items() if key not in query}, "options": options}

    def complaint(self, error: Exception) -> XraykitError:
        """What is wrong with the database, and what to do.

        Args:
            error: From SQLAlchemy, from Optuna with SQLAlchemy's as its cause, or from the file system.
        """
        cause = error.__cause__ if error.__cause__ is not None else error
        received = scrubbed(" ".join(str(getattr(cause, "orig", None) or cause).split()), self.given).rstrip(".")
        if self.file is None:
            remedy = next(remedy for pattern, remedy in _REMEDIES if re.search(pattern, received))
            return XraykitError(f"The study's database {masked(self.given)} cannot be used: {received}. {remedy}")
        if isinstance(cause, OSError | OperationalError):
            return XraykitError(
                f"{self.file} cannot be read or written: {received}. Check the disk's space and the folder's "
                "permissions, then run the command again: the study continues."
            )
        return XraykitError(
            f"{self.file} cannot be used as a study. Expected: an SQLite file that Optuna wrote, or none. Received: "
            f"{received}. Move it away to begin the search again."
        )


def address_of(plan: StudyPlan) -> Address:
    """Where the study of a plan is kept.

    Raises:
        ExperimentError: ``search.storage`` is no address of SQLite, PostgreSQL or MySQL.
    """
    given = plan.search.storage
    if given is None:
        path = plan.folder.resolve() / "study.db"
        return Address(str(path), URL.create("sqlite", database=str(path)))
    url = _parsed(given)
    if url is None or url.drivername not in _DRIVERS:
        raise ExperimentError(
            "search.storage is not an address where a study can be kept. Expected: postgresql://USER@HOST/DATABASE, "
            f"mysql://USER@HOST/DATABASE or sqlite:///FILE. Received: {masked(given)}"
        )
    url = url.set(drivername=_DRIVERS[url.drivername])
    if url.get_backend_name() != "sqlite":
        return Address(given, url)
    if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
        raise ExperimentError(
            f"search.storage must name a file, for the study to outlive its process. Expected: sqlite:///FILE. "
            f"Received: {masked(given)}"
        )
    return Address(given, url.set(database=str(Path(str(url.database)).resolve())))


def missing_driver(address: Address) -> ExperimentError:
    """The error for a driver package that is not installed."""
    package = _EXTRAS[address.dialect]
    return ExperimentError(
        f"search.storage needs the package {package}, which is not installed. Install it with: pip install "
        f"'xraykit[{address.dialect}]'. Received: {masked(address.given)}"
    )


def _parsed(given: str) -> URL | None:
    try:
        return make_url(given)
    except (ArgumentError, ValueError):
        return None


def _listed(option: str | tuple[str, ...]) -> tuple[str, ...]:
    return (option,) if isinstance(option, str) else option
