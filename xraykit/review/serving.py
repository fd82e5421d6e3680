"""The server in a thread of its own, so that Ctrl-C reaches the command, which ends both."""

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from xraykit.errors import DataError, XraykitError
from xraykit.review.security import Guard
from xraykit.review.server import build_app
from xraykit.review.session import Session

HOST = "127.0.0.1"
_START_SECONDS, _STOP_SECONDS = 20.0, 5.0


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        port: Where it listens.
        token: Its secret.
        thread: In which it runs.
    """

    port: int
    token: str
    thread: threading.Thread

    @property
    def address(self) -> str:
        """What the reader opens; it contains the token."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    def wait(self) -> None:
        """Wait until the server ends."""
        while self.thread.is_alive():
            # A wait without an end would not hear of Ctrl-C on every system.
            self.thread.join(0.5)


@contextmanager
def served(session: Session, port: int = 0) -> Iterator[Served]:
    """Serve a review on this machine alone while the context is open.

    Args:
        session: The review.
        port: Where to listen; 0: any that is free.

    Raises:
        DataError: the port cannot be used.
    """
    import uvicorn

    listening = _listening(port)
    token, port = secrets.token_urlsafe(32), listening.getsockname()[1]
    # uvicorn's own log would contain the address with the token.
    config = uvicorn.Config(
        Guard(build_app(session), token, port),
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(_STOP_SECONDS) - 2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="xraykit-review", daemon=True)
    thread.start()
    try:
        _wait_for(server, thread)
        yield Served(port, token, thread)
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listening.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise DataError(
            f"Port {port} of this machine cannot be used: {error}. Give another one with --port, or leave it out for "
            f"one that is free."
        ) from error
    return listening


def _wait_for(server: "object", thread: threading.Thread) -> None:
    until = time.monotonic() + _START_SECONDS
    while not getattr(server, "started", False):
        if not thread.is_alive() or time.monotonic() > until:
            raise XraykitError("The server of the review did not start. Start it again, with another --port.")
        time.sleep(0.02)
