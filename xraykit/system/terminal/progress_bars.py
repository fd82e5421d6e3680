"""Progress bars on standard error, all of one kind, which can be ended before anything else is printed."""

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from tqdm import tqdm

_OPEN: "WeakSet[tqdm[Any]]" = WeakSet()


def progress_bar(*arguments: Any, **options: Any) -> "tqdm[Any]":
    """A bar of tqdm, shown on a terminal only; see its documentation for the arguments."""
    from tqdm import tqdm

    bar = tqdm(*arguments, **{"disable": None, **options})
    _OPEN.add(bar)
    return bar


def close_bars() -> None:
    """End every bar, so that the next text begins on a new line."""
    for bar in list(_OPEN):
        bar.close()
