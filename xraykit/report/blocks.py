"""The blocks of a page: plain values that the templates lay out without logic of their own.

Each kind of block has a template of its name in ``templates/blocks``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from xraykit.report.figures.sparklines import IntervalBar


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: Its text.
        interval: Beside it in parentheses, in the same line, so that both are copied as one: ``0.781–0.843``.
        small: Below it in small type: a count, a remark.
        mark: ``"bad"`` or ``"good"`` to highlight it; never by colour alone, ``text`` says it too.
        bar: A drawn interval in place of text.
        curve: A drawn ROC curve in place of text: the points of an SVG polyline in a square of 100.
    """

    text: str = ""
    small: str = ""
    mark: str = ""
    bar: IntervalBar | None = None
    curve: str = ""
    interval: str = ""

    @property
    def is_drawn(self) -> bool:
        """Whether it is a drawing, which has no text."""
        return self.bar is not None or bool(self.curve)


@dataclass(frozen=True)
class Row:
    """One row of a table: its name, and its cells; a row of sums or means is set apart."""

    name: str
    cells: tuple[Cell, ...]
    total: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption that names part and split; it scrolls in its own box where it is too wide.

    Attributes:
        caption: What the table shows, of which part of which split.
        columns: Heads of the columns, that of the rows' names first; each may have a small line below it.
        rows: In order; each has one cell fewer than there are columns.
        notes: Sentences below it.
        name: Of its files in the folder ``tables/``: small letters, digits and underscores; empty: it has none.
    """

    template: ClassVar[str] = "table"
    caption: str
    columns: tuple[Cell, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    template: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Warnings:
    """Warnings."""

    template: ClassVar[str] = "warnings"
    sentences: tuple[str, ...]
    loud: bool = False


@dataclass(frozen=True)
class Missing:
    """Why something is missing."""

    template: ClassVar[str] = "missing"
    text: str


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes:
        source: A data URI.
        alternative: What it shows, for those who do not see it.
        caption: The text below it.
        wide: Whether it is wider than a phone's screen; it scrolls in its own box there.
    """

    template: ClassVar[str] = "picture"
    source: str
    alternative: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Facts:
    """Terms with their values."""

    template: ClassVar[str] = "facts"
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """The text of a file."""

    template: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Card:
    """One picture of a gallery with the lines below it; ``mark`` as in :class:`Cell`."""

    picture: Picture
    title: str
    lines: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, as many as fit on the screen."""

    template: ClassVar[str] = "gallery"
    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Figure:
    """One headline metric at the top of a page."""

    value: str
    name: str
    small: str = ""


@dataclass(frozen=True)
class Glance:
    """The headline metrics at the top of a page."""

    template: ClassVar[str] = "glance"
    figures: tuple[Figure, ...]


Block = Table | Text | Warnings | Missing | Picture | Facts | Code | Gallery | Glance


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading.

    Attributes:
        name: Its anchor: lower-case letters and hyphens.
        title: Its heading.
        blocks: Its content.
    """

    name: str
    title: str
    blocks: Sequence[Block] = field(default=())


def heads(*names: str | Cell) -> tuple[Cell, ...]:
    """The heads of a table's columns; a name is a head without a small line."""
    return tuple(name if isinstance(name, Cell) else Cell(name) for name in names)
