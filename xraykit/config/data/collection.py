"""The keys of an experiment file with which one collection of radiographs is read."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from xraykit.config.section import Section
from xraykit.registry import FORMATS

UNKNOWN_FORMATS = "unknown_formats"
"""Key of the validation context: true while plug-ins may not be loaded that define the format and its settings."""

# Columns of a run's own tables; each label has columns with these endings.
_OURS = ("image", "path", "patient", "part", "sex", "age", "view")
_ENDINGS = ("", "_logit", "_probability")


class Collection(Section):
    """Where the radiographs of a collection are, and how they are read and chosen."""

    # The settings of data formats; see _settings_of_formats.
    model_config = ConfigDict(extra="allow")

    every_experiment: ClassVar[bool] = False
    """Whether the settings of formats are added that each experiment contains (``DataFormat.in_every_experiment``)."""

    format: str = Field("nih", description="The collection or the kind of label file: built in, or from a plug-in.")
    root: str = Field("data/nih", description="Folder of the data; relative paths start where the command is run.")
    images: str | None = Field(
        None,
        description="Folder of the pictures below `root`. Left out: `images`, `images_001/images`, "
        "`images_002/images`, ... and `root` itself, all together.",
    )
    labels_file: str | None = Field(
        None, description="Label file below `root`. Left out: the first of the known names that is there."
    )
    labels: Annotated[tuple[str, ...], Field(strict=False, json_schema_extra={"minItems": 1})] = Field(
        (),
        description="The findings to learn, in the order of the model's outputs; `No Finding` may be one. Left out: "
        "those of the data format.",
    )
    columns: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (),
        description="Further columns of the label file that are kept with each radiograph, for evaluation.subgroups.",
    )
    views: Annotated[
        Literal["frontal", "lateral", "all"] | Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None,
        Field(exclude_if=lambda views: views is None),
    ] = Field(
        None,
        description="Which radiographs are used, by their view: `frontal` (all that are not known to be otherwise), "
        "`lateral`, `all`, or a list such as [PA, AP], which leaves out unknown views. Left out: those that the "
        "data format recommends, mostly `frontal`.",
    )
    one_per: Literal["study", "patient"] | None = Field(
        None,
        description="Use one radiograph of each study, or of each patient: the first in the order of the label file.",
        exclude_if=lambda one_per: one_per is None,
    )

    @classmethod
    def sections(cls) -> dict[str, type[BaseModel]]:
        """The settings that data formats add to this section, by the name of the format."""
        formats = (FORMATS.get(name) for name in FORMATS.names())
        return {each.name: each.settings for each in formats if each.settings and each.name not in cls.model_fields}

    @property
    def settings(self) -> Any:
        """The settings of the data format, an instance of its ``DataFormat.settings``; None if it has none."""
        if self.format in (self.model_extra or {}):
            return (self.model_extra or {})[self.format]
        section = FORMATS.get(self.format).settings
        return section() if section else None

    @property
    def formats(self) -> tuple[str, ...]:
        """The data formats that are read."""
        return (self.format,)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Also what data formats add; other keys are refused."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        sections = {name: handler(section.__pydantic_core_schema__) for name, section in cls.sections().items()}
        schema["properties"] = {**schema["properties"], **sections}
        schema["additionalProperties"] = False
        return reference

    @model_validator(mode="before")
    @classmethod
    def _default_labels(cls, values: Any, info: ValidationInfo) -> Any:
        return cls.with_default_labels(values, info)

    @classmethod
    def with_default_labels(cls, values: Any, info: ValidationInfo) -> Any:
        """The values as given, with the labels of the data format where they are left out."""
        default = Collection.model_fields["format"].default
        name = values.get("format", default) if isinstance(values, dict) else None
        if name is None or "labels" in values or name not in FORMATS:
            return values
        labels = FORMATS.get(name).labels
        return {**values, "labels": FORMATS.get(default).labels if labels is None else labels}

    @model_validator(mode="after")
    def _settings_of_formats(self, info: ValidationInfo) -> "Collection":
        """Check the sections of data formats, and add what was left out with its defaults.

        The section of a format that is unknown here, as its plug-in is not loaded, stays as it is; see UNKNOWN_FORMATS.
        """
        known, extra = self.sections(), self.__pydantic_extra__
        if extra is None:  # As where pydantic builds an instance without validation.
            return self
        tolerated = (info.context or {}).get(UNKNOWN_FORMATS, False)
        unknown = {name for name in extra.keys() - known.keys() if tolerated or name == self.format not in FORMATS}
        always = [name for name in known if self._has_settings(name)]
        values = {name: extra.get(name, {}) for name in [*always, *extra] if name not in unknown}
        fields: dict[str, Any] = {name: (known[name], ...) for name in values if name in known}
        checked = create_model(type(self).__name__, __base__=Section, **fields).model_validate(values)
        extra.update({name: getattr(checked, name) for name in fields})
        return self

    def _has_settings(self, name: str) -> bool:
        return name == self.format or (self.every_experiment and FORMATS.get(name).in_every_experiment)

    @model_validator(mode="after")
    def _labels_given(self) -> "Collection":
        if not self.labels and self.format in FORMATS and FORMATS.get(self.format).found_values is None:
            raise ValueError(f"labels must be given: the data format {self.format} has no labels of its own")
        return self

    @model_validator(mode="after")
    def _known_labels(self) -> "Collection":
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if twice:
            raise ValueError(f"labels names {', '.join(twice)} more than once")
        return self

    @model_validator(mode="after")
    def _names_of_their_own(self) -> "Collection":
        of_labels = [label + ending for label in self.labels for ending in _ENDINGS]
        for key, names, taken in (
            ("labels", self.labels, [*_OURS, *(name for name in of_labels if name not in self.labels)]),
            ("columns", self.columns, [*_OURS, *self.labels, *of_labels]),
        ):
            clash = [name for name in names if name in taken or names.count(name) > 1]
            if clash:
                raise ValueError(
                    f"{key} names {clash[0]!r}, which is already a column in the tables of a run. Rename it in the "
                    f"label file"
                )
        return self
