"""The limits of a server: how large requests may be, how many wait, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one server accepts. Sizes are in bytes, times in seconds.

    Attributes:
        pictures: In one request.
        request_bytes: Of the body of one request.
        bytes_at_once: Of all bodies that are being received or decoded; more requests get 503.
        megapixels: Of one picture: the largest detectors have about 20. It is refused before it is decoded.
        waiting_pictures: Decoded pictures that wait for the network; more requests get 503.
        batch: Pictures that the network computes at once.
        batch_seconds: How long the first picture of a batch waits for others.
        request_seconds: To receive a request (else 408), and to answer it (else 503).
        decoding: Pictures that are decoded at once: each may take some 200 MB for a moment.
        drain_seconds: After SIGTERM, to answer the requests that were accepted.
    """

    pictures: int = 32
    request_bytes: int = 64 << 20
    bytes_at_once: int = 512 << 20
    megapixels: float = 32.0
    waiting_pictures: int = 256
    batch: int = 16
    batch_seconds: float = 0.005
    request_seconds: float = 30.0
    decoding: int = 2
    drain_seconds: float = 25.0
