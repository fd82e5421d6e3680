"""Whether a model looks where the finding is: heat maps against boxes, with intervals by patient.

Read beside the same metrics of maps that know nothing (a centre prior, the network with random weights): what counts is
the difference on the same boxes. A pair is one radiograph and one finding that has boxes there. How one map is scored:
:mod:`xraykit.evaluation.localisation.heat_maps`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from xraykit.errors import DataError
from xraykit.evaluation.localisation.heat_maps import Box, heat_map_scores, map_state
from xraykit.evaluation.localisation.intervals import (
    Cases,
    Estimate,
    difference_estimates,
    label_estimates,
    mean_estimate,
)
from xraykit.evaluation.metrics import Booleans, Floats
from xraykit.evaluation.statistics.intervals import ENOUGH_PATIENTS
from xraykit.evaluation.statistics.resampling import Codes, patient_codes

IOU_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""From which overlap a box counts as hit: those of Wang et al., CVPR 2017, table 4."""

IOU_THRESHOLD = 0.3
"""The one that is reported with an interval."""

SCORES = ("pointing_game", "iou", "boxes_hit")

Verdict = Literal["better", "not_shown", "few_patients"]

BASELINES = ("centre_prior", "random_weights")
"""Maps that know nothing of the finding: a blob in the middle, and those of the network with random weights."""

_ROUNDING = 1e-6  # of edges that were divided by the side


def localisation_metrics(
    maps: Mapping[str, npt.ArrayLike],
    boxes: Sequence[Sequence[Box]],
    labels: Sequence[str],
    images: Sequence[str],
    patients: npt.ArrayLike,
    *,
    baselines: Sequence[str] = BASELINES,
    intervals: bool = True,
) -> dict[str, Any]:
    """Score each method's heat maps of ``n`` pairs.

    ``pointing_game`` and ``iou`` are means over pairs; ``boxes_hit`` is a share of boxes. Macro metrics are means over
    the labels that have pairs. Intervals: :mod:`xraykit.evaluation.localisation.intervals`.

    Args:
        maps: By name of the method or baseline, ``(n, S, S)``, 0–1.
        boxes: Of each pair, at least one: x, y of the upper left corner, width and height as shares of the picture's.
        labels: Finding of each pair ``(n,)``.
        images: Name of each pair's radiograph ``(n,)``.
        patients: Of each pair ``(n,)``.
        baselines: Which of the maps know nothing: each other method is compared with each of these.
        intervals: Whether 95 % intervals are wanted.

    Returns:
        Plain values that JSON can hold: numbers of ``pairs``, ``images``, ``patients`` and ``boxes``,
        ``iou_threshold``, and ``methods``. Each of these has ``macro`` and ``labels``, in the order in which they come
        first, with ``pairs``, ``boxes``, ``pointing_game``, ``iou``, ``boxes_hit``, an ``…_interval`` of each, the
        shares ``boxes_hit_at`` each of ``IOU_THRESHOLDS``, and how many maps are ``empty_maps`` and ``flat_maps``. A
        method that is no baseline also has ``above_baselines``: for each of these ``macro`` and ``labels``, with a
        ``…_difference`` of each score (method minus baseline, on the same pairs) and its ``…_difference_interval``;
        and ``verdict``: ``better`` if the interval of the difference of the macro pointing game is above 0 for each
        baseline, ``not_shown`` if not, ``few_patients`` if pairs are of fewer than ``ENOUGH_PATIENTS`` (None without
        intervals or baselines). None where not estimable; an interval also with pairs of fewer than two patients.

    Raises:
        DataError: the arguments do not fit together, a map is not finite or negative, or a box is not within 0–1.
    """
    pairs = _Pairs.of(labels, boxes, patient_codes(patients, len(labels)))
    if len(images) != len(labels):
        raise DataError(f"Each pair needs its radiograph: expected {len(labels)} images. Received: {len(images)}.")
    scored = {name: _Scores.of(_checked(name, heat, pairs), pairs) for name, heat in maps.items()}
    known = [name for name in baselines if name in scored]
    methods = {name: _method(scores, pairs, intervals) for name, scores in scored.items()}
    for name in (name for name in methods if name not in known):
        above = {other: _differences(scored[name], scored[other], pairs, intervals) for other in known}
        methods[name] |= {"above_baselines": above, "verdict": _verdict(above, pairs) if intervals else None}
    return {
        "pairs": len(labels),
        "images": len(set(images)),
        "patients": len(np.unique(pairs.codes)),
        "boxes": int(pairs.counts.sum()),
        "iou_threshold": IOU_THRESHOLD,
        "methods": methods,
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

    def cases_of(self, score: str) -> Cases:
        """What the score is a mean of: pairs or boxes."""
        if score != "boxes_hit":
            return Cases(self.member, self.codes)
        times = self.counts.astype(np.intp)
        return Cases(np.repeat(self.member, times, axis=0), np.repeat(self.codes, times))

    def patients_of(self, pairs: Booleans) -> int:
        return len(np.unique(self.codes[pairs]))


@dataclass(frozen=True)
class _Scores:
    """A method's maps: pointing game and IoU of each pair ``(n,)``, overlaps of all boxes, state of each map."""

    pointing: Floats
    iou: Floats
    overlaps: Floats
    states: Sequence[str]

    @classmethod
    def of(cls, heat: npt.NDArray[np.floating], pairs: "_Pairs") -> "_Scores":
        each = [heat_map_scores(one, boxes) for one, boxes in zip(heat, pairs.boxes, strict=True)]
        return cls(
            np.array([scores.pointing for scores in each], np.float64),
            np.array([scores.iou for scores in each], np.float64),
            np.concatenate([np.zeros(0), *[scores.overlaps for scores in each]]),
            [map_state(one) for one in heat],
        )

    def values(self, score: str, least: float = IOU_THRESHOLD) -> Floats:
        """Of each pair or box, 0–1."""
        if score == "boxes_hit":
            return (self.overlaps >= least).astype(np.float64)
        return self.iou if score == "iou" else self.pointing


def _method(scores: _Scores, pairs: _Pairs, intervals: bool) -> dict[str, Any]:
    everything = np.ones(len(pairs.codes), np.bool_)
    macro = _counted(pairs, everything, scores.states)
    labels = {name: _counted(pairs, of, scores.states) for name, of in zip(pairs.names, pairs.member.T, strict=True)}
    for score in SCORES:
        cases = pairs.cases_of(score)
        estimates = label_estimates(scores.values(score), cases, binary=score != "iou")
        _enter(score, macro, labels, estimates, mean_estimate(estimates, cases, 0.0), intervals)
    _enter_boxes_hit_at(macro, labels, scores, pairs.cases_of("boxes_hit"))
    return {"macro": macro, "labels": labels}


def _enter(
    name: str,
    macro: dict[str, Any],
    labels: Mapping[str, dict[str, Any]],
    estimates: Sequence[Estimate],
    mean: Estimate,
    intervals: bool,
) -> None:
    for metrics, each in zip([macro, *labels.values()], [mean, *estimates], strict=True):
        metrics[name] = each.value
        metrics[f"{name}_interval"] = each.interval if intervals else None


def _enter_boxes_hit_at(
    macro: dict[str, Any], labels: Mapping[str, dict[str, Any]], scores: _Scores, boxes: Cases
) -> None:
    for metrics in (macro, *labels.values()):
        metrics["boxes_hit_at"] = {}
    for least in IOU_THRESHOLDS:
        estimates = label_estimates(scores.values("boxes_hit", least), boxes, binary=True)
        for metrics, each in zip(
            [macro, *labels.values()], [mean_estimate(estimates, boxes, 0.0), *estimates], strict=True
        ):
            metrics["boxes_hit_at"][str(least)] = each.value


def _verdict(above: Mapping[str, Mapping[str, Any]], pairs: _Pairs) -> Verdict | None:
    if not above:
        return None
    if len(np.unique(pairs.codes)) < ENOUGH_PATIENTS:
        return "few_patients"
    around = [each["macro"]["pointing_game_difference_interval"] for each in above.values()]
    return "better" if all(interval is not None and interval[0] > 0 for interval in around) else "not_shown"


def _differences(method: _Scores, baseline: _Scores, pairs: _Pairs, intervals: bool) -> dict[str, Any]:
    macro: dict[str, Any] = {}
    labels: dict[str, dict[str, Any]] = {name: {} for name in pairs.names}
    for score in SCORES:
        cases = pairs.cases_of(score)
        estimates = difference_estimates(method.values(score), baseline.values(score), cases)
        _enter(f"{score}_difference", macro, labels, estimates, mean_estimate(estimates, cases, -1.0), intervals)
    return {"macro": macro, "labels": labels}


def _counted(pairs: _Pairs, of: Booleans, states: Sequence[str]) -> dict[str, Any]:
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
                f"A box is x, y, width and height as shares of the picture's width or height, within 0 and 1. "
                f"Received: {', '.join(f'{edge:g}' for edge in box)}. Divide pixels by the width or height of the "
                f"picture they refer to."
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
