"""The section ``data`` of an experiment file: where the radiographs are, how they are read, chosen and divided."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from xraykit.config.data.collection import Collection
from xraykit.config.data.label_names import LabelNames
from xraykit.config.data.source import SOURCE, Source, named_sources, refused
from xraykit.config.data.split import Split
from xraykit.registry import FORMATS, unknown_name

MOST_MEGAPIXELS = 512
"""Beyond any radiograph: a 16-bit picture of that size takes 1 GiB of memory."""


_OF_COLLECTION = tuple(key for key in Collection.model_fields if key != "labels")
_SOURCES = TypeAdapter(tuple[Source, ...])


class Data(Collection):
    """Where the radiographs are and how they are read and divided."""

    every_experiment = True

    sources: Annotated[tuple[Source, ...], Field(strict=False)] = Field(
        (),
        description="Several collections that are trained on together, each with the keys of a single one (`format`, "
        "`root`, ...), which then are not given here.",
        exclude_if=lambda sources: not sources,
    )
    label_set: Literal["union", "intersection"] = Field(
        "union",
        description="With `sources`, the findings to learn where `labels` is left out: those that any source "
        "annotates, or those that all annotate.",
        exclude_if=lambda label_set: label_set == "union",
    )
    synonyms: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(
        {},
        description="With `sources`, names of findings that mean the same, besides those that are built in: a name to "
        "its synonyms.",
        exclude_if=lambda synonyms: not synonyms,
    )
    built_in_synonyms: bool = Field(
        True,
        description="With `sources`, whether labels are aligned by the built-in table of synonyms; without it, by "
        "their names alone.",
        exclude_if=lambda built_in: built_in is True,
    )
    image_size: Annotated[int, Field(ge=16, le=1024)] = Field(
        224, description="Side in pixels of the square pictures that the model sees."
    )
    split: Split = Split()
    cache: str | None = Field(
        None, description="Folder of the decoded pictures. Left out: `cache` in the output folder."
    )
    duplicates: Literal["refuse", "leave_out", "allow"] = Field(
        "refuse",
        description="What to do with a picture that appears, exactly or nearly, under different names in more than "
        "one of training, validation and test part. `refuse`: stop before the training; `leave_out`: keep it in the "
        "test part, else in the validation part, and leave the other copies out; `allow`: use all, with a warning.",
    )
    patient_ids: Literal["keep", "hash"] = Field(
        "keep",
        description="How patients are named in the tables of a run. `hash`: by a salted hash, the same within the run "
        "and another one in each run. Names of files stay, as the pictures are found by them.",
        exclude_if=lambda patient_ids: patient_ids == "keep",
    )
    contamination: Literal["refuse", "allow"] = Field(
        "refuse",
        description="What to do where `model.weights` were trained on patients or pictures of the test part. "
        "`refuse`: stop before the training; `allow`: train, with a warning.",
        exclude_if=lambda contamination: contamination == "refuse",
    )
    unreadable: Literal["refuse", "leave_out"] = Field(
        "refuse",
        description="What to do with files that cannot be read as a radiograph. `refuse`: stop after all were tried, "
        "and list them; `leave_out`: leave them out of all parts, count and list them. The other radiographs stay in "
        "their parts.",
        exclude_if=lambda unreadable: unreadable == "refuse",
    )
    bit_depth: int | None = Field(
        None,
        ge=8,
        le=16,
        description="Bits of 16-bit pictures that do not declare their depth; brighter pixels are white. Left out: "
        "determined once, on a sample of the training part.",
        exclude_if=lambda bit_depth: bit_depth is None,
    )
    max_megapixels: Annotated[float, Field(gt=0, le=MOST_MEGAPIXELS)] = Field(
        64.0, description="Pictures with more pixels are refused before they are decoded."
    )

    @property
    def collections(self) -> tuple["Data", ...]:
        """The section of each collection alone: of each source, or this one itself."""
        return tuple(self.alone(source) for source in self.sources) or (self,)

    @property
    def formats(self) -> tuple[str, ...]:
        """The data formats that are read, each once."""
        return tuple(dict.fromkeys(source.format for source in self.sources)) or (self.format,)

    def _has_settings(self, name: str) -> bool:
        return not self.sources and super()._has_settings(name)

    @property
    def label_names(self) -> LabelNames:
        """Which names of labels mean the same."""
        return LabelNames(self.synonyms, built_in=self.built_in_synonyms)

    def common_names(self, source: Source) -> dict[str, str]:
        """The labels of a source that are learnt, each with its name among ``labels``."""
        return source.common_names(self.label_names, self.labels)

    def alone(self, source: Source) -> "Data":
        """The section with which a source is read as if it were the only collection."""
        own = {key: getattr(source, key) for key in Collection.model_fields}
        shared = {key: getattr(self, key) for key in Data.model_fields if key not in _OF_MIXTURE | own.keys()}
        labels = tuple(self.common_names(source))
        return Data.model_validate({**own, **shared, **(source.model_extra or {}), "labels": labels})

    @classmethod
    def with_default_labels(cls, values: Any, info: ValidationInfo) -> Any:
        """The values as given, with names and labels of the sources, and the labels of the experiment."""
        if not isinstance(values, dict) or not values.get("sources"):
            return super().with_default_labels(values, info)
        for key in (*_OF_COLLECTION, *(name for name in values if name in cls.sections())):
            if key in values:
                raise refused(cls, key, _BESIDE_SOURCES.format(key=key), values[key])
        entries = named_sources(values["sources"], values.get("labels"))
        try:
            sources = _SOURCES.validate_python(entries, context=info.context)
        except ValidationError:
            return {**values, "sources": entries, **_NOTHING_YET}  # The key itself is checked next.
        columns = dict.fromkeys(column for source in sources for column in source.columns)
        return {
            "labels": _labels_of(sources, values),
            **values,
            "sources": sources,
            # No name of a format: nothing may take the first one for all.
            "format": " + ".join(source.format for source in sources),
            "root": "",
            "columns": (SOURCE, *columns),
        }

    @model_serializer(mode="wrap")
    def _without_single_collection(self, values: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """With sources, the keys of a single collection are derived from theirs and not given."""
        dumped: dict[str, Any] = values(self)
        return {key: value for key, value in dumped.items() if not (self.sources and key in _OF_COLLECTION)}

    @model_validator(mode="after")
    def _sources_differ(self) -> "Data":
        if not self.sources:
            return self
        names = [source.name.casefold() for source in self.sources]
        twice = [source.name for source in self.sources if names.count(source.name.casefold()) > 1]
        if twice:
            raise refused(type(self), "sources", f"two sources have the name {twice[0]!r}. Give each its own", twice[0])
        weights = [source.name for source in self.sources if source.weight is None]
        if weights and len(weights) < len(self.sources):
            raise refused(
                type(self),
                "sources",
                f"a weight is given for some sources only. Give all of them one, or none. Missing: "
                f"{', '.join(weights)}",
                weights,
            )
        return self

    @model_validator(mode="after")
    def _labels_are_annotated(self) -> "Data":
        # Labels of a plug-in that is not loaded, or of a file that was not opened, are not known yet.
        if self.sources and all(source.format in FORMATS and source.labels for source in self.sources):
            _check_labels(self)
        return self


_OF_MIXTURE = {"sources", "label_set", "synonyms", "built_in_synonyms"}
_NOTHING_YET = {"labels": (), "format": "", "root": "", "columns": ()}
_BESIDE_SOURCES = (
    "this is a key of one collection and cannot be given beside data.sources. Expected: {key} in each entry of sources"
)


def _labels_of(sources: tuple[Source, ...], values: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels that any source annotates, or all, in the order of the sources and by the first one's names."""
    built_in, further = values.get("built_in_synonyms", True), values.get("synonyms")
    # Not validated yet: what is no list of names is refused with its key afterwards.
    lists = further.items() if isinstance(further, Mapping) else ()
    usable = {name: others for name, others in lists if isinstance(others, list | tuple) and _are_words(name, *others)}
    names = LabelNames(usable, built_in=built_in is not False)
    union = names.union(label for source in sources for label in source.renamed_labels())
    if values.get("label_set") != "intersection":
        return union
    return tuple(label for label in union if all(names.same(label, source.renamed_labels()) for source in sources))


def _are_words(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _check_labels(data: Data) -> None:
    """See that each label is annotated by a source, each source annotates one, and no two mean the same."""
    names = data.label_names
    annotated = names.union(label for source in data.sources for label in source.renamed_labels())
    if not data.labels:
        message = "labels must be given: no finding is annotated by all sources"
        raise refused(Data, "sources", message, data.sources)
    for label in data.labels:
        if len(same := names.same(label, data.labels)) > 1:
            message = f"{' and '.join(map(repr, same))} mean the same finding by the table of synonyms. Name one"
            raise refused(Data, "labels", message, data.labels)
        if not names.same(label, annotated):
            message = f"no source annotates it: {unknown_name('label', label, annotated)}"
            raise refused(Data, "labels", message, data.labels)
    for source in data.sources:
        if not data.common_names(source):
            message = (
                f"the source {source.name!r} annotates none of the labels {', '.join(data.labels)}. It has: "
                f"{', '.join(source.labels)}. Leave it out, or give `rename` or `data.synonyms`"
            )
            raise refused(Data, "sources", message, source.name)
