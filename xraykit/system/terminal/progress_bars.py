"""Progress on standard error: a bar on a terminal, and time-stamped lines in a file or a pipe."""

import io
import logging
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS = 60.0
"""Time from one line to the next, and before the first: what is done sooner needs none."""

logger = logging.getLogger(__name__)

_OPEN: "WeakSet[tqdm[Any]]" = WeakSet()


def progress_bar(*arguments: Any, **options: Any) -> "tqdm[Any]":
    """A bar of tqdm on a terminal, and elsewhere lines in the log; see its documentation for the arguments."""
    from tqdm import tqdm

    bar: tqdm[Any]
    if is_terminal(options.get("file")):
        bar = tqdm(*arguments, **options)
    else:
        timing = {"mininterval": LINE_SECONDS, "maxinterval": LINE_SECONDS, "miniters": 1, "delay": LINE_SECONDS}
        bar = _lines_of(tqdm)(*arguments, **{**options, **timing, "leave": False, "file": io.StringIO()})
    _OPEN.add(bar)
    return bar


def close_bars() -> None:
    """End every bar, so that the next text begins on a new line."""
    for bar in list(_OPEN):
        bar.close()


def is_terminal(file: Any = None) -> bool:
    """Whether a stream is a terminal; left out, standard error."""
    stream = sys.stderr if file is None else file
    return stream is not None and bool(stream.isatty())


def _lines_of(tqdm: "type[tqdm[Any]]") -> "type[tqdm[Any]]":
    """The class of bars that are shown as lines; tqdm's documentation names the two methods for that."""

    class Lines(tqdm):
        """Logs how far it is."""

        def display(self, msg: str | None = None, pos: int | None = None) -> bool:
            """Called by tqdm when it is time to show progress."""
            # Blank: tqdm removes the bar.
            if msg is None and self.n:
                logger.info("%s", _line(self.format_dict))
            return True

        def clear(self, *_: Any, **__: Any) -> None:
            """There is no bar to remove."""

    return Lines


def _line(facts: dict[str, Any]) -> str:
    """Such as ``Predicting: 512 of 4,096 (12 %) after 60 s, about 420 s left``."""
    done, total, elapsed = facts["n"], facts["total"], facts["elapsed"]
    name = str(facts["prefix"] or "Progress").removesuffix(": ")
    if not total:
        return f"{name}: {done:,} after {elapsed:,.0f} s"
    left = (total - done) * elapsed / done
    return (
        f"{name}: {done:,} of {total:,} ({100 * done / total:.0f} %) after {elapsed:,.0f} s, about {left:,.0f} s left"
    )
