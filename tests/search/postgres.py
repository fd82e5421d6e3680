"""A PostgreSQL server of the tests' own, with a password, in a temporary folder; Debian's package is enough."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSWORD = "s3cret-Pass:w/rd"
QUOTED = "s3cret-Pass%3Aw%2Frd"


def _binaries():
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), shutil.which("initdb")]
    folders = [Path(place).resolve() for place in places if place]
    return next((each if each.is_dir() else each.parent for each in folders), None)


class Server:
    """A server on a free port of this machine; its user ``tester`` must give :data:`PASSWORD`."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = folder / "password"
        secret.write_text(PASSWORD)
        self._own(folder)
        said = ["--auth=scram-sha-256", "--username=tester", f"--pwfile={secret}", "--no-sync", "--locale=C"]
        self._run("initdb", "-D", self._data, *said, "--encoding=UTF8")
        # Summer time is 30 minutes on Lord Howe Island: nothing may depend on the server's own zone.
        settings = [f"port = {self.port}", f"unix_socket_directories = '{folder}'", "fsync = off"]
        settings += ["listen_addresses = '127.0.0.1'", "timezone = 'Australia/Lord_Howe'", "shared_buffers = '16MB'"]
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    def execute(self, statement: str) -> None:
        import psycopg2

        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="tester", password=PASSWORD, dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def address(self, database: str, password: str = QUOTED) -> str:
        return f"postgresql://tester:{password}@127.0.0.1:{self.port}/{database}"

    def _own(self, folder: Path) -> None:
        """PostgreSQL refuses to run as root."""
        if os.getuid() == 0:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "nobody")

    def _run(self, program: str, *arguments) -> None:
        unprivileged = ["setpriv", "--reuid=nobody", "--clear-groups"] if os.getuid() == 0 else []
        subprocess.run(
            [*unprivileged, self._binaries / program, *map(str, arguments)],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@pytest.fixture(scope="session")
def postgres():
    """A running server."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's programs initdb and pg_ctl are not installed (Debian's package is postgresql)")
    # Sockets have short paths, and the folders of pytest belong to root alone.
    with tempfile.TemporaryDirectory(prefix="xraykit-pg-") as name:
        server = Server(binaries, Path(name))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def database(postgres, request):
    """Address of an empty database, with its password."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.address(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
