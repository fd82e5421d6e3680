"""Heat maps: their scores against annotated boxes, and the maps themselves."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from xraykit.evaluation import BASELINES, ENOUGH_PATIENTS
from xraykit.report.blocks import Block, Card, Cell, Gallery, Missing, Picture, Row, Section, Table, Text, heads
from xraykit.report.pages import embedded_jpeg
from xraykit.report.wording import (
    DASH,
    METHODS,
    between,
    count,
    figure_cell,
    listed,
    number,
    radiographs,
    signed,
    small_number,
    stamp,
)
from xraykit.runs import FinishedRun

_SCORES = {
    "pointing_game": "Pointing game: share of maps whose hottest point lies in a box",
    "iou": "Mean overlap (IoU) of map and box",
    "boxes_hit": "Share of boxes hit",
}
_KINDS = {
    "true_positive": ("True positive", "present, called"),
    "false_positive": ("False positive", "absent, called"),
    "true_negative": ("True negative", "absent, not called"),
    "false_negative": ("False negative", "present, not called"),
    "unknown": ("Not judged", "no operating point, or truth unknown"),
}
_BLANK = {
    "empty_maps": "no evidence for the finding (an empty map)",
    "flat_maps": "the map has the same value everywhere",
}
_WARNINGS = {
    "not_shown": "have not been shown to find the annotated findings better than a baseline that ignores the picture: "
    "they may not show what the predictions are based on",
    "few_patients": "cannot be judged, because too few patients have annotated boxes",
    "older": "were compared with the baselines without intervals, so that a difference may be due to chance",
}
_WRONG = ("false_positive", "false_negative")


def localisation(run: FinishedRun) -> Section:
    """How well the heat maps agree with the boxes, compared with two baselines."""
    scored = run.metrics.get("localisation")
    title = "Heat maps, scored"
    if not scored:
        why = run.metrics.get("localisation_why") or "This run's heat maps were not scored against boxes."
        return Section("localisation", title, [Missing(why)])
    where = f"with {count(scored['boxes'])} boxes, on {radiographs(scored['images'], scored['patients'])}"
    everything = scored.get("pairs_in_all", scored["pairs"])
    drawn = f", drawn at random from {count(everything)}" if everything > scored["pairs"] else ""
    words = (
        f"{count(scored['pairs'])} pairs of a radiograph and an annotated finding{drawn}, {where}. A map that locates "
        f"the finding must outperform two baselines: a blob in the middle of every picture, and the same network "
        f"before training."
    )
    tables = [_scores(run.metrics, scored, name) for name in _SCORES]
    texts = [Text(each) for each in (words, *_verdicts(scored))]
    after = [*_compared(run.metrics, scored["methods"]), *_blank_maps(scored["methods"])]
    return Section("localisation", title, [*texts, *tables, *after])


def heat_map_warnings(localisation: Mapping[str, Any] | None) -> Iterator[str]:
    """Warnings for readers of the maps: which were not shown to find the findings better than a baseline."""
    verdicts = _by_verdict(localisation)
    for verdict, why in _WARNINGS.items():
        if verdict in verdicts:
            yield f"The heat maps of {listed(verdicts[verdict])} {why} (see Heat maps, scored)."


def _by_verdict(localisation: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """Names of the methods by verdict; of an older run, which compared without intervals, all are ``older``."""
    verdicts: dict[str, list[str]] = {}
    for name, each in (localisation or {}).get("methods", {}).items():
        if name not in BASELINES and each["macro"]["pointing_game"] is not None:
            verdict = each.get("verdict", "older" if "above_baselines" not in each else None)
            verdicts.setdefault(verdict or "no_intervals", []).append(METHODS.get(name, name))
    return verdicts


def _verdicts(scored: Mapping[str, Any]) -> Iterator[str]:
    verdicts, patients = _by_verdict(scored), count(scored["patients"])
    if "few_patients" in verdicts:
        yield (
            f"No conclusion is possible: the boxes are of {patients} patients, and with fewer than "
            f"{ENOUGH_PATIENTS} good and bad maps cannot be distinguished from chance."
        )
    if "better" in verdicts:
        yield (
            f"{listed(verdicts['better'])}: the hottest point lies in a box more often than that of each baseline; the "
            f"interval of the difference on the same boxes is above 0."
        )
    if "not_shown" in verdicts:
        yield (
            f"{listed(verdicts['not_shown'])}: no evidence of being better than both baselines, as the interval of a "
            f"difference on the same boxes contains 0. With few boxes this may be for lack of data."
        )


def _compared(metrics: Mapping[str, Any], methods: Mapping[str, Any]) -> Iterator[Table]:
    """Each method minus each baseline, on the same boxes."""
    rows = [
        Row(
            f"{METHODS.get(name, name)} minus {_lowered(METHODS.get(other, other))}",
            tuple(_difference(above["macro"], score) for score in _SCORES),
        )
        for name, each in methods.items()
        for other, above in each.get("above_baselines", {}).items()
    ]
    if rows:
        heading = heads("Macro mean", "Pointing game", "Overlap (IoU)", "Boxes hit")
        note = "In parentheses: 95 % interval of the difference on the same pairs, by patient; above 0: better."
        yield Table(f"How much better than baseline maps. {stamp(metrics)}.", heading, tuple(rows), (note,))


def _difference(figures: Mapping[str, Any], score: str) -> Cell:
    value, interval = figures[f"{score}_difference"], figures[f"{score}_difference_interval"]
    mark = "" if interval is None or interval[0] > 0 else "bad"
    return Cell(signed(value), mark=mark, interval=between(interval))


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def heat_maps(run: FinishedRun) -> Section:
    """The gallery: correct and wrong predictions, the most confident first."""
    title = "Heat maps, examples"
    gallery = run.gallery()
    if gallery is None or gallery.empty:
        return Section("heat-maps", title, [Missing("This run has no gallery of heat maps.")])
    methods = sorted(set(gallery["method"].astype(str)))
    words = (
        f"{listed(methods)} over radiographs of the test part: purple, little; yellow, much evidence for the finding. "
        f"These are the most confident predictions of each kind, not typical radiographs. A blue box is an annotated "
        f"finding. {stamp(run.metrics)}."
    )
    groups = [_gallery(run, str(label), rows) for label, rows in gallery.groupby("label", sort=False)]
    return Section("heat-maps", title, [Text(words), *groups])


def _scores(metrics: Mapping[str, Any], scored: Mapping[str, Any], name: str) -> Table:
    methods = scored["methods"]
    labels = list(dict.fromkeys(label for method in methods.values() for label in method["labels"]))
    rows = [
        Row(label, tuple(_score(method["labels"].get(label), name) for method in methods.values())) for label in labels
    ]
    rows.append(Row("Macro mean", tuple(_score(each["macro"], name) for each in methods.values()), total=True))
    at = f" (IoU of at least {scored['iou_threshold']:g})" if name == "boxes_hit" else ""
    return Table(
        f"{_SCORES[name]}{at}. {stamp(metrics)}.",
        heads("Finding", *[METHODS.get(method, method) for method in methods]),
        tuple(rows),
        ("In parentheses: 95 % interval, by patient. Small: the number of pairs.",),
    )


def _score(figures: Mapping[str, Any] | None, name: str) -> Cell:
    if figures is None:
        return Cell(DASH)
    cell = figure_cell(figures, name)
    pairs = f"{count(figures['pairs'])} pairs" if "pairs" in figures else ""
    return replace(cell, small=pairs)


def _blank_maps(methods: Mapping[str, Any]) -> Iterator[Block]:
    """Maps without a hot spot, which count as misses."""
    for method, each in methods.items():
        for kind, meaning in _BLANK.items():
            many = each["macro"][kind]
            if many:
                yield Text(f"{METHODS.get(method, method)}: {meaning} in {count(many)} pairs, which count as misses.")


def _gallery(run: FinishedRun, label: str, rows: pd.DataFrame) -> Block:
    cards, missing = [], []
    for row in rows.to_dict("records"):
        path = run.files.gradcam / str(row["file"])
        if path.is_file():
            cards.append(_card(label, {str(key): value for key, value in row.items()}, embedded_jpeg(path)))
        else:
            missing.append(str(row["file"]))
    return Gallery(label, tuple(cards)) if cards else Missing(f"{label}: {', '.join(missing)} are missing.")


def _card(label: str, row: Mapping[str, Any], source: str) -> Card:
    title, meaning = _KINDS.get(row["kind"], (str(row["kind"]), ""))
    threshold = row["threshold"]
    mark = "" if row.get("calibrated", True) else " (not calibrated)"
    shown = f"probability {number(row['probability'])}{mark}"
    point = "" if math.isnan(threshold) else f"threshold {small_number(threshold)}"
    boxes = int(row["boxes"])
    state = "" if row["map"] == "ok" else f"the map is {row['map']}"
    drawn = f"{boxes} annotated box{'es' if boxes > 1 else ''}" if boxes else ""
    lines = (meaning, shown, point, str(row["image"]), drawn, state)
    picture = Picture(source, f"{row['method']} map for {label} over {row['image']}: {title.lower()}, {shown}")
    return Card(picture, title, tuple(filter(None, lines)), "bad" if row["kind"] in _WRONG else "")
