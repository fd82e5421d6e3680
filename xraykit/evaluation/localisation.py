"""Whether a model looks where the finding is: heat maps against boxes, with intervals by bootstrap over patients.

Read beside the same figures of maps that know nothing (a centre prior, the network with random weights). A pair is one
radiograph and one finding that has boxes there. How one map is scored: :mod:`xraykit.evaluation.heat_maps`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.heat_maps import Box, heat_map_scores, map_state
from xraykit.evaluation.intervals import Interval, percentile_interval, wilson_interval
from xraykit.evaluation.metrics import Booleans, Floats
from xraykit.evaluation.resampling import Codes, means_over_labels, patient_codes, ratio, resampled_sums

IOU_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""From which overlap a box counts as hit: those of Wang et al., CVPR 2017, table 4."""

IOU_THRESHOLD = 0.3
"""The one that is reported with an interval."""

SCORES = ("pointing_game", "iou", "boxes_hit")

_ROUNDING = 1e-6  # of edges that were divided by the side, and of means

# Of a table with the two scores of a pair and then its boxes hit at each threshold.
_WITH_INTERVAL = [0, 1, 2 + IOU_THRESHOLDS.index(IOU_THRESHOLD)]


def localisation_figures(
    maps: Mapping[str, npt.ArrayLike],
    boxes: Sequence[Sequence[Box]],
    labels: Sequence[str],
    images: Sequence[str],
    patients: npt.ArrayLike,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Score each method's heat maps of ``n`` pairs.

    ``pointing_game`` and ``iou`` are means over pairs; ``boxes_hit`` is a share of boxes. Macro figures are means over
    the labels that have pairs; a label without a pair in a resample is left out of it there. For the width of its
    interval the macro mean counts as many patients as the label with the most. A score that is the same in all
    resamples knows no variation: it has Wilson's interval, each patient counted once.

    Args:
        maps: By name of the method or baseline, ``(n, S, S)``, 0–1.
        boxes: Of each pair, at least one: x, y of the upper left corner, width and height as shares of the side.
        labels: Finding of each pair ``(n,)``.
        images: Name of each pair's radiograph ``(n,)``.
        patients: Of each pair ``(n,)``.
        resamples: How often patients are drawn for the 95 % intervals; 0 for none.
        seed: Of the drawing.

    Returns:
        Plain values that JSON can hold: numbers of ``pairs``, ``images``, ``patients`` and ``boxes``,
        ``iou_threshold``, and ``methods``. Each of these has ``macro`` and ``labels``, in the order in which they come
        first, with ``pairs``, ``boxes``, ``pointing_game``, ``iou``, ``boxes_hit``, an ``…_interval`` of each, the
        shares ``boxes_hit_at`` each of ``IOU_THRESHOLDS``, and how many maps are ``empty_maps`` and ``flat_maps``.
        None where not estimable; an interval also with pairs of fewer than two patients.

    Raises:
        DataError: the arguments do not fit together, a map is not finite or negative, or a box is not within 0–1.
    """
    pairs = _Pairs.of(labels, boxes, patient_codes(patients, len(labels)))
    if len(images) != len(labels):
        raise DataError(f"Each pair needs its radiograph: expected {len(labels)} images. Received: {len(images)}.")
    return {
        "pairs": len(labels),
        "images": len(set(images)),
        "patients": len(np.unique(pairs.codes)),
        "boxes": int(pairs.counts.sum()),
        "iou_threshold": IOU_THRESHOLD,
        "methods": {name: _method(_checked(name, heat, pairs), pairs, resamples, seed) for name, heat in maps.items()},
    }


@dataclass(frozen=True)
class _Pairs:
    """Attributes: names of the L labels; each pair's boxes; membership ``(n, L)``; boxes and patient ``(n,)``."""

    names: Sequence[str]
    boxes: Sequence[Sequence[Box]]
    member: Booleans
    counts: Floats
    codes: Codes

    @classmethod
    def of(cls, labels: Sequence[str], boxes: Sequence[Sequence[Box]], codes: Codes) -> "_Pairs":
        _check_boxes(boxes, len(labels))
        names = list(dict.fromkeys(labels))
        member = np.array([[label == name for name in names] for label in labels], np.bool_)
        counts = np.array([len(each) for each in boxes], np.float64)
        return cls(names, boxes, member.reshape(len(labels), len(names)), counts, codes)

    def sums_of(self, scores: Floats) -> tuple[Floats, Floats]:
        """Scores ``(n, k)`` as what each pair adds to numerators and denominators ``(n, k, L)``; of boxes from 2 on."""
        parts = np.where(np.arange(scores.shape[1])[:, None] < 2, 1.0, self.counts[:, None, None])
        member = self.member[:, None, :]
        return scores[:, :, None] * member, parts * member

    def patients_of(self, pairs: Booleans) -> int:
        return len(np.unique(self.codes[pairs]))


def _method(heat: npt.NDArray[np.floating], pairs: _Pairs, resamples: int, seed: int) -> dict[str, Any]:
    scores = np.array([_row(one, boxes) for one, boxes in zip(heat, pairs.boxes, strict=True)], np.float64)
    parts, wholes = pairs.sums_of(scores.reshape(len(heat), 2 + len(IOU_THRESHOLDS)))
    figures = ratio(parts.sum(axis=0), wholes.sum(axis=0))
    resampled = _resampled(parts[:, _WITH_INTERVAL], wholes[:, _WITH_INTERVAL], pairs.codes, resamples, seed)
    numbers = [pairs.patients_of(of) for of in pairs.member.T]
    states = [map_state(one) for one in heat]
    everything = np.ones(len(heat), np.bool_)
    return {
        "macro": {
            **_counted(pairs, everything, states),
            **_named(
                means_over_labels(figures[:, :, None])[:, 0], means_over_labels(resampled), max(numbers, default=0)
            ),
        },
        "labels": {
            name: {
                **_counted(pairs, pairs.member[:, at], states),
                **_named(figures[:, at], resampled[:, at], numbers[at]),
            }
            for at, name in enumerate(pairs.names)
        },
    }


def _row(heat: npt.NDArray[np.floating], boxes: Sequence[Box]) -> list[float]:
    """Scores of one pair: pointing game, IoU, and how many boxes are hit at each threshold."""
    scores = heat_map_scores(heat, boxes)
    return [scores.pointing, scores.iou, *(float(np.sum(scores.overlaps >= least)) for least in IOU_THRESHOLDS)]


def _resampled(parts: Floats, wholes: Floats, codes: Codes, resamples: int, seed: int) -> Floats:
    """The figures that have an interval, of each label in each resample ``(3, L, resamples)``."""
    columns = np.concatenate([parts, wholes], axis=1).reshape(len(codes), 2 * parts.shape[1] * parts.shape[2])
    sums = resampled_sums(columns, codes, resamples, seed).reshape(2, *parts.shape[1:], resamples)
    return ratio(sums[0], sums[1])


def _named(figures: Floats, resampled: Floats, patients: int) -> dict[str, Any]:
    values = [None if np.isnan(figure) else float(figure) for figure in figures]
    named: dict[str, Any] = {}
    for name, at, draws in zip(SCORES, _WITH_INTERVAL, resampled, strict=True):
        named[name] = values[at]
        named[f"{name}_interval"] = _interval(draws, patients)
    return {**named, "boxes_hit_at": dict(zip(map(str, IOU_THRESHOLDS), values[2:], strict=True))}


def _interval(draws: Floats, patients: int) -> Interval:
    interval = percentile_interval(draws, patients)
    if interval is not None and interval[1] - interval[0] < _ROUNDING:
        return wilson_interval(round(interval[0] * patients), patients)
    return interval


def _counted(pairs: _Pairs, of: Booleans, states: Sequence[str]) -> dict[str, int]:
    among = [state for state, inside in zip(states, of, strict=True) if inside]
    return {
        "pairs": len(among),
        "patients": pairs.patients_of(of),
        "boxes": int(pairs.counts[of].sum()),
        "empty_maps": among.count("empty"),
        "flat_maps": among.count("flat"),
    }


def _check_boxes(boxes: Sequence[Sequence[Box]], pairs: int) -> None:
    if len(boxes) != pairs or not all(len(each) for each in boxes):
        raise DataError(
            f"Each of the {pairs} pairs needs at least one box. Received: {len(boxes)} lists of boxes, "
            f"{sum(not len(each) for each in boxes)} of them empty. Leave out findings without boxes."
        )
    for box in (box for each in boxes for box in each):
        x, y, w, h = box
        if not (min(x, y) >= 0 and min(w, h) > 0 and max(x + w, y + h) <= 1 + _ROUNDING):
            raise DataError(
                f"A box is x, y, width and height as shares of the picture's side, within 0 and 1. Received: "
                f"{', '.join(f'{edge:g}' for edge in box)}. Divide pixels by the side of the picture they refer to."
            )


def _checked(name: str, heat: npt.ArrayLike, pairs: _Pairs) -> npt.NDArray[np.floating]:
    values = np.asarray(heat)
    if values.ndim != 3 or len(values) != len(pairs.codes) or values.shape[1] != values.shape[2]:
        raise DataError(f"{name}: expected square maps ({len(pairs.codes)}, S, S). Received: {values.shape}.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise DataError(
            f"{name}: a heat map must be finite and not negative. Give maps from 0 to 1, as heat_maps does."
        )
    return values
