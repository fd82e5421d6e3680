"""What MLflow accepts: names, numbers, and texts of limited length."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xraykit.system import masked

# mlflow.utils.validation, MLflow 3.17.
LONGEST_NAME = 250
LONGEST_PARAMETER = 6000
LONGEST_TAG = 8000


def accepted_name(name: str) -> str:
    """``name`` with every character that MLflow refuses in a metric's, parameter's or tag's name as ``_``.

    Letters, digits, ``_``, ``-``, ``.``, ``:``, space and ``/`` stay. A name must also be a tidy path, as some stores
    make files of names: empty parts, ``.`` and ``..`` are taken out, and none begins with ``..``.
    """
    parts = re.sub(r"[^/\w.\- :]", "_", name).split("/")
    tidy = "/".join(part for part in parts if part not in ("", ".", ".."))
    return re.sub(r"^\.\.", "__", tidy)[:LONGEST_NAME].rstrip("/") or "_"


def accepted_names(names: Iterable[str]) -> dict[str, str]:
    """Each of some different names as MLflow accepts it, and still different from the others.

    Of names that :func:`accepted_name` makes the same, such as ``Mass (left)`` and ``Mass [left]``, those that it
    changes end with six hexadecimal digits of their hash: the same ones each time.
    """
    accepted = {name: accepted_name(name) for name in names}
    times = Counter(accepted.values())
    return {name: each if times[each] == 1 or each == name else _marked(each, name) for name, each in accepted.items()}


def _marked(accepted: str, name: str) -> str:
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
    return f"{accepted[: LONGEST_NAME - len(mark) - 1]}-{mark}"


def accepted_text(value: object, longest: int) -> str:
    """``value`` as a text of at most ``longest`` characters, without passwords of addresses in it."""
    text = masked(str(value))
    return text if len(text) <= longest else text[: longest - 3] + "..."


def flattened(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots and their values: ``{"training": {"epochs": 3}}`` is ``training.epochs``, 3.

    Of a list of sections with names, such as ``data.sources``, each is ``data.sources.NAME``.
    """
    for key, value in parameters.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) and "name" in each for each in value):
            yield from flattened({each["name"]: each for each in value}, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def parameter_texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Flat parameters as MLflow accepts them."""
    flat = dict(flattened(parameters))
    return {name: accepted_text(flat[own], LONGEST_PARAMETER) for own, name in accepted_names(flat).items()}


def tag_texts(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as MLflow accepts them."""
    return {name: accepted_text(tags[own], LONGEST_TAG) for own, name in accepted_names(tags).items()}


def finite_numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Metrics as MLflow accepts them; None, NaN and infinite values are left out.

    MLflow's databases store neither NaN nor infinity: they would be read back as 0 and as the largest number.
    """
    names = accepted_names(metrics)
    return {names[own]: number for own, number in finite(metrics).items()}


def finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Metrics without None, NaN and infinite values."""
    numbers = {name: float(value) for name, value in metrics.items() if value is not None}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}
