"""Counters and durations for Prometheus; nothing in them is about a patient or a client."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PICTURES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one server.

    Args:
        waiting: Pictures in the queue, when it is asked for.
        held: Bytes of requests that are held, when it is asked for.
    """

    def __init__(self, waiting: Callable[[], float], held: Callable[[], float]) -> None:
        client = import_module("prometheus_client")
        self.registry: CollectorRegistry = client.CollectorRegistry()
        client.ProcessCollector(registry=self.registry)
        where = {"registry": self.registry}
        self.requests = client.Counter(
            "xraykit_requests_total", "Requests, by route and status.", ("route", "status"), **where
        )
        self.request_seconds = client.Histogram(
            "xraykit_request_seconds",
            "From the headers of a request to its answer.",
            ("route",),
            buckets=_SECONDS,
            **where,
        )
        self.refused = client.Counter(
            "xraykit_refused_total", "Requests without an answer, by code.", ("code",), **where
        )
        self.pictures = client.Counter("xraykit_pictures_total", "Pictures, by outcome.", ("outcome",), **where)
        self.flags = client.Counter("xraykit_flags_total", "Flags of the input check.", ("flag",), **where)
        self.batch = client.Histogram("xraykit_batch_pictures", "Pictures of a batch.", buckets=_PICTURES, **where)
        self.network_seconds = client.Histogram(
            "xraykit_network_seconds", "Of the network for a batch.", buckets=_SECONDS, **where
        )
        self.decoding_seconds = client.Histogram(
            "xraykit_decoding_seconds",
            "From the bytes of a picture to the network's pixels.",
            buckets=_SECONDS,
            **where,
        )
        self.model = client.Info("xraykit_model", "The network that answers.", **where)
        client.Gauge("xraykit_waiting_pictures", "Pictures in the queue.", **where).set_function(waiting)
        client.Gauge("xraykit_held_bytes", "Bytes of requests in memory.", **where).set_function(held)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return bytes(import_module("prometheus_client").generate_latest(self.registry))
