"""Paths in an experiment: ``~`` is expanded wherever one is read, and a run keeps all of them absolute.

Only ``~`` and ``~user`` are expanded. Variables such as ``$HOME`` are the shell's to expand; in a file, a ``$`` is a
character like any other.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xraykit.errors import ExperimentError

_BELOW_ROOT = (("data", "images"), ("data", "labels_file"))
_FROM_HERE = (("data", "root"), ("data", "cache"), ("output", "root"), ("model", "weights"))
_ADDRESSES = (("tracking", "uri"), ("search", "storage"))
# Values of these keys that are not paths.
_WORDS = {"none", "imagenet", "preset", "auto", "databricks", "databricks-uc", "uc", ""}
_PRESET = "hub:"
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)([^?]+)(.*)", re.DOTALL)


def expand(path: str | Path) -> Path:
    """``path`` with ``~`` and ``~user`` replaced by the home folder.

    Raises:
        ExperimentError: the user does not exist.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = Path(path).parts[0]
        raise ExperimentError(
            f"{path}: there is no home folder for {user!r}. Write ./{user} if a folder has this name."
        ) from None


def expanded(values: dict[str, Any]) -> dict[str, Any]:
    """An experiment's values with ``~`` expanded in all paths; others are refused elsewhere."""

    def at_home(text: str) -> str:
        return str(expand(text)) if text.startswith("~") else text

    home = _each(values, (*_BELOW_ROOT, *_FROM_HERE), at_home)
    return _each_address(_with_preset(home, at_home), at_home)


def absolute(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """An experiment's values with all paths absolute, relative ones from ``folder``."""

    def anchored(text: str) -> str:
        # Not resolved: a symbolic link may lead elsewhere tomorrow, as its owner means it to.
        return str(folder / text)

    return _each_address(_with_preset(_each(values, _FROM_HERE, anchored), anchored), anchored)


def _each(values: dict[str, Any], keys: tuple[tuple[str, str], ...], change: Callable[[str], str]) -> dict[str, Any]:
    changed = dict(values)
    for section, key in keys:
        if section in changed:
            changed[section] = _changed(changed[section], key, change)
    data = changed.get("data")
    if isinstance(data, dict) and isinstance(data.get("sources"), list | tuple):
        of_data = [key for section, key in keys if section == "data"]
        changed["data"] = {**data, "sources": [_each_of(source, of_data, change) for source in data["sources"]]}
    return _searched_weights(changed, change)


def _each_of(values: Any, keys: list[str], change: Callable[[str], str]) -> Any:
    for key in keys:
        values = _changed(values, key, change)
    return values


def _changed(values: Any, key: str, change: Callable[[str], str]) -> Any:
    if isinstance(values, dict) and isinstance(values.get(key), str) and values[key] not in _WORDS:
        return {**values, key: change(values[key])}
    return values


def _searched_weights(values: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Weights that a search may choose are paths too."""
    search = values.get("search")
    space = search.get("space") if isinstance(search, dict) else None
    domain = space.get("model.weights") if isinstance(space, dict) else None
    choices = domain.get("choices") if isinstance(domain, dict) else None
    if not isinstance(search, dict) or not isinstance(space, dict) or not isinstance(domain, dict):
        return values
    if not isinstance(choices, list):
        return values
    chosen = [change(each) if isinstance(each, str) and each not in _WORDS else each for each in choices]
    return {**values, "search": {**search, "space": {**space, "model.weights": {**domain, "choices": chosen}}}}


def _with_preset(values: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The folder of a preset in ``model.backbone: hub:FOLDER`` is a path too; a preset's name has no slash."""
    model = values.get("model")
    name = model.get("backbone") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(name, str) or not name.startswith(_PRESET) or "/" not in name:
        return values
    return {**values, "model": {**model, "backbone": f"{_PRESET}{change(name.removeprefix(_PRESET))}"}}


def _each_address(values: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    changed = dict(values)
    for section, key in _ADDRESSES:
        inner = changed.get(section)
        if isinstance(inner, dict) and isinstance(inner.get(key), str):
            changed[section] = {**inner, key: _in_address(inner[key], change, plain=section == "tracking")}
    return changed


def _in_address(text: str, change: Callable[[str], str], *, plain: bool) -> str:
    """The path of an SQLite file, or of a folder that MLflow writes into, changed; of a server nothing."""
    found = _SQLITE.fullmatch(text)
    if found and found[2] != ":memory:" and not found[2].startswith("file:"):
        return f"{found[1]}{change(found[2])}{found[3]}"
    is_folder = plain and text not in _WORDS and re.match(r"[A-Za-z][\w+.-]+:", text) is None
    return change(text) if is_folder else text
