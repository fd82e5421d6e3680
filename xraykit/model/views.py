"""Test-time augmentation: a radiograph is seen in several fixed views, and the network's logits are averaged over them.

The views are the same for every picture and every time, so that a prediction can be repeated. Run and bundle use this
one function, so that calibration and thresholds are fitted on what is predicted later.
"""

from collections.abc import Callable, Sequence

import numpy as np

from xraykit.config import ViewsName

View = Callable[[np.ndarray], np.ndarray]
"""From pictures ``(B, S, S, 1)``, 0–255, to what the network sees of them, of the same shape; zooms are float32."""

SHIFT = 0.03
"""Share of the side by which a shifted view is moved; whole pixels, at least one."""
ZOOM = 1.05
"""How much a zoomed view is enlarged, or reduced."""


def views_of(name: ViewsName) -> tuple[View, ...]:
    """The views of ``evaluation.test_time_augmentation``; the first is the picture as it is.

    ``shifts``: 5 views, as it is and moved left, right, up and down. ``shifts_and_zooms``: 7, also enlarged and reduced
    about the middle. ``flips``: 2, as it is and mirrored. ``shifts_zooms_and_flips``: 14, those 7 and each mirrored.
    What is beyond the edge of the picture continues its edge.
    """
    shifts = (_shifted(-1, 2), _shifted(1, 2), _shifted(-1, 1), _shifted(1, 1))
    zooms = (_zoomed(ZOOM), _zoomed(1 / ZOOM))
    upright: dict[str, Sequence[View]] = {
        "none": (),
        "shifts": shifts,
        "shifts_and_zooms": (*shifts, *zooms),
        "flips": (),
        "shifts_zooms_and_flips": (*shifts, *zooms),
    }
    views: tuple[View, ...] = (_unchanged, *upright[name])
    return (*views, *map(_mirrored, views)) if name.endswith("flips") else views


def over_views(name: ViewsName, predict: Callable[[View], np.ndarray]) -> np.ndarray:
    """The mean over views of a network's logits, ``(n, L)``.

    Args:
        name: ``evaluation.test_time_augmentation``; ``none`` gives what ``predict`` gives.
        predict: The logits ``(n, L)`` of pictures in one view.
    """
    views = views_of(name)
    if len(views) == 1:
        return predict(views[0])
    # In float64: the sum does not depend on how many digits float32 has left.
    return np.asarray(np.mean([np.asarray(predict(view), np.float64) for view in views], axis=0))


def _unchanged(pictures: np.ndarray) -> np.ndarray:
    return pictures


def _shifted(direction: int, axis: int) -> View:
    def view(pictures: np.ndarray) -> np.ndarray:
        side = pictures.shape[axis]
        step = direction * max(1, round(SHIFT * side))
        return np.asarray(np.take(pictures, np.clip(np.arange(side) - step, 0, side - 1), axis))

    return view


def _zoomed(factor: float) -> View:
    def view(pictures: np.ndarray) -> np.ndarray:
        return _resampled(_resampled(pictures.astype(np.float32), factor, 1), factor, 2)

    return view


def _resampled(pictures: np.ndarray, factor: float, axis: int) -> np.ndarray:
    """Enlarged about the middle along one axis, linearly between the pixels."""
    side = pictures.shape[axis]
    middle = (side - 1) / 2
    places = np.clip(middle + (np.arange(side) - middle) / factor, 0, side - 1)
    lower = np.minimum(places.astype(int), side - 2)
    shape = [1] * pictures.ndim
    shape[axis] = side
    share = (places - lower).astype(np.float32).reshape(shape)
    return np.asarray(np.take(pictures, lower, axis) * (1 - share) + np.take(pictures, lower + 1, axis) * share)


def _mirrored(view: View) -> View:
    return lambda pictures: np.ascontiguousarray(view(pictures)[:, :, ::-1])
