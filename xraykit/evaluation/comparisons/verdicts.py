"""Read the verdicts of a run's ``shortcuts``, also from earlier versions."""

from collections.abc import Iterable, Mapping
from typing import Any

OLDER = (
    "An earlier version computed these metrics without checking that sex, age and view position were known and varied."
)
_COLUMNS = {"sex": "sex", "age": "age", "view": "view position", "source": "source"}
_ALWAYS = ("sex", "age", "view")


def verdict_of(metrics: Mapping[str, Any]) -> str:
    """``more_than_metadata``, ``not_shown`` or ``not_judged``, for one label of a run's ``shortcuts``."""
    if "verdict" in metrics:
        return str(metrics["verdict"])
    # Earlier versions did not check whether the metadata allowed a verdict.
    return "not_shown" if metrics.get("shortcut") else "not_judged"


def judged(shortcuts: Mapping[str, Mapping[str, Any]] | None, verdict: str) -> list[str]:
    """The labels with a verdict."""
    return [label for label, metrics in (shortcuts or {}).items() if verdict_of(metrics) == verdict]


def reasons(shortcuts: Mapping[str, Mapping[str, Any]] | None) -> dict[str, list[str]]:
    """Why labels are not judged: each reason, as a sentence, to the labels."""
    why: dict[str, list[str]] = {}
    for label in judged(shortcuts, "not_judged"):
        why.setdefault((shortcuts or {})[label].get("not_judged_reason") or OLDER, []).append(label)
    return why


def columns_in_words(names: Iterable[str]) -> str:
    """Such as ``sex, age and view position``: what was taken into account."""
    words = [_COLUMNS.get(name, name) for name in names]
    return " and ".join(filter(None, [", ".join(words[:-1]), "".join(words[-1:])]))


def taken_into_account(shortcuts: Mapping[str, Mapping[str, Any]] | None) -> list[str]:
    """Those of sex, age, view and source that the baseline of a run knows; the same for all its labels."""
    for metrics in (shortcuts or {}).values():
        return list(metrics.get("metadata", _ALWAYS))
    return []
