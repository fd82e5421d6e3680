"""The input check: fitted on the training pictures, it flags pictures that are unlike them, with the reason."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

import numpy as np

from xraykit.data import FRONTAL, Radiograph
from xraykit.errors import DataError
from xraykit.input_check.cloud import Cloud, fit_cloud
from xraykit.input_check.frontal import Frontal, fit_frontal, frontal_measures
from xraykit.input_check.limits import Limits, fit_limits
from xraykit.input_check.measures import (
    CHANGES,
    THUMBNAIL,
    TONES,
    Vector,
    contrast,
    gains,
    layout,
    resemblance,
    tone,
)
from xraykit.input_check.source_facts import SourceFlag, depth_reason, expected_views, header_reasons
from xraykit.input_check.trimming import stands_right

logger = logging.getLogger(__name__)

PictureFlag = Literal["too_small", "colour", "constant", "inverted", "rotated", "lateral", "unlike_training"]
FlagName = PictureFlag | SourceFlag

MOST_PICTURES = 2000
ENOUGH_PICTURES = 100
LAYOUT_AXES = 8

LEAST_SIZE = 0.75
"""Share of the network's input side that a source needs: enlarging by more than a third invents detail."""
MOST_COLOUR = 0.1
"""Colourfulness of a radiograph at most. A network receives no colours, so training pictures set no limit."""


class Flag(NamedTuple):
    """One way in which a picture is not like those of training.

    Attributes:
        name: Which way.
        reason: A sentence with the measured value and the limit.
    """

    name: FlagName
    reason: str


@dataclass(frozen=True, eq=False)
class Screen:
    """What the training pictures have in common, in a thousand numbers; no patient's picture is among them.

    Attributes:
        size: Side S of the pictures in pixels.
        pictures: How many it was fitted on.
        layout: Where their layouts lie; its mean is the mean training picture.
        tone: Where their greys and grain lie.
        frontal: How frontal they are.
        limits: The other limits.
        left_out: How many pictures were not fitted on, as they seem to be inverted or turned.
        views: Those of the training part, with which the view in a header is compared.
    """

    size: int
    pictures: int
    layout: Cloud
    tone: Cloud
    frontal: Frontal
    limits: Limits
    left_out: int = 0
    views: tuple[str, ...] = FRONTAL

    @classmethod
    def fit(cls, pictures: np.ndarray, views: Collection[str] = ()) -> "Screen":
        """Fit an input check on the training part; on 2,000 pictures at most, evenly taken.

        Args:
            pictures: ``(n, S, S)`` uint8, 0–255, those of one patient one after another. 100 at least for limits
                that keep to their rate of false alarms; fewer are reported in the log.
            views: Those that are known of the training part.

        Raises:
            DataError: the pictures have another shape or type, or there are fewer than two.
        """
        if pictures.ndim != 3 or pictures.shape[1] != pictures.shape[2] or pictures.dtype != np.uint8:
            raise DataError(_wrong_pictures("pictures (n, S, S) uint8, 0-255", pictures))
        if len(pictures) < 2:
            raise DataError(_wrong_pictures("at least two training pictures", pictures))
        if len(pictures) < ENOUGH_PICTURES:
            few = f"{len(pictures)} training pictures are too few to know their range"
            logger.warning("%s: the input check will flag more than 1 %% of good radiographs.", few)
        rows = np.unique(np.linspace(0, len(pictures) - 1, MOST_PICTURES).round().astype(int))
        taken = [np.asarray(pictures[row]) for row in rows]
        layouts = np.stack([layout(picture) for picture in taken])
        right = stands_right(layouts)
        left_out = int(np.count_nonzero(~right))
        if left_out:
            logger.warning(
                "%d of %d training pictures seem to be inverted or rotated. They are left out of the fit of the input "
                "check, but the network was trained on them: check the training part.",
                left_out,
                len(taken),
            )
        taken, layouts = [picture for picture, kept in zip(taken, right, strict=True) if kept], layouts[right]
        cloud, distances = fit_cloud(layouts, LAYOUT_AXES)
        tones, _ = fit_cloud(np.stack([tone(picture) for picture in taken]), TONES)
        limits = fit_limits(layouts, cloud.mean, np.array([contrast(picture) for picture in taken]))
        frontal = fit_frontal(layouts, cloud, distances)
        known = expected_views(views)
        return cls(len(taken[0]), len(taken), cloud, tones, frontal, limits, left_out, known)

    def flags(self, radiograph: Radiograph) -> tuple[Flag, ...]:
        """In which ways a radiograph is not like those of training; empty if in none.

        A constant picture gets no further flags: it has no layout that could be compared.

        Args:
            radiograph: From :func:`xraykit.data.open_radiograph`, at the size of the training pictures.

        Raises:
            DataError: its picture has another size or type.
        """
        picture = radiograph.picture
        if picture.shape != (self.size, self.size) or picture.dtype != np.uint8:
            raise DataError(_wrong_pictures(f"a picture ({self.size}, {self.size}) uint8, 0-255", picture))
        return *self._of_source(radiograph), *self._of_picture(picture)

    def _of_source(self, radiograph: Radiograph) -> Iterator[Flag]:
        least, side = round(LEAST_SIZE * self.size), min(radiograph.width, radiograph.height)
        if side < least:
            extent = f"{radiograph.width}×{radiograph.height} pixels"
            yield Flag("too_small", f"The source has {extent}; each side needs at least {least} for this model.")
        if radiograph.colourfulness > MOST_COLOUR:
            share = f"{100 * radiograph.colourfulness:.0f} % of the brightness is colour"
            yield Flag("colour", f"The source is coloured: {share}; at most {100 * MOST_COLOUR:.0f} % is expected.")
        for name, reason in header_reasons(radiograph.facts, self.views):
            yield Flag(name, reason)
        if misfit := depth_reason(radiograph.sample_bits, radiograph.white_bits):
            yield Flag("bit_depth", misfit)

    def _of_picture(self, picture: np.ndarray) -> Iterator[Flag]:
        spread, least = contrast(picture), self.limits.contrast
        if spread < least:
            reason = f"The greys differ by a standard deviation of {spread:.1f} of 255"
            yield Flag("constant", f"{reason}; at least {least:.1f} is expected.")
            return
        thumbnail = layout(picture)
        # A picture that was inverted or turned has no frontal layout either: the more exact reason is given.
        stands_wrong = self._changed(thumbnail) or self._lateral(thumbnail)
        if stands_wrong:
            yield stands_wrong
        yield from self._unlike(thumbnail, tone(picture))

    def _changed(self, thumbnail: Vector) -> Flag | None:
        gained, limits = gains(thumbnail, self.layout.mean), self.limits.gains
        change = max(gained, key=lambda name: gained[name] - limits[name])
        if gained[change] <= limits[change]:
            return None
        as_is = resemblance(thumbnail, self.layout.mean)
        reason = (
            f"{CHANGES[change]}, it resembles the mean training picture by {as_is + gained[change]:.2f}, as it is by "
            f"{as_is:.2f}; a gain of at most {limits[change]:.2f} is expected."
        )
        return Flag("inverted" if change == "inverted" else "rotated", reason)

    def _lateral(self, thumbnail: Vector) -> Flag | None:
        distance = float(self.layout.distances(thumbnail[None])[0])
        measured = frontal_measures(thumbnail, self.layout.mean, distance)
        shortfall = self.frontal.shortfall(measured)
        if shortfall <= self.frontal.limit:
            return None
        usual = self.frontal.middles
        reason = (
            f"It may be a lateral or no chest: its middle is brighter than the places of the lungs by "
            f"{measured[0]:.2f} (usual: {usual[0]:.2f}), it resembles the mean training picture by {measured[1]:.2f} "
            f"(usual: {usual[1]:.2f}) and is {distance:.1f} times as far from it as usual; together that is "
            f"{shortfall:.1f} spreads short of frontal radiographs, and at most {self.frontal.limit:.1f} are expected."
        )
        return Flag("lateral", reason)

    def _unlike(self, thumbnail: Vector, greys: Vector) -> Iterator[Flag]:
        places = (("layout", self.layout, thumbnail), ("greys and grain", self.tone, greys))
        measured = [(what, cloud.distances(vector[None])[0], cloud.limit) for what, cloud, vector in places]
        far = [
            f"its {what} {distance:.1f} times as far (at most {limit:.1f} is expected)"
            for what, distance, limit in measured
            if distance > limit
        ]
        if far:
            start = "It is farther from the mean of the training pictures than the middle one of them is"
            yield Flag("unlike_training", f"{start}: {' and '.join(far)}.")

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold, about 5 kB."""
        return {
            "size": self.size,
            "pictures": self.pictures,
            "layout": self.layout.as_values(),
            "tone": self.tone.as_values(),
            "frontal": self.frontal.as_values(),
            "limits": self.limits.as_values(),
            "left_out": self.left_out,
            **({} if self.views == FRONTAL else {"views": list(self.views)}),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Screen":
        """The input check that :meth:`as_values` returned.

        Raises:
            DataError: the values are not those of an input check.
        """
        try:
            layouts = Cloud.from_values(values["layout"], THUMBNAIL**2)
            tones = Cloud.from_values(values["tone"], TONES)
            frontal, limits = Frontal.from_values(values["frontal"]), Limits.from_values(values["limits"])
            numbers = int(values["size"]), int(values["pictures"])
            # Screens of xraykit 0.1 were fitted on all pictures.
            views = tuple(map(str, values.get("views", FRONTAL)))
            return cls(*numbers, layouts, tones, frontal, limits, int(values.get("left_out", 0)), views)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            wanted = ", ".join(field.name for field in fields(cls))
            raise DataError(
                f"These are not the values of an input check: {error!r}. Expected: {wanted}, from Screen.as_values(). "
                f"Copy the model's folder from the run again, or train again."
            ) from error


def _wrong_pictures(expected: str, received: np.ndarray) -> str:
    return (
        f"The input check needs {expected}. Received: {received.shape} {received.dtype}. "
        f"Read files with xraykit.data.open_radiograph at the model's size."
    )
