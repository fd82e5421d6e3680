"""The sections of an experiment file: each key with its allowed values and its default."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from xraykit.config.section import Positive, Section

Units = Annotated[int, Field(ge=64, le=512)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


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
