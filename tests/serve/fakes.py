"""A network that only pretends, so that the server around it is tested without Keras; and that server."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from types import MappingProxyType

import pytest
import uvicorn

from xraykit.bundle import OpenedPicture
from xraykit.serve.access import Access
from xraykit.serve.answers import About, DecisionRuleFacts, ModelFacts, Row
from xraykit.serve.limits import Limits
from xraykit.serve.server import web_server
from xraykit.serve.service import Service


class FakeNetwork:
    """The probability of a picture is its number of bytes as a share of 1,000; ``broken`` cannot be read.

    Attributes:
        batches: The names of each batch that was computed.
        gate: While it is cleared, the network computes.
    """

    thresholds = MappingProxyType({"Mass": 0.5})
    about = About(
        model=ModelFacts(
            id="1" * 64,
            bundle="2" * 64,
            version="0.2.0",
            backbone="tiny",
            members=1,
            image_size=32,
            precision="float32",
            labels=["Mass"],
        ),
        decision_rule=DecisionRuleFacts(sha256="3" * 64, fitted_on="made up", uncalibrated=[], untrained=[], notes=[]),
        server="0.2.0",
    )

    def __init__(self):
        self.batches = []
        self.gate = threading.Event()
        self.gate.set()

    def opened(self, name, content, error, megapixels):
        reason = error or ("it is broken" if content == b"broken" else "")
        opened = OpenedPicture(name, None, reason)
        object.__setattr__(opened, "content", content)
        return opened

    def rows(self, opened):
        self.gate.wait(30)
        self.batches.append([each.name for each in opened])
        if any(each.content == b"crash" for each in opened):
            raise RuntimeError("a bug")
        return [self._row(each) for each in opened]

    def _row(self, opened):
        p = None if opened.error else len(opened.content) / 1000
        row = {"image": opened.name, "Mass_probability": p, "Mass_call": None if p is None else p >= 0.5}
        return Row({**row, "flags": "blank;noise" if p == 0 else "", "flag_reasons": "", "error": opened.error})


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


@dataclass
class Answering:
    """A server that answers."""

    address: str
    service: Service
    network: FakeNetwork
    server: uvicorn.Server | None = None

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def ask(self, path, body=None, kind="application/json", **headers):
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Content-Type": kind, **given} if body is not None else given
        request = urllib.request.Request(self.address + path, body, given)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def predict(self, body, kind="application/json", **headers):
        return self.ask("/v1/predict", body, kind, **headers)


@pytest.fixture
def answering():
    """A function that starts a server in a thread of this process."""
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(**settings))


@contextlib.contextmanager
def serving(*, access=None, log=None, ready=True, **limits):
    service, network = Service(Limits(**limits), log), FakeNetwork()
    access = access or Access.at("127.0.0.1", None)
    listening = socket.create_server(("127.0.0.1", 0))
    server = web_server(service, access)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    if ready:
        service.begin(network)
    try:
        while not server.started:
            time.sleep(0.005)
        yield Answering(f"http://127.0.0.1:{listening.getsockname()[1]}", service, network, server)
    finally:
        network.gate.set()
        server.should_exit = True
        thread.join(10)
        service.close(5)


def form_of(*files, boundary="xyz"):
    """A form with files, ``(name, content)``, as a body and its type."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="pictures"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
