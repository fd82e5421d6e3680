"""How metrics are written in pages: always in the same form, and never a number where there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.config import part_text, split_text
from xraykit.evaluation import NOT_ESTIMABLE
from xraykit.report.blocks import Cell
from xraykit.report.figures.sparklines import Scale
from xraykit.system import counted

DASH = "–"

METHODS = {
    "grad_cam": "Grad-CAM",
    "integrated_gradients": "Integrated gradients",
    "centre_prior": "Baseline: centre of the picture",
    "random_weights": "Baseline: same network, random weights",
}
"""Heat-map methods and the baselines they are compared with, by their names in metrics.json."""

NO_INTERVAL = {
    "few_patients": "too few patients",
    "few_resamples": "too few resamples",
    "no_resamples": "not asked for",
    "no_variation": "no variation",
    "not_estimable": "not estimable",
}
"""Why a metric has no interval, by the names in metrics.json."""


def number(value: float | None, digits: int = 3) -> str:
    """A metric with this many decimal places; one that is rounded to 0 has no sign."""
    if value is None:
        return NOT_ESTIMABLE
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign; one that is rounded to 0 has none."""
    if value is None:
        return NOT_ESTIMABLE
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def span(interval: Sequence[float | None] | None, digits: int = 3) -> str:
    """An interval, an end of None being infinite; empty if there is none."""
    return "" if interval is None else " to ".join("∞" if end is None else number(end, digits) for end in interval)


def between(interval: Sequence[float | None] | None, digits: int = 3) -> str:
    """An interval as it stands in a cell beside its metric: ``0.781–0.843``; with "to" beside a minus sign."""
    text = span(interval, digits)
    return text if "−" in text else text.replace(" to ", "–")


def metric_interval(figures: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """The 95 % interval of a metric for its cell, or why there is none; empty where the metric itself is missing."""
    found = between(figures.get(f"{name}_interval"), digits)
    if found or figures.get(name) is None:
        return found
    reason = (figures.get("no_interval") or {}).get(name)
    return f"no interval: {NO_INTERVAL.get(reason, reason)}" if reason else ""


def percent(share: float | None) -> str:
    """A share in per cent, two digits for small ones."""
    if share is None:
        return NOT_ESTIMABLE
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"


def count(many: float | None) -> str:
    """A whole number with thousands separators."""
    return DASH if many is None else f"{many:,.0f}"


def small_number(value: float | None) -> str:
    """A threshold or another number of any size, three digits."""
    if value is None:
        return "none"
    return f"{value:.3f}" if value >= 0.1 else f"{value:.3g}"


def figure_cell(figures: Mapping[str, Any], name: str, digits: int = 3) -> Cell:
    """A metric with its 95 % interval, or why it has none; a dash if an older run lacks the metric."""
    if name not in figures:
        return Cell(DASH)
    return Cell(number(figures[name], digits), interval=metric_interval(figures, name, digits))


def ece_cell(figures: Mapping[str, Any]) -> Cell:
    """A calibration error and its limit by chance; the intervals of older runs are invalid and not shown."""
    error, limit = figures["ece"], figures.get("ece_chance_limit")
    if error is None or limit is None:
        return Cell(number(error))
    if error > limit:
        return Cell(number(error), f"above chance (up to {number(limit)})", "bad")
    return Cell(number(error), f"chance: up to {number(limit)}")


def with_interval(figures: Mapping[str, Any], name: str) -> str:
    """A metric and its interval in one line."""
    interval = span(figures.get(f"{name}_interval"))
    value = number(figures.get(name))
    return f"{value} (95 % interval {interval})" if interval else value


def macro_means(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The macro mean, and the one without labels with few cases if there are such."""
    means = {"Macro mean": metrics["macro"]}
    if metrics["macro"].get("few_cases") and metrics.get("macro_enough_cases"):
        means["Macro mean, enough cases"] = metrics["macro_enough_cases"]
    return means


def scale_head(scale: Scale, mark: str) -> Cell:
    """The head of a column of bars: the ends of their scale and what the dashed line is.

    Args:
        scale: Of all bars of the column.
        mark: What the dashed line means, such as ``chance, 0.5``.
    """
    low, high = (f"{end:.2g}".replace("-", "−") for end in (scale.low, scale.high))
    return Cell(f"{low} to {high}", f"dashed: {mark}")


def rule_name(rule: str | None) -> str:
    """The rule of an operating point, for display."""
    return {None: DASH, "youden": "Youden", "f1": "F1"}.get(rule, str(rule).replace(">=", " ≥ "))


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them."""
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), "".join(names[-1:])]))


def stamp(metrics: Mapping[str, Any]) -> str:
    """Part and split of metrics, shown beside each of them."""
    return f"{part_text(str(metrics['part']))}, split: {split_text(metrics['split'])}"


def scope(metrics: Mapping[str, Any]) -> str:
    """As :func:`stamp`, with the numbers of radiographs and patients that were scored."""
    return f"{stamp(metrics)}; {radiographs(metrics['images'], metrics.get('patients'))}"


def radiographs(images: int, patients: int | None = None) -> str:
    """Numbers of radiographs and patients, in words."""
    counts = counted(images, "radiograph")
    return counts if patients is None else f"{counts} of {counted(patients, 'patient')}"
