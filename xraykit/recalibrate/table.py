"""Metrics before and after, as plain text."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.evaluation import shown_in
from xraykit.recalibrate.recalibration import Recalibration
from xraykit.system import named_rows


def before_and_after(recalibration: Recalibration, head: str, notes: Sequence[str]) -> str:
    """A table per metric, each label before and after, below a line that describes the sample.

    Args:
        recalibration: What was fitted.
        head: Which radiographs the metrics are of.
        notes: Sentences below.
    """
    lines = [head, ""]
    for name, title in _titles().items():
        rows = {label: _row(each, name) for label, each in recalibration.labels.items()}
        lines += [title, *named_rows(rows), ""]
    return "\n".join([*lines, *notes])


def _titles() -> dict[str, str]:
    """Of the metrics: the order of the radiographs first, then the calibration of the probabilities, then the calls."""
    titles = {
        kind: {each.name: each.title for each in shown_in("recalibration") if each.kind == kind}
        for kind in ("rank", "calibration", "threshold")
    }
    return {
        **titles["rank"],
        "observed_expected": "O/E",
        **titles["calibration"],
        "ece": "ECE",
        **titles["threshold"],
    }


def _row(label: Mapping[str, Any], name: str) -> dict[str, str]:
    after = label["after"]
    row = {
        "pos.": str(label["positives"]),
        "neg.": str(label["negatives"]),
        "before": _with_interval(label["before"], name),
        "after": "kept" if after is None else _with_interval(after, name),
    }
    if name == "brier":
        row["change"] = "" if after is None else _with_interval(label, "brier_change", "+")
    if name == "ece":
        row["by chance"] = "" if after is None else _number(after["ece_by_chance"], "")
        row["95 % of chance"] = "" if after is None else "up to " + _number(after["ece_chance_limit"], "")
    return row


def _with_interval(metrics: Mapping[str, Any], name: str, sign: str = "") -> str:
    interval = metrics.get(f"{name}_interval")
    around = f" ({_number(interval[0], sign)} to {_number(interval[1], sign)})" if interval else ""
    return _number(metrics[name], sign) + around


def _number(value: float | None, sign: str) -> str:
    return "not estimable" if value is None else format(value, f"{sign}.3f")
