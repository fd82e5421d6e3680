"""What an experiment leaves out and its data contain: the labels of a table, and whether it names its parts."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from xraykit.config.data.section import Data
from xraykit.config.data.source import Source
from xraykit.config.overrides import set_value
from xraykit.config.paths import expand
from xraykit.config.reading import Document
from xraykit.errors import DataError
from xraykit.registry import FORMATS

_LEFT_OUT = "the labels are left out and cannot be found in the data."


def with_found_values(data: Data, document: Document, values: Callable[[], dict[str, Any]]) -> Document | None:
    """The document with what it leaves out and the files of its collections contain; None if there is no such value.

    Args:
        data: Its section ``data``, as far as it is known without the files.
        document: The experiment as it was written.
        values: Gives the experiment's values, the defaults included.

    Raises:
        ExperimentError: labels are left out, and the files cannot be read.
    """
    if data.sources:
        return _completed_sources(data, document)
    find = FORMATS.get(data.format).found_values if data.format in FORMATS else None
    stated = (("labels", bool(data.labels)), ("split.method", _states_split_method(data)))
    left_out = [key for key, given in stated if not given]
    if find is None or not left_out or (data.labels and not expand(data.root).is_dir()):
        return None
    try:
        found = find(data)
    except DataError as error:
        if data.labels:  # Reported when the data are read, as that of any format.
            return None
        raise document.refusal_of(("data", "labels"), f"{_LEFT_OUT} {error}") from None
    completed = Document(values(), document.name, document.lines, document.overrides)
    for key in left_out:
        if key in found:
            set_value(completed, ("data", *key.split(".")), found[key])
    return completed


def _completed_sources(data: Data, document: Document) -> Document | None:
    found = {at: values for at, source in enumerate(data.sources) if (values := _found(data, source, at, document))}
    if not found:
        return None
    values = copy.deepcopy(document.values)
    entries = values["data"]["sources"] = list(values["data"]["sources"])
    for at, each in found.items():
        entries[at] = {**entries[at], **each}
    return Document(values, document.name, document.lines, document.overrides)


def _found(data: Data, source: Source, at: int, document: Document) -> dict[str, Any]:
    find = FORMATS.get(source.format).found_values if source.format in FORMATS else None
    states_method = source.split_method is not None or _states_split_method(data)
    if find is None or (source.labels and (states_method or not expand(source.root).is_dir())):
        return {}
    try:
        return _values(find(data.alone(source)), source, states_method)
    except DataError as error:
        if source.labels:  # Reported when the data are read, as that of any format.
            return {}
        raise document.refusal_of(("data", "sources", at, "labels"), f"{_LEFT_OUT} {error}") from None


def _values(found: Mapping[str, Any], source: Source, states_method: bool) -> dict[str, Any]:
    labels = {} if source.labels or "labels" not in found else {"labels": list(found["labels"])}
    method = {} if states_method or "split.method" not in found else {"split_method": found["split.method"]}
    return {**labels, **method}


def _states_split_method(data: Data) -> bool:
    """Whether an experiment says how patients are divided."""
    return "split" in data.model_fields_set and "method" in data.split.model_fields_set
