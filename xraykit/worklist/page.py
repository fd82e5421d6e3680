"""The worklist as a page: each case with its radiograph, to view and to fill in, also on a phone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pandas as pd

from xraykit.errors import DataError
from xraykit.report import embedded_png, render
from xraykit.system import escape_formula
from xraykit.worklist.ranking import COLUMNS, RANKING


def worklist_page(
    cases: pd.DataFrame, pictures: Mapping[str, np.ndarray], split: str, not_covered: Sequence[str] = ()
) -> str:
    """The page, self-contained, without any patient's name or number.

    Args:
        cases: From :func:`.disagreements`, in order.
        pictures: Radiograph to picture ``(S, S)`` uint8.
        split: How the data were divided.
        not_covered: Findings without an operating point, which cannot be listed.
    """
    shown = [_case(number, row, pictures) for number, row in enumerate(cases.to_dict("records"), start=1)]
    return render(
        "worklist.html.j2",
        cases=shown,
        key=_key([case["cells"] for case in shown]),
        columns=list(COLUMNS),
        radiographs=cases["image"].nunique(),
        ranking=RANKING,
        sides=sorted({picture.shape[-1] for picture in pictures.values()}),
        split=split,
        not_covered=[label.replace("_", " ") for label in not_covered],
    )


def why_listed(
    label: str, given: int, probability: float, threshold: float, surprise: float, calibrated: bool = True
) -> str:
    """Why a case is listed, in two sentences."""
    finding = label.replace("_", " ")
    description = f"is given as {'present' if given else 'absent'}"
    side = "at or above" if probability >= threshold else "below"
    chance = probability if given else 1 - probability
    listed = (
        f"{finding} {description}; the model's probability is {_percent(probability)}, {side} its operating point "
        f"({_percent(threshold)}). "
    )
    if not calibrated:
        return f"{listed}The probability is not calibrated: it only ranks the radiographs."
    return f"{listed}The model gave this label a probability of {_percent(chance)}: a surprise of {surprise:.1f} bits."


def _case(number: int, row: Mapping[Any, Any], pictures: Mapping[str, np.ndarray]) -> dict[str, Any]:
    calibrated = row["calibrated"] == "yes"
    mark = "" if calibrated else " (not calibrated)"
    image, label, given, probability = str(row["image"]), str(row["label"]), int(row["given"]), row["probability"]
    return {
        "number": number,
        "finding": label.replace("_", " "),
        "picture": _png(pictures[image]),
        "says": f"{_percent(probability)}{mark}, called {'present' if probability >= row['threshold'] else 'absent'}",
        "why": why_listed(label, given, probability, row["threshold"], row["surprise"], calibrated),
        "given": "present" if given else "absent",
        "image": image,
        # As in worklist.csv, for the file that the page saves.
        "cells": [escape_formula(row[name]) if isinstance(row[name], str) else str(row[name]) for name in COLUMNS],
    }


def _key(cells: Sequence[Sequence[str]]) -> str:
    """Under which a browser keeps what is filled in: pages of the same cases share it, others do not."""
    return f"xraykit-worklist-{hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:32]}"


def _png(picture: np.ndarray) -> str:
    encoded, content = cv2.imencode(".png", picture)
    if not encoded:
        raise DataError(f"A picture of shape {picture.shape} cannot be shown. Expected: (S, S) uint8.")
    return embedded_png(content.tobytes())


def _percent(share: float) -> str:
    """A share in percent with two significant digits; never 0 % or 100 % unless exact."""
    percent = 100 * share
    if 0 < percent < 0.01:
        return "less than 0.01 %"
    if 99.99 < percent < 100:
        return "more than 99.99 %"
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.4g} %" if percent > 99 else f"{percent:.0f} %"
