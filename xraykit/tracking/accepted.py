"""What MLflow accepts: names, numbers, and texts of limited length."""

import math
import re
from collections.abc import Iterator, Mapping
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
    return {accepted_name(name): accepted_text(value, LONGEST_PARAMETER) for name, value in flattened(parameters)}


def tag_texts(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as MLflow accepts them."""
    return {accepted_name(name): accepted_text(value, LONGEST_TAG) for name, value in tags.items()}


def finite_numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Metrics as MLflow accepts them; None, NaN and infinite values are left out.

    MLflow's databases store neither NaN nor infinity: they would be read back as 0 and as the largest number.
    """
    numbers = {accepted_name(name): float(value) for name, value in metrics.items() if value is not None}
    return {name: number for name, number in numbers.items() if math.isfinite(number)}
