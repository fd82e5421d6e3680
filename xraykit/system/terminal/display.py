"""How objects appear in a terminal and in a notebook: a few facts, never their whole content or a patient's data."""

import html
from collections.abc import Mapping, Sequence

LONGEST_VALUE = 100


class Displayed:
    """Base of the objects that show the facts of :meth:`_display`, in one line or as a small table."""

    def _display(self) -> Mapping[str, str]:
        """A few facts by their names."""
        raise NotImplementedError

    def __repr__(self) -> str:
        facts = (f"{name} {_shortened(value)}" for name, value in self._display().items())
        return f"<{type(self).__name__}: {'; '.join(facts)}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """The same for a notebook; see IPython's documentation."""
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self._display().items()
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"


def with_interval(value: float | None, interval: Sequence[float] | None) -> str:
    """A metric with three decimals, and its interval where it has one."""
    if value is None:
        return "not estimable"
    return f"{value:.3f}" + ("" if not interval else f" ({interval[0]:.3f} to {interval[1]:.3f})")


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
