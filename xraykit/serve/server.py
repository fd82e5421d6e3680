"""A server in a thread, so that the main thread loads the network, hears of signals and lets requests end in order."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xraykit.errors import DataError, XraykitError
from xraykit.serve.access import Access
from xraykit.serve.limits import Limits
from xraykit.serve.prediction_log import PredictionLog
from xraykit.serve.service import Service
from xraykit.system import Stopped

if TYPE_CHECKING:
    import uvicorn

    from xraykit.serve.network import Network

logger = logging.getLogger("xraykit.serve")

_MOST_CONNECTIONS = 1000


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens, before anything slow begins.

    Raises:
        DataError: the address is taken, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"The server cannot listen at {host}, port {port}: {reason}. Give another --host or --port."
        ) from None


def run_server(
    listening: socket.socket,
    load: "Callable[[], Network]",
    access: Access,
    limits: Limits,
    log: PredictionLog | None = None,
    *,
    logs_requests: bool = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then answer the requests that were accepted.

    Health is answered at once; requests are answered when the network is loaded.

    Args:
        listening: Of :func:`bound`.
        load: Loads the network.
        access: Who may use the server.
        limits: What it accepts.
        log: Where predictions are recorded.
        logs_requests: Log the address, route and status of each request.

    Raises:
        XraykitError: the network cannot be loaded, or the server ended by itself.
    """
    service = Service(limits, log)
    server = web_server(service, access, logs_requests=logs_requests)
    # Not Thread.join: Python before 3.13 takes a thread for ended if a signal interrupts that.
    over = threading.Event()
    threading.Thread(target=_run, args=(server, listening, over), name="xraykit-http").start()
    try:
        service.begin(load())
        _announce(service, listening)
        while not over.wait(0.5):
            continue
        raise XraykitError("The web server ended by itself. Run with --verbose to see why.")
    except Stopped:
        logger.info("Stopping: the requests that were accepted are answered, for %g s at most.", limits.drain_seconds)
    finally:
        _drained(service, server, over)


def _run(server: "uvicorn.Server", listening: socket.socket, over: threading.Event) -> None:
    try:
        server.run(sockets=[listening])
    finally:
        over.set()


def web_server(service: Service, access: Access, *, logs_requests: bool = False) -> "uvicorn.Server":
    """The web server, which runs nothing yet.

    Args:
        service: What it does.
        access: Who may use it.
        logs_requests: Log the address, route and status of each request.
    """
    import uvicorn

    from xraykit.serve.application import application

    return uvicorn.Server(
        uvicorn.Config(
            application(service, access),
            log_config=None,
            log_level="warning" if not logs_requests else "info",
            access_log=logs_requests,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=max(1, round(service.limits.drain_seconds)),
            timeout_keep_alive=75,
            server_header=False,
            lifespan="off",
            proxy_headers=False,
        )
    )


def _announce(service: Service, listening: socket.socket) -> None:
    about, (host, port) = service.about, listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logger.info("The network %s answers at http://%s:%d/v1/predict", (about.model.id or "")[:12], shown, port)
    logger.info("Documentation: http://%s:%d/docs. %s", shown, port, about.notice)
    for note in about.decision_rule.notes:
        logger.warning("%s", note)


def _drained(service: Service, server: "uvicorn.Server", over: threading.Event) -> None:
    begun = time.monotonic()
    service.is_stopping = True
    server.should_exit = True
    over.wait(service.limits.drain_seconds + 2)
    service.close(max(0.0, service.limits.drain_seconds - (time.monotonic() - begun)))
