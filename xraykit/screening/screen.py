"""The screen: fitted on the training pictures, it tells which other pictures are not of their kind, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np

from xraykit.data.images import Radiograph
from xraykit.errors import DataError
from xraykit.screening.cloud import Cloud, fit_cloud
from xraykit.screening.measures import CHANGES, contrast, gains, layout, midline, resemblance, tone

FlagName = Literal["too_small", "colour", "constant", "inverted", "rotated", "lateral", "unlike_training"]

MOST_PICTURES = 2000
LAYOUT_AXES, TONE_AXES = 8, 7

LEAST_SIZE = 0.75
"""Share of the network's input side that a source must have: enlarging by more than a third invents detail."""
MOST_COLOUR = 0.1
"""Colourfulness of a radiograph. The network never sees colours, so training says nothing of them."""

_LATERAL_QUANTILE = 0.02
_CHANGE_FALSE_ALARMS = 0.001
_LEAST_MARGIN = 0.1
_CONSTANT_SHARE, _LEAST_CONTRAST = 0.5, 2.0


class Flag(NamedTuple):
    """One way in which a picture is not like those of training.

    Attributes:
        name: Which way.
        reason: A sentence with the measured value and the limit.
    """

    name: FlagName
    reason: str


@dataclass(frozen=True)
class Limits:
    """How far a picture may be from those of training.

    Attributes:
        contrast: Least standard deviation of the greys, 0–127.5.
        midline: Below this and below ``resemblance`` a picture may be a lateral; in standard deviations.
        resemblance: The same, as a correlation with the mean training picture.
        gains: How much more a picture may resemble the mean training picture once it is changed, by the names of
            :data:`xraykit.screening.measures.CHANGES`.
    """

    contrast: float
    midline: float
    resemblance: float
    gains: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Screen:
    """What the training pictures have in common: a few hundred numbers, none of them one patient's picture.

    Attributes:
        size: Side S of the pictures in pixels.
        pictures: How many it was fitted on.
        layout: Where their layouts lie; its mean is the mean training picture.
        tone: Where their greys and grain lie.
        limits: The other limits.
    """

    size: int
    pictures: int
    layout: Cloud
    tone: Cloud
    limits: Limits

    @classmethod
    def fit(cls, pictures: np.ndarray) -> "Screen":
        """Fit a screen on the training part, on at most 2,000 pictures, evenly taken.

        Args:
            pictures: ``(n, S, S)`` uint8, 0–255, n at least 2, those of one patient one after another.

        Raises:
            DataError: the pictures have another shape or type, or there are fewer than two.
        """
        if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2] or pictures.dtype != np.uint8:
            raise DataError(_wrong_pictures("pictures (n, S, S) uint8, 0-255", pictures))
        if len(pictures) < 2:
            raise DataError(_wrong_pictures("at least two training pictures", pictures))
        rows = np.unique(np.linspace(0, len(pictures) - 1, MOST_PICTURES).round().astype(int))
        taken = [np.asarray(pictures[row]) for row in rows]
        layouts = np.stack([layout(picture) for picture in taken])
        cloud = fit_cloud(layouts, LAYOUT_AXES)
        tones = fit_cloud(np.stack([tone(picture) for picture in taken]), TONE_AXES)
        limits = _limits(layouts, cloud.mean, np.array([contrast(picture) for picture in taken]))
        return cls(int(pictures.shape[1]), len(taken), cloud, tones, limits)

    def flags(self, radiograph: Radiograph) -> tuple[Flag, ...]:
        """In which ways a radiograph is not like those of training; empty if in none.

        A constant picture has no other flags of its picture: it has no layout that could be compared.

        Args:
            radiograph: From :func:`xraykit.data.images.open_radiograph`, at the size of the training pictures.

        Raises:
            DataError: its picture has another size or type.
        """
        picture = radiograph.picture
        if picture.shape != (self.size, self.size) or picture.dtype != np.uint8:
            raise DataError(_wrong_pictures(f"a picture ({self.size}, {self.size}) uint8, 0-255", picture))
        of_source = tuple(self._of_source(radiograph))
        spread = contrast(picture)
        if spread < self.limits.contrast:
            reason = f"The greys differ by a standard deviation of {spread:.1f} of 255; at least "
            return *of_source, Flag("constant", f"{reason}{self.limits.contrast:.1f} is expected.")
        return *of_source, *self._of_picture(picture)

    def _of_source(self, radiograph: Radiograph) -> Iterator[Flag]:
        least, side = round(LEAST_SIZE * self.size), min(radiograph.width, radiograph.height)
        if side < least:
            extent = f"{radiograph.width}×{radiograph.height} pixels"
            yield Flag("too_small", f"The source has {extent}; each side needs at least {least} for this model.")
        if radiograph.colourfulness > MOST_COLOUR:
            share = f"{100 * radiograph.colourfulness:.0f} % of the brightness is colour"
            yield Flag("colour", f"The source is coloured: {share}; at most {100 * MOST_COLOUR:.0f} % is expected.")

    def _of_picture(self, picture: np.ndarray) -> Iterator[Flag]:
        thumbnail = layout(picture)
        changed = self._changed(thumbnail)
        if changed:
            yield changed
        elif lateral := self._lateral(thumbnail):
            yield lateral
        yield from self._unlike(thumbnail, tone(picture))

    def _changed(self, thumbnail: np.ndarray) -> Flag | None:
        """The change that makes the picture most like the mean training picture, if it is beyond its limit."""
        gained = gains(thumbnail, self.layout.mean)
        change = max(gained, key=lambda name: gained[name] - self.limits.gains[name])
        if gained[change] <= self.limits.gains[change]:
            return None
        as_is = resemblance(thumbnail, self.layout.mean)
        numbers = f"{as_is + gained[change]:.2f} against {as_is:.2f} as it is"
        reason = f"{CHANGES[change]}, it resembles the mean training picture more: {numbers}"
        limit = f"a gain of at most {self.limits.gains[change]:.2f} is expected"
        return Flag("inverted" if change == "inverted" else "rotated", f"{reason}; {limit}.")

    def _lateral(self, thumbnail: np.ndarray) -> Flag | None:
        middle, likeness = midline(thumbnail), resemblance(thumbnail, self.layout.mean)
        if middle >= self.limits.midline or likeness >= self.limits.resemblance:
            return None
        reason = (
            f"It may be a lateral or no chest: between the places of the lungs the middle is brighter by {middle:.2f} "
            f"(at least {self.limits.midline:.2f} is expected), and it resembles the mean training picture by "
            f"{likeness:.2f} (at least {self.limits.resemblance:.2f} is expected)."
        )
        return Flag("lateral", reason)

    def _unlike(self, thumbnail: np.ndarray, greys: np.ndarray) -> Iterator[Flag]:
        places = (("layout", self.layout, thumbnail), ("greys and grain", self.tone, greys))
        far = [
            f"its {what} {cloud.distance(vector):.1f} times (at most {cloud.limit:.1f} is expected)"
            for what, cloud, vector in places
            if cloud.distance(vector) > cloud.limit
        ]
        if far:
            start = "It is farther from the mean of the training pictures than the middle one of them: "
            yield Flag("unlike_training", f"{start}{' and '.join(far)}.")

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold, about 5 kB."""
        return {
            "size": self.size,
            "pictures": self.pictures,
            "layout": self.layout.as_values(),
            "tone": self.tone.as_values(),
            "limits": asdict(self.limits),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Screen":
        """The screen that :meth:`as_values` gave.

        Raises:
            DataError: the values are not those of a screen.
        """
        try:
            clouds = Cloud.from_values(values["layout"]), Cloud.from_values(values["tone"])
            return cls(int(values["size"]), int(values["pictures"]), *clouds, _limits_from(values["limits"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            wanted = ", ".join(field.name for field in fields(cls))
            raise DataError(
                f"These are not the values of a screen: {error!r}. Expected: {wanted}, as Screen.as_values() gave them. "
                f"Take the model's folder from the run again, or train anew."
            ) from error


def _wrong_pictures(expected: str, received: np.ndarray) -> str:
    return (
        f"The screen needs {expected}. Received: {received.shape} {received.dtype}. "
        f"Read files with xraykit.data.open_radiograph at the model's size."
    )


def _limits(layouts: np.ndarray, mean: np.ndarray, contrasts: np.ndarray) -> Limits:
    gained = [gains(each, mean) for each in layouts]
    likeness = [resemblance(each, mean) for each in layouts]
    middles = [midline(each) for each in layouts]
    return Limits(
        contrast=max(_LEAST_CONTRAST, _CONSTANT_SHARE * float(np.quantile(contrasts, 0.01))),
        midline=float(np.quantile(middles, _LATERAL_QUANTILE)),
        resemblance=float(np.quantile(likeness, _LATERAL_QUANTILE)),
        gains={name: _most_gain(np.array([each[name] for each in gained])) for name in CHANGES},
    )


def _most_gain(gained: np.ndarray) -> float:
    """As far above the median as a normal distribution's 0.999 quantile is, judged by the 0.95 quantile.

    The largest ones seen would not do: a few radiographs of large collections really are inverted or turned.
    """
    middle, high = np.quantile(gained, (0.5, 0.95))
    farther = NormalDist().inv_cdf(1 - _CHANGE_FALSE_ALARMS) / NormalDist().inv_cdf(0.95)
    return max(_LEAST_MARGIN, float(middle + (high - middle) * farther))


def _limits_from(values: Mapping[str, Any]) -> Limits:
    allowed = {name: float(values["gains"][name]) for name in CHANGES}
    contrasts, middle, likeness = (float(values[name]) for name in ("contrast", "midline", "resemblance"))
    return Limits(contrasts, middle, likeness, allowed)
