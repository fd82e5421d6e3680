"""A lock over all processes, on any machine, that share a study's database.

Work that takes Optuna several steps, such as counting the trials and beginning one, is done under this lock. It is the
database's own (PostgreSQL's advisory lock, MySQL's GET_LOCK) or, for SQLite, the operating system's: the lock of a
process that dies is free again.
"""

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, TextClause, create_engine, text

from xraykit.search.storage.address import Address, missing_driver
from xraykit.system import held_lock

POLL_SECONDS = 0.05

_TAKE = {"postgresql": "SELECT pg_try_advisory_lock(:key)", "mysql": "SELECT GET_LOCK(:key, 0)"}
_FREE = {"postgresql": "SELECT pg_advisory_unlock(:key)", "mysql": "SELECT RELEASE_LOCK(:key)"}


class Gate:
    """The lock of a database.

    Args:
        address: Of the database.

    Raises:
        ExperimentError: the package for this kind of database is not installed.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._engine = None if address.file else _engine(address)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            ConnectionAbortedError: at the end, the lock was lost meanwhile; another process may have held it too.
        """
        if self._engine is None:
            with held_lock(Path(f"{self._address.file}.gate")):
                yield
            return
        with self._engine.connect() as connection:
            try:
                while not connection.scalar(*self._asked(_TAKE)):
                    # Waiting in the database itself could not be interrupted with Ctrl-C.
                    time.sleep(random.uniform(0.5, 1.5) * POLL_SECONDS)
                yield
            except BaseException:
                # The server frees the lock of a connection that ends.
                connection.invalidate()
                raise
            self._free(connection)

    def close(self) -> None:
        """End the connection."""
        if self._engine is not None:
            self._engine.dispose()

    def _free(self, connection: Connection) -> None:
        """A session that still holds its lock has held it all the time."""
        if not connection.scalar(*self._asked(_FREE)):
            raise ConnectionAbortedError("the database gave the study's lock to another process")

    def _asked(self, statements: dict[str, str]) -> tuple[TextClause, dict[str, int | str]]:
        """PostgreSQL's locks are known by a number in each database, MySQL's by a name on the whole server."""
        digest = hashlib.sha256(f"xraykit {self._address.url.database}".encode())
        postgresql = self._address.dialect == "postgresql"
        key = int.from_bytes(digest.digest()[:8], "big", signed=True) if postgresql else digest.hexdigest()[:40]
        return text(statements[self._address.dialect]), {"key": key}


def _engine(address: Address) -> Engine:
    missing = None
    try:
        return create_engine(
            address.url,
            connect_args=address.connect_arguments(),
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        missing = missing_driver(address)
    raise missing
