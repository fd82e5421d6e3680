"""From the pictures of a request to its answer: decoding in threads, batches for the network, log of predictions."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xraykit.errors import DataError
from xraykit.serve.answers import About, Predictions, Row
from xraykit.serve.batching import Batcher
from xraykit.serve.limits import Limits
from xraykit.serve.metrics import Metrics
from xraykit.serve.prediction_log import PredictionLog
from xraykit.serve.receiving import Budget
from xraykit.serve.refusals import Problem, unavailable
from xraykit.serve.requests import SentPicture, pictures_of
from xraykit.version import VERSION

if TYPE_CHECKING:
    from xraykit.bundle import OpenedPicture
    from xraykit.serve.network import Network

_UNREADABLE = "No picture of the request can be read; each has its reason."


@dataclass(frozen=True)
class _Loaded:
    """What exists once the network is loaded."""

    network: "Network"
    batcher: "Batcher[OpenedPicture, Row]"


class Service:
    """What a server does, apart from HTTP. It answers once it has a network.

    Args:
        limits: What it accepts.
        log: Where predictions are recorded; None: nowhere.
    """

    def __init__(self, limits: Limits, log: PredictionLog | None = None) -> None:
        self.limits = limits
        self.budget = Budget(limits.bytes_at_once)
        self.metrics = Metrics(lambda: self._loaded.batcher.waiting if self._loaded else 0, lambda: self.budget.held)
        self.is_stopping = False
        self._log = log
        self._loaded: _Loaded | None = None
        self._decoding = ThreadPoolExecutor(limits.decoding, thread_name_prefix="xraykit-decoding")

    @property
    def is_ready(self) -> bool:
        """Whether requests are answered: the network is loaded, and no stop was requested."""
        return self._loaded is not None and not self.is_stopping

    @property
    def about(self) -> About:
        """The network that answers.

        Raises:
            Refused: 503, it is not loaded yet.
        """
        return self._known().network.about

    def check_ready(self) -> None:
        """Refuse a request before its pictures are received; one that was accepted is answered, also while stopping.

        Raises:
            Refused: 503, the network is not loaded yet, or a stop was requested.
        """
        self._known()
        if self.is_stopping:
            raise unavailable("stopping", "The server is stopping.")

    def begin(self, network: "Network") -> None:
        """Answer from now on, with this network."""
        limits = self.limits
        batcher: Batcher[OpenedPicture, Row] = Batcher(
            self._computed, most=limits.batch, seconds=limits.batch_seconds, capacity=limits.waiting_pictures
        )
        about = network.about
        facts = {"id": about.model.id, "bundle": about.model.bundle, "decision_rule": about.decision_rule.sha256}
        self.metrics.model.info({**{name: value or "" for name, value in facts.items()}, "server": VERSION})
        self._loaded = _Loaded(network, batcher)

    def close(self, seconds: float | None = None) -> None:
        """End the threads; the requests that were accepted are answered first, if that takes no more ``seconds``."""
        self.is_stopping = True
        if self._loaded is not None:
            self._loaded.batcher.close(seconds)
        self._decoding.shutdown(wait=False, cancel_futures=True)
        if self._log is not None:
            self._log.close()

    async def answer(self, number: str, content_type: str, body: bytes, ends: float) -> Predictions:
        """The answer to a request.

        Args:
            number: Of the request.
            content_type: Its header of that name.
            body: Whole.
            ends: Until when, of :func:`time.monotonic`.

        Raises:
            Refused: 400, 413, 415, 422 or 503.
        """
        loaded = self._known()
        try:
            sent, rows = await asyncio.wait_for(self._answered(loaded, content_type, body), ends - time.monotonic())
        except asyncio.TimeoutError:
            seconds = self.limits.request_seconds
            raise unavailable("overloaded", f"The request could not be answered within {seconds:g} s.") from None
        answer = self._counted(loaded, number, rows)
        if self._log is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._record, self._log, sent, answer)
        return answer

    async def _answered(self, loaded: _Loaded, content_type: str, body: bytes) -> tuple[list[SentPicture], list[Row]]:
        in_thread = asyncio.get_running_loop().run_in_executor
        sent = await in_thread(self._decoding, pictures_of, content_type, body, self.limits.pictures)
        opened = await asyncio.gather(*(in_thread(self._decoding, self._opened, loaded, each) for each in sent))
        answers = loaded.batcher.submit(opened)
        return sent, list(await asyncio.gather(*map(asyncio.wrap_future, answers)))

    def _counted(self, loaded: _Loaded, number: str, rows: Sequence[Row]) -> Predictions:
        about = loaded.network.about
        found = [row.answer(about.model.labels, loaded.network.thresholds) for row in rows]
        unread = [each for each in found if each.error]
        self.metrics.pictures.labels("unreadable").inc(len(unread))
        self.metrics.pictures.labels("predicted").inc(len(found) - len(unread))
        for flag in (flag for each in found for flag in each.flags):
            self.metrics.flags.labels(flag).inc()
        problem = Problem(code="no_readable_picture", message=_UNREADABLE) if len(unread) == len(found) else None
        return Predictions(**dict(about), request=number, predictions=found, error=problem)

    def _known(self) -> _Loaded:
        if self._loaded is None:
            raise unavailable("starting", "The network is being loaded.")
        return self._loaded

    def _opened(self, loaded: _Loaded, picture: SentPicture) -> "OpenedPicture":
        with self.metrics.decoding_seconds.time():
            return loaded.network.opened(picture.name, picture.content, picture.error, self.limits.megapixels)

    def _computed(self, opened: "Sequence[OpenedPicture]") -> list[Row]:
        """In the thread of the batches."""
        self.metrics.batch.observe(len(opened))
        with self.metrics.network_seconds.time():
            return self._known().network.rows(opened)

    @staticmethod
    def _record(log: PredictionLog, sent: list[SentPicture], answer: Predictions) -> None:
        try:
            log.add(sent, answer)
        except DataError as error:
            # Whoever asked for a log wants no prediction without a line in it.
            raise unavailable("log_unavailable", str(error)) from None
