"""Training pictures that are plainly odd: counted and named before a network learns from them.

Limits are fixed and coarse, as the pictures themselves may be the fault: with 5 % of inverted ones, limits that the
training part sets would let inverted pictures pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xraykit.input_check.check import MOST_COLOUR
from xraykit.input_check.measures import Vector, contrast, gains, layout, midline, resemblance

OddKind = Literal["constant", "inverted", "turned", "coloured", "elongated"]

KINDS: dict[OddKind, str] = {
    "constant": "all one grey",
    "inverted": "with black and white exchanged",
    "turned": "turned or upside down",
    "coloured": "coloured",
    "elongated": "more than twice as long as wide, or the reverse",
}
"""Each kind and how a person calls it."""

LEAST_CONTRAST = 2.0
INVERTED = -0.2
"""Resemblance to the mean training picture below which the negative is taken for the radiograph."""
TURNED = 0.5
"""Gain of resemblance by turning from which a picture is taken for turned; it must end above :data:`UPRIGHT`."""
UPRIGHT = 0.3
LONGEST = 2.0

LISTED = 10
"""How many names of each kind are kept."""


@dataclass(frozen=True)
class OddPictures:
    """The odd ones among some pictures.

    Attributes:
        looked_at: How many pictures were looked at.
        counts: Of each of :data:`KINDS`; 0 where there are none.
        examples: The first few names of each kind that occurs.
        all_inverted: Whether even the mean picture is dark where the spine is and bright where the lungs are, as if
            most pictures were inverted or no frontal radiographs.
    """

    looked_at: int
    counts: dict[OddKind, int]
    examples: dict[OddKind, tuple[str, ...]]
    all_inverted: bool

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold, without names: a file's name often begins with the patient's number."""
        return {"looked_at": self.looked_at, "counts": dict(self.counts), "all_inverted": self.all_inverted}


def find_odd_pictures(
    names: Sequence[str], pictures: Iterable[np.ndarray], sources: Iterable[tuple[int, int, float]]
) -> OddPictures:
    """Check training pictures for oddities.

    Args:
        names: Of the ``n`` pictures.
        pictures: ``n`` pictures ``(S, S)`` uint8, 0–255, one after another.
        sources: Of each picture: width and height of its source in pixels, and its colourfulness, 0 to 1.
    """
    looked = [(layout(picture), contrast(picture)) for picture in pictures]
    layouts = np.stack([each for each, _ in looked]) if looked else np.zeros((0, 1))
    mean = layouts.mean(axis=0) if looked else np.zeros(1)
    found: dict[OddKind, list[str]] = {kind: [] for kind in KINDS}
    for name, (thumbnail, spread), source in zip(names, looked, sources, strict=True):
        for kind in _kinds(thumbnail, spread, mean, source):
            found[kind].append(name)
    return OddPictures(
        len(looked),
        {kind: len(each) for kind, each in found.items()},
        {kind: tuple(each[:LISTED]) for kind, each in found.items() if each},
        all_inverted=bool(looked) and midline(mean) < 0,
    )


def _kinds(thumbnail: Vector, spread: float, mean: Vector, source: tuple[int, int, float]) -> Iterable[OddKind]:
    width, height, colourfulness = source
    if max(width, height) > LONGEST * min(width, height):
        yield "elongated"
    if colourfulness > MOST_COLOUR:
        yield "coloured"
    if spread < LEAST_CONTRAST:
        yield "constant"
        return
    as_is = resemblance(thumbnail, mean)
    gained = gains(thumbnail, mean)
    negative = gained.pop("inverted")
    turned = max(gained.values())
    if turned >= TURNED and as_is + turned >= UPRIGHT and turned > negative:
        yield "turned"
    elif as_is < INVERTED:
        yield "inverted"


def describe_odd_pictures(odd: OddPictures) -> str:
    """Sentences for a person; empty if nothing is odd."""
    lines = []
    if odd.all_inverted:
        lines.append(
            "The mean training picture is darker at the spine than in the lungs: most pictures seem to be inverted, "
            "turned or no frontal radiographs."
        )
    for kind, number in odd.counts.items():
        if number:
            left = number - len(odd.examples[kind])
            more = f" and {left:,} more" if left else ""
            lines.append(
                f"{number:,} of {odd.looked_at:,} training pictures seem {KINDS[kind]}: "
                f"{', '.join(odd.examples[kind])}{more}."
            )
    return "\n".join(lines)
