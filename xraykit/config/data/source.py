"""An entry of ``data.sources``: one of several collections that an experiment is trained on together."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from xraykit.config.data.collection import Collection
from xraykit.config.data.label_names import LabelNames
from xraykit.config.section import NAME
from xraykit.registry import FORMATS, DataFormat, unknown_name

SOURCE = "source"
"""The column that names the source of each radiograph."""


class Source(Collection):
    """One collection of `data.sources`: the keys of a single collection, and how it is mixed with the others."""

    name: Annotated[str, Field(pattern=NAME)] = Field(
        SOURCE, description="Of the source in tables and reports. Left out: its data format, numbered if there are two."
    )
    weight: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None,
        description="Share of this source in the training batches, relative to the weights of the others. Left out "
        "for all: each training radiograph once per epoch.",
        exclude_if=lambda weight: weight is None,
    )
    patients: Annotated[str, Field(pattern=NAME)] | None = Field(
        None,
        description="Name of the register that the patient ids belong to. Sources with the same one share patients: "
        "the same id is the same person. Left out: the source's own, so that its patients are nobody else's.",
        exclude_if=lambda patients: patients is None,
    )
    rename: dict[str, str] = Field(
        {},
        description="A label of this collection to its name in the experiment, where the table of synonyms does not "
        "know it, or where a name means something else here.",
        exclude_if=lambda rename: not rename,
    )
    split_method: Literal["official", "patient"] | None = Field(
        None,
        description="How the patients of this source are divided; left out, by `data.split.method`.",
        exclude_if=lambda method: method is None,
    )

    @property
    def register(self) -> str:
        """What the patient ids are unique in."""
        return self.patients or self.name

    @model_validator(mode="after")
    def _renamed_labels_are_read(self) -> "Source":
        for label in self.rename:
            if label not in self.labels and self.labels and self.format in FORMATS:
                raise ValueError(f"rename: {unknown_name('label of this source', label, self.labels)}")
        return self

    def common_names(self, names: LabelNames, labels: Sequence[str]) -> dict[str, str]:
        """The labels of this source that an experiment learns, each with its name there."""
        known = {names.key(label): label for label in labels}
        keys = {label: names.key(self.rename.get(label, label)) for label in self.labels}
        return {label: known[key] for label, key in keys.items() if key in known}

    def renamed_labels(self) -> tuple[str, ...]:
        """All labels of this source, by the names that ``rename`` gives."""
        return tuple(self.rename.get(label, label) for label in self.labels)


def named_sources(entries: Any, labels: Any) -> Any:
    """The entries of ``data.sources`` as they are written, each with a name and, where it needs some, labels.

    Args:
        entries: A list of mappings; anything else is returned as it is, for its own check.
        labels: Those of ``data.labels``; the labels of a collection whose format has none of its own.
    """
    if not isinstance(entries, list | tuple):
        return entries
    plain = [_as_written(each) if isinstance(each, Source) else each for each in entries]
    formats = [_slug(each) for each in plain if isinstance(each, Mapping) and each.get("name") is None]
    taken = {str(each["name"]) for each in plain if isinstance(each, Mapping) and each.get("name") is not None}
    times, found = Counter(formats), []
    for each in plain:
        if isinstance(each, Mapping):
            each = {**each, "name": each.get("name") or _free(_slug(each), times, taken)}
            record = FORMATS.get(each["format"]) if each.get("format") in FORMATS else None
            finds = record is not None and record.found_values is not None
            if record and record.labels == () and not finds and "labels" not in each and labels:
                each["labels"] = labels
            elif record and record.labels and "labels" not in each:
                each |= _with_further(record, labels)
        found.append(each)
    return found


def _with_further(record: DataFormat, wanted: Any) -> dict[str, Any]:
    """The labels of a format with those of its further ones that the experiment names; empty if it names none."""
    known = [each for each in wanted if isinstance(each, str)] if isinstance(wanted, list | tuple) else []
    further = [label for label in record.further_labels if LabelNames().same(label, known)]
    return {"labels": [*(record.labels or ()), *further]} if further else {}


def _as_written(source: Source) -> dict[str, Any]:
    return source.model_dump(exclude=set() if "name" in source.model_fields_set else {"name"})


def _slug(entry: Mapping[str, Any]) -> str:
    default = Collection.model_fields["format"].default
    return re.sub(r"[^A-Za-z0-9._-]+", "-", str(entry.get("format", default))).lstrip("._-")[:80] or "source"


def _free(name: str, times: Counter[str], taken: set[str]) -> str:
    """``nih``, or ``nih-1``, ``nih-2`` where several sources have this format and no name."""
    numbered = [name] if times[name] == 1 else []
    candidates = [*numbered, *(f"{name}-{number}" for number in range(1, len(taken) + times[name] + 2))]
    chosen = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(chosen)
    return chosen


def refused(model: type[Collection], key: str, message: str, given: Any) -> ValidationError:
    """A validation error about one key of a section, so that the message names its line."""
    details = InitErrorDetails(type="value_error", loc=(key,), input=given, ctx={"error": ValueError(message)})
    return ValidationError.from_exception_data(model.__name__, [details])
