"""How a served network answers under load: ``xraykit serve`` beside ``mlflow models serve``, as Markdown.

    python benchmarks/serving.py RUN --data ../shared/nih/images-128 [--clients 8] [--requests 2000]

The servers take turns: in each of 10 rounds each gets a tenth of the requests while the others are idle, so that what
else this machine does falls on all of them. Each client keeps one connection and sends one picture at a time, in
base64, the next when the last is answered; a first round warms the servers and is not counted. Memory is the largest
sum of the resident memory of a server's processes, sampled twice a second. Every answer must have the status 200, and
all servers must agree on each picture's probabilities to 0.00001.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 10


@dataclass(frozen=True)
class Kind:
    """How a server is started and asked."""

    title: str
    command: Callable[[Path, int], list[str]]
    health: str
    path: str
    body: Callable[[str], bytes]
    first_row: Callable[[dict], dict[str, float]]


def _own(*options: str) -> Callable[[Path, int], list[str]]:
    return lambda bundle, port: ["-m", "xraykit", "serve", str(bundle), "--port", str(port), *options]


def _of_mlflow(bundle: Path, port: int) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port)]
    return ["-m", "mlflow", "models", "serve", "-m", str(bundle), "--env-manager", "local", *where]


def _own_row(answer: dict) -> dict[str, float]:
    findings = answer["predictions"][0]["findings"]
    return {label: found["probability"] for label, found in findings.items()}


def _row_of_mlflow(answer: dict) -> dict[str, float]:
    row = answer["predictions"][0]
    return {name.removesuffix("_probability"): row[name] for name in row if name.endswith("_probability")}


def _own_kind(title: str, *options: str) -> Kind:
    def body(text: str) -> bytes:
        return json.dumps({"pictures": [text]}).encode()

    return Kind(title, _own(*options), "/health/ready", "/v1/predict", body, _own_row)


KINDS = (
    _own_kind("`xraykit serve`"),
    _own_kind("`xraykit serve --batch 1`", "--batch", "1"),
    Kind(
        "`mlflow models serve`",
        _of_mlflow,
        "/ping",
        "/invocations",
        lambda text: json.dumps({"dataframe_records": [{"image": text}]}).encode(),
        _row_of_mlflow,
    ),
)


@dataclass
class Measured:
    """What the clients and the observer of the memory saw."""

    seconds: list[float] = field(default_factory=list)
    found: dict[int, dict[str, float]] = field(default_factory=dict)
    wall: float = 0.0
    start: float = 0.0
    memory: int = 0

    def row(self, title: str) -> str:
        at = statistics.quantiles(self.seconds, n=100)
        ms = [f"{1000 * each:,.0f}" for each in (at[49], at[94], at[98], max(self.seconds))]
        rate, memory = len(self.seconds) / self.wall, self.memory / 2**20
        return f"| {title} | {rate:.0f} | {' | '.join(ms)} | {memory:,.0f} | {self.start:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of PNG files")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    bundle = options.run / "model" if (options.run / "model").is_dir() else options.run
    files = sorted(options.data.glob("*.png"))[:200]
    pictures = [base64.b64encode(file.read_bytes()).decode() for file in files]
    print(f"{options.requests:,} requests of {options.clients} clients, one picture each, on {os.cpu_count()} cores.\n")
    print("| server | requests/s | p50 ms | p95 ms | p99 ms | slowest ms | memory MB | start s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for kind, measured in zip(KINDS, measure(bundle, pictures, options.clients, options.requests), strict=True):
        print(measured.row(kind.title))


def measure(bundle: Path, pictures: list[str], clients: int, requests: int) -> list[Measured]:
    """Start all servers, ask them in turns, and end them."""
    every = [Measured() for _ in KINDS]
    with contextlib.ExitStack() as stack:
        servers = []
        for kind, measured in zip(KINDS, every, strict=True):
            begun = time.perf_counter()
            servers.append(stack.enter_context(_server(kind, bundle)))
            measured.start = time.perf_counter() - begun
        for number in range(ROUNDS + 1):
            for kind, measured, (port, process) in zip(KINDS, every, servers, strict=True):
                counted = measured if number else Measured()
                begun = time.perf_counter()
                with _watched(process.pid, measured):
                    _ask(kind, port, pictures, clients, max(clients, requests // ROUNDS), counted)
                counted.wall += time.perf_counter() - begun
    for measured in every:
        _check_same(every[0].found, measured.found)
    return every


def _ask(kind: Kind, port: int, pictures: list[str], clients: int, requests: int, measured: Measured) -> None:
    bodies = [kind.body(text) for text in pictures]
    numbers, failed = iter(range(requests)), []
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None or failed:
                return
            begun = time.perf_counter()
            connection.request("POST", kind.path, bodies[number % len(bodies)], {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            seconds = time.perf_counter() - begun
            if answer.status != 200:
                failed.append(content[:500].decode())
                return
            with lock:
                measured.seconds.append(seconds)
                measured.found.setdefault(number % len(bodies), kind.first_row(json.loads(content)))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed or next(numbers, None) is not None:
        raise SystemExit(f"{kind.title} did not answer every request: {failed[:1]}")


@contextlib.contextmanager
def _server(kind: Kind, bundle: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/empty.db"}
        with open(f"{folder}/log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, *kind.command(bundle.absolute(), port)],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        try:
            _wait(port, kind.health, process, Path(folder) / "log")
            yield port, process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _wait(port: int, path: str, process: subprocess.Popen, log: Path) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(log.read_text())


@contextlib.contextmanager
def _watched(session: int, measured: Measured) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            measured.memory = max(measured.memory, _resident(session))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _resident(session: int) -> int:
    """Bytes of all processes of a session, as Linux counts them."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total


def _check_same(expected: dict[int, dict[str, float]], found: dict[int, dict[str, float]]) -> None:
    for number, row in found.items():
        for label, p in row.items():
            if abs((p or 0.0) - (expected[number][label] or 0.0)) > 1e-5:
                raise SystemExit(
                    f"The servers differ for picture {number}, {label}: {expected[number][label]} and {p}."
                )


if __name__ == "__main__":
    main()
