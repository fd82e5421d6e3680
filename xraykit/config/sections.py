"""The sections of an experiment file: each key with its allowed values and its default."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from xraykit.config.section import Positive, Section
from xraykit.registry import FORMATS

Units = Annotated[int, Field(ge=64, le=512)]
Fraction = Annotated[float, Field(ge=0, lt=1)]

MOST_MEGAPIXELS = 512
"""Beyond any radiograph: a 16-bit picture of that size takes 1 GiB of memory."""


class Split(Section):
    """How patients are divided into training, validation and test part."""

    method: Literal["official", "patient"] = Field(
        "official",
        description="`official`: the lists that come with the data; their training patients are divided further into "
        "training and validation. `patient`: all patients are divided by the fractions below.",
    )
    train: Annotated[float, Field(gt=0, lt=1)] = Field(0.7, description="Share of the images for training.")
    validation: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1,
        description="Share for validation. With `official`, validation / (train + validation) of the training list.",
    )
    test: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.2, description="Share for the test part; unused with `official`."
    )
    seed: int | None = Field(None, ge=0, description="Seed of the division; left out, the experiment's own.")

    @model_validator(mode="after")
    def _sum_to_one(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test must be 1. Received: a sum of {total:g}")
        return self


UNKNOWN_FORMATS = "unknown_formats"
"""Key of the validation context: true while plug-ins may not be loaded that define the format and its settings."""

# Columns of a run's own tables; each label has columns with these endings.
_OURS = ("image", "path", "patient", "part", "sex", "age", "view")
_ENDINGS = ("", "_logit", "_probability")


class Data(Section):
    """Where the radiographs are and how they are read and divided."""

    # The settings of data formats; see _settings_of_formats.
    model_config = ConfigDict(extra="allow")

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
    image_size: Annotated[int, Field(ge=16, le=1024)] = Field(
        224, description="Side in pixels of the square pictures that the model sees."
    )
    split: Split = Split()
    cache: str | None = Field(
        None, description="Folder of the decoded pictures. Left out: `cache` in the output folder."
    )
    duplicates: Literal["refuse", "leave_out", "allow"] = Field(
        "refuse",
        description="What to do with a picture that appears under different names in more than one of training, "
        "validation and test part. `refuse`: stop before the training; `leave_out`: keep it in the test part, else in "
        "the validation part, and leave the other copies out; `allow`: use all, with a warning.",
    )
    max_megapixels: Annotated[float, Field(gt=0, le=MOST_MEGAPIXELS)] = Field(
        64.0, description="Pictures with more pixels are refused before they are decoded."
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
    def _default_labels(cls, values: Any) -> Any:
        default = cls.model_fields["format"].default
        name = values.get("format", default) if isinstance(values, dict) else None
        if name is None or "labels" in values or name not in FORMATS:
            return values
        labels = FORMATS.get(name).labels
        return {**values, "labels": FORMATS.get(default).labels if labels is None else labels}

    @model_validator(mode="after")
    def _settings_of_formats(self, info: ValidationInfo) -> "Data":
        """Check the sections of data formats, and add what was left out with its defaults.

        The section of a format that is unknown here, as its plug-in is not loaded, stays as it is; see UNKNOWN_FORMATS.
        """
        known, extra = self.sections(), self.__pydantic_extra__
        if extra is None:  # As where pydantic builds an instance without validation.
            return self
        tolerated = (info.context or {}).get(UNKNOWN_FORMATS, False)
        unknown = {name for name in extra.keys() - known.keys() if tolerated or name == self.format not in FORMATS}
        always = [name for name in known if name == self.format or FORMATS.get(name).in_every_experiment]
        values = {name: extra.get(name, {}) for name in [*always, *extra] if name not in unknown}
        fields: dict[str, Any] = {name: (known[name], ...) for name in values if name in known}
        checked = create_model("Data", __base__=Section, **fields).model_validate(values)
        extra.update({name: getattr(checked, name) for name in fields})
        return self

    @model_validator(mode="after")
    def _labels_given(self) -> "Data":
        if not self.labels and self.format in FORMATS:
            raise ValueError(f"labels must be given: the data format {self.format} has no labels of its own")
        return self

    @model_validator(mode="after")
    def _known_labels(self) -> "Data":
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if twice:
            raise ValueError(f"labels names {', '.join(twice)} more than once")
        return self

    @model_validator(mode="after")
    def _names_of_their_own(self) -> "Data":
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


class Model(Section):
    """The network: a backbone, then 1–5 dense layers, then one logit per label."""

    backbone: str = Field("densenet121", description="A registered backbone.")
    weights: str | None = Field(
        None,
        description="Start of the backbone's weights: none (from scratch), imagenet, or the path of a weights file or "
        "of an earlier run's model.keras.",
    )
    num_dense_layers: Annotated[int, Field(ge=1, le=5)] = Field(
        1, description="Dense layers between pooling and logits."
    )
    dense_neurons: Annotated[
        Annotated[Units, Tag("number")]
        | Annotated[tuple[Units, ...], Field(strict=False, min_length=1, max_length=5), Tag("list")],
        Discriminator(lambda given: "list" if isinstance(given, list | tuple) else "number"),
    ] = Field(256, description="Units of each dense layer: one number for all, or a list with one for each.")
    dropout_rate: Fraction = Field(0.3, description="Share of units dropped after each dense layer.")
    normalisation_momentum: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9,
        description="Of the running statistics of the backbone's batch normalisation. Keras' own 0.99 lags hundreds of "
        "steps behind, so that early validation scores of a network from scratch mean little; CheXNet's is 0.9.",
    )

    @model_validator(mode="before")
    @classmethod
    def _none_is_null(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("weights") == "none":
            return {**values, "weights": None}
        return values

    @model_validator(mode="after")
    def _units_for_each_layer(self) -> "Model":
        if not isinstance(self.dense_neurons, int) and len(self.dense_neurons) != self.num_dense_layers:
            raise ValueError(
                f"dense_neurons must be one number or a list of num_dense_layers ({self.num_dense_layers}) numbers. "
                f"Received: a list of {len(self.dense_neurons)}"
            )
        return self

    @property
    def head_units(self) -> tuple[int, ...]:
        """Units of each dense layer, first to last."""
        if isinstance(self.dense_neurons, int):
            return (self.dense_neurons,) * self.num_dense_layers
        return self.dense_neurons


class Augmentation(Section):
    """Random changes of training pictures, different in each epoch."""

    shift: Annotated[float, Field(ge=0, le=0.5)] = Field(0.05, description="Largest shift, share of the side.")
    rotation: Annotated[float, Field(ge=0, le=45)] = Field(5.0, description="Largest rotation in degrees.")
    zoom: Annotated[float, Field(ge=0, le=0.5)] = Field(0.05, description="Largest zoom in or out, share.")
    contrast: Annotated[float, Field(ge=0, lt=1)] = Field(0.1, description="Largest change of contrast, share.")
    flip: bool = Field(False, description="Flip left and right. Off: the heart is on the left.")


class EarlyStopping(Section):
    """When training ends before its last epoch."""

    patience: Positive = Field(10, description="Epochs without a better validation macro ROC AUC.")


class Plateau(Section):
    """When the learning rate is lowered."""

    patience: Positive = Field(4, description="Epochs without a better validation macro ROC AUC.")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.3, description="The learning rate is multiplied by this.")
    min_learning_rate: Annotated[float, Field(ge=0)] = Field(1e-6, description="It never falls below this.")


class FineTune(Section):
    """The two stages of `training.trainer: fine_tune`."""

    frozen_epochs: Positive = Field(5, description="First stage: epochs with a frozen backbone.")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        1e-5, description="Learning rate of the second stage, when the backbone learns too."
    )


DEFAULT_LOSS = "weighted_binary_crossentropy"
_OPTIMIZERS = ("adam", "rmsprop", "sgd")


def _any_case(words: tuple[str, ...]) -> str:
    """A pattern of JSON Schema, which knows no flags, for words in capitals or not."""
    spelled = ("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words)
    return f"^({'|'.join(spelled)})$"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Training(Section):
    """How the network is trained."""

    trainer: Literal["scratch", "fine_tune"] = Field(
        "scratch", description="One stage from scratch, or two: frozen backbone, then unfrozen."
    )
    epochs: Annotated[int, Field(ge=1, le=10_000)] = Field(30, description="At most this many epochs in all.")
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(16, description="Pictures per step.")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-3, description="Of the first step.")
    optimizer: Annotated[
        Literal["adam", "rmsprop", "sgd"],
        BeforeValidator(_lower),
        WithJsonSchema({"anyOf": [{"enum": list(_OPTIMIZERS)}, {"type": "string", "pattern": _any_case(_OPTIMIZERS)}]}),
    ] = "adam"
    # Left out of written experiments where it is the default, so that runs and studies without it can be continued.
    loss: str = Field(DEFAULT_LOSS, description="A registered loss.", exclude_if=lambda name: name == DEFAULT_LOSS)
    weighted_loss: bool = Field(
        True, description="Weigh positives and negatives of each label by each other's share in the training part."
    )
    held_out_share: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0,
        description="Share of the validation patients that do not influence the choice of the epoch and, in a search, "
        "of the hyperparameters; calibration and thresholds are then fitted on them alone. 0: all patients serve both.",
    )
    early_stopping: EarlyStopping | None = EarlyStopping()
    plateau: Plateau | None = Plateau()
    augmentation: Augmentation = Augmentation()
    fine_tune: FineTune = FineTune()
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    xla: bool = Field(
        False, description="Compile steps with XLA; needs `deterministic: false`; slower on most CPUs. JAX always does."
    )
    deterministic: bool = Field(
        True, description="Two runs on one machine give the same results; some GPU operations are slower."
    )

    @model_validator(mode="after")
    def _xla_or_deterministic(self) -> "Training":
        if self.xla and self.deterministic:
            raise ValueError(
                "xla: true needs deterministic: false; Keras would otherwise switch XLA off silently. Received: both"
            )
        return self


class Tracking(Section):
    """Where MLflow writes."""

    uri: str | None = Field(
        "auto",
        description="`auto`: the value of the variable MLFLOW_TRACKING_URI, or an SQLite file in the output folder; "
        "`none`: no tracking; or any MLflow tracking URI.",
    )

    @model_validator(mode="before")
    @classmethod
    def _none_is_null(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("uri") == "none":
            return {**values, "uri": None}
        return values


class Output(Section):
    """Where runs are written."""

    root: str = Field("runs", description="Each run gets the folder ROOT/NAME/TIMESTAMP.")
