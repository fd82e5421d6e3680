"""What sources leave out and their data contain: the labels of a table, and whether it names its parts."""

import copy
from collections.abc import Mapping
from typing import Any

from xraykit.config.data_section import Data
from xraykit.config.paths import expand
from xraykit.config.reading import Document
from xraykit.config.source import Source
from xraykit.errors import DataError
from xraykit.registry import FORMATS


def completed_sources(data: Data, document: Document) -> Document | None:
    """The document with what the files of its sources contain; None if nothing is left out.

    Args:
        data: Its section ``data``, as far as it is known without the files.
        document: The experiment as it was written.

    Raises:
        ExperimentError: a source names no labels, and its files cannot be read.
    """
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
    states_method = source.split_method is not None or states_split_method(data)
    if find is None or (source.labels and (states_method or not expand(source.root).is_dir())):
        return {}
    try:
        return _values(find(data.alone(source)), source, states_method)
    except DataError as error:
        if source.labels:  # Reported when the data are read, as that of any format.
            return {}
        path = ("data", "sources", at, "labels")
        message = f"{'.'.join(map(str, path))}: the labels are left out and cannot be found in the data. {error}"
        raise document.refusal(path, message) from None


def _values(found: Mapping[str, Any], source: Source, states_method: bool) -> dict[str, Any]:
    labels = {} if source.labels or "labels" not in found else {"labels": list(found["labels"])}
    method = {} if states_method or "split.method" not in found else {"split_method": found["split.method"]}
    return {**labels, **method}


def states_split_method(data: Data) -> bool:
    """Whether an experiment says how patients are divided."""
    return "split" in data.model_fields_set and "method" in data.split.model_fields_set
