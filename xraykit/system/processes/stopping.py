"""A request to stop: Ctrl-C, a scheduler's SIGTERM, a closed terminal's SIGHUP; and a deadline for what follows.

Python runs a signal's handler between two of its own instructions, so a long call into C++, such as the first step of
a network, would delay a stop for as long as it takes. A thread therefore hears of each signal at once, through
:func:`signal.set_wakeup_fd`, and ends the process when the deadline passes or a second request comes. That is safe at
any time: checkpoints and results appear under their names only when they are complete.
"""

import atexit
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from xraykit.system.exit_codes import exit_code_of_signal
from xraykit.system.invocation import is_own_process

STOP_SECONDS = 20.0
"""Time for a command to end in an orderly way; SLURM kills 30 s after its SIGTERM."""

STOPPING_CALL_SECONDS = 3.0
"""Time, once a stop is requested, for each call to a database or server that may not answer."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
# A terminal that closes sends SIGHUP more than once, and a scheduler SIGTERM and SIGCONT and SIGHUP in a row.
_SAME_REQUEST_SECONDS = 1.0


class Stopped(KeyboardInterrupt):
    """A signal requested that the process stops; raised in the main thread, wherever it is.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number

    @property
    def exit_status(self) -> int:
        """128 and the signal's number, as shells report it: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return exit_code_of_signal(self.number)


class _Watch:
    """The handlers of a process, and the thread that ends it when the deadline passes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._reading_end, self._writing_end = os.pipe()
        os.set_blocking(self._writing_end, False)
        self._repeats = 0
        self._hook_before = sys.unraisablehook
        self.requested: int | None = None
        self.last_words: list[str] = []

    def start(self) -> None:
        threading.Thread(target=self._watch, name="xraykit-stop", daemon=True).start()

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested is None:
            self.requested = number
            raise Stopped(number)

    def unraisable(self, ignored: "sys.UnraisableHookArgs") -> None:
        """The handler ran where Python ignores exceptions, such as in a callback of the garbage collector."""
        if not isinstance(ignored.exc_value, Stopped):
            self._hook_before(ignored)
            return
        self.requested = None
        self._repeats += 1
        threading.Timer(0.05, os.kill, (os.getpid(), ignored.exc_value.number)).start()

    def wakeup_fd(self) -> int:
        return self._writing_end

    def close(self) -> None:
        os.write(self._writing_end, b"\0")

    def _watch(self) -> None:
        first, since = 0, 0.0
        while True:
            left = max(0.0, since + self._seconds - time.monotonic()) if first else None
            if not select.select([self._reading_end], [], [], left)[0]:
                self._force(first, f"did not end within {self._seconds:.0f} s")
            for number in os.read(self._reading_end, 64):
                if number == 0:
                    os.close(self._reading_end)
                    os.close(self._writing_end)
                    return
                if number not in _numbers():
                    continue
                if self._repeats:
                    self._repeats -= 1
                elif not first:
                    first, since = number, time.monotonic()
                elif number != _numbers()[-1] and time.monotonic() - since > _SAME_REQUEST_SECONDS:
                    self._force(number, "was asked to stop a second time")

    def _force(self, number: int, why: str) -> None:
        words = [
            f"xraykit: stopped by {signal.Signals(number).name}; the process {why} and is ended.",
            *self.last_words,
        ]
        try:
            os.write(2, ("\n" + "\n".join(words) + "\n").encode(errors="replace"))
        finally:
            os._exit(exit_code_of_signal(number))


_current: _Watch | None = None


@contextmanager
def stop_signals(seconds: float = STOP_SECONDS, *, heed_ignored_interrupt: bool = True) -> Iterator[None]:
    """Handle SIGINT, SIGTERM and SIGHUP while the context is open: each raises :class:`Stopped`, once.

    A SIGHUP that is ignored stays ignored, as ``nohup`` wants it. So does SIGINT, which a shell without job control
    makes its background commands ignore, so that Ctrl-C reaches the command in the foreground alone; SIGTERM stops
    those. Outside of the main thread nothing is changed.

    Args:
        seconds: From the first signal to the forced end of the process.
        heed_ignored_interrupt: Leave an ignored SIGINT ignored.
    """
    global _current
    if threading.current_thread() is not threading.main_thread() or _current is not None:
        yield
        return
    watch = _Watch(seconds)
    before: dict[int, Any] = {}
    kept = {getattr(signal, "SIGHUP", None), signal.SIGINT if heed_ignored_interrupt else None}
    watch.start()
    wakeup = signal.set_wakeup_fd(watch.wakeup_fd(), warn_on_full_buffer=False)
    _current, sys.unraisablehook, hook = watch, watch.unraisable, sys.unraisablehook
    try:
        for number in _numbers():
            if number not in kept or signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, watch.handle)
        yield
    finally:
        _current, sys.unraisablehook = None, hook
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        watch.close()


def end_at_once(status: int) -> None:
    """End the process of a stopped command as soon as its main module ends.

    Taking TensorFlow apart would need seconds more, 1 to 7 where the processor is busy. Programs that call a command
    as a function are left alone.
    """
    if is_own_process():
        # The last to be registered is the first to be called.
        atexit.register(_end, status)


def _end(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def is_stopping() -> bool:
    """Whether a stop was requested, so that nothing may be waited for long."""
    return _current is not None and _current.requested is not None


@contextmanager
def last_words(text: str) -> Iterator[None]:
    """What is printed if the process must be ended by force while the context is open."""
    words = [] if _current is None else _current.last_words
    words.append(text)
    try:
        yield
    finally:
        words.remove(text)


def _numbers() -> tuple[int, ...]:
    """Of the signals that request a stop; SIGHUP, which Windows lacks, is the last."""
    return tuple(int(getattr(signal, name)) for name in _NAMES if hasattr(signal, name))
