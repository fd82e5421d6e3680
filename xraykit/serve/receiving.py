"""Receiving the body of a request: counted while it arrives, and given up when it takes too long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from xraykit.serve.limits import Limits
from xraykit.serve.refusals import too_large, too_slow, unavailable


class Budget:
    """The bytes that all requests together may hold; used by one thread alone, that of the event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """What one request holds; given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held

    def take(self, count: int) -> None:
        """Hold more bytes.

        Raises:
            Refused: 503, others hold too much.
        """
        if self.held + count > self._most:
            raise unavailable("overloaded", "The server is receiving too much at once.")
        self.held += count


class Share:
    """The bytes of one request."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.held = 0

    def take(self, count: int) -> None:
        """Hold more bytes; see :meth:`Budget.take`."""
        self._budget.take(count)
        self.held += count


async def body_of(chunks: AsyncIterator[bytes], length: str | None, limits: Limits, share: Share) -> bytes:
    """The whole body of a request.

    Args:
        chunks: As they arrive.
        length: The header Content-Length; None where the client sends chunks of unknown number.
        limits: Of the server.
        share: The bytes that this request holds.

    Raises:
        Refused: 408, 413 or 503.
    """
    if length is not None and length.isdecimal() and int(length) > limits.request_bytes:
        raise _too_many_bytes(limits)
    try:
        return await asyncio.wait_for(_collected(chunks, limits, share), limits.request_seconds)
    except asyncio.TimeoutError:
        raise too_slow(limits.request_seconds) from None


async def _collected(chunks: AsyncIterator[bytes], limits: Limits, share: Share) -> bytes:
    received: list[bytes] = []
    async for chunk in chunks:
        share.take(len(chunk))
        if share.held > limits.request_bytes:
            raise _too_many_bytes(limits)
        received.append(chunk)
    return b"".join(received)


def _too_many_bytes(limits: Limits) -> Exception:
    return too_large(
        f"A request may have {limits.request_bytes:,} bytes. Send the pictures in several requests, and files instead "
        f"of base64 where they are large."
    )
