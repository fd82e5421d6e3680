"""A function that runs in a child process, so that it and the imports of this process take a core each.

Threads would not do: reading a label file and importing TensorFlow are both Python's work, one at a time.
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from xraykit.system.startup import end_suppression

T = TypeVar("T")

# A process that has begun to use these must not be forked: their threads would be missing in the child.
_FRAMEWORKS = ("tensorflow", "jax", "torch")


def can_run_beside() -> bool:
    """Whether :func:`run_beside` may be used here: on Linux, with a second core, before a framework is imported."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return cores > 1 and not any(name in sys.modules for name in _FRAMEWORKS)


def run_beside(work: Callable[[], T], meanwhile: Callable[[], None]) -> T:
    """The result of ``work()``, computed in a child, while ``meanwhile()`` runs in a thread of this process.

    What cannot be passed between processes is computed here again, with the same result or error.

    Args:
        work: Changes nothing in this process that is needed later; its result can be pickled.
        meanwhile: Imports what is needed next. It is waited for where ``work`` succeeds, and its own errors are left
            to whoever imports again. Otherwise the process is about to end, and its messages are shown.

    Raises:
        Exception: what ``work`` raised, at once; the thread goes on.
    """
    reading_end, writing_end = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    child = os.fork()
    if child == 0:
        os.close(reading_end)
        _answer(work, writing_end)
    try:
        os.close(writing_end)
        thread = threading.Thread(target=_quietly, args=(meanwhile,), name="xraykit-ahead", daemon=True)
        thread.start()
        with open(reading_end, "rb") as pipe:
            answer = pipe.read()
    except BaseException:
        # This process is asked to stop.
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        end_suppression()
        raise
    finally:
        os.waitpid(child, 0)
    try:
        succeeded, result = pickle.loads(answer)
    except Exception:  # noqa: BLE001 (whatever a stranger's class raises)
        succeeded, result = True, work()
    if not succeeded:
        end_suppression()
        raise result
    thread.join()
    return result  # type: ignore[no-any-return]


def _quietly(work: Callable[[], None]) -> None:
    with suppress(Exception):
        work()


def _answer(work: Callable[[], Any], writing_end: int) -> None:
    """The child's part; never returns."""
    try:
        signal.set_wakeup_fd(-1)
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
                signal.signal(getattr(signal, name), _stop)
        try:
            answer: tuple[bool, Any] = True, work()
        except Exception as error:  # noqa: BLE001 (raised again in the parent)
            answer = False, error
        # If that fails, the parent reads nothing.
        written = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        with open(writing_end, "wb") as pipe:
            pipe.write(written)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        # Neither the parent's exit handlers nor its output buffers are the child's.
        os._exit(0)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
