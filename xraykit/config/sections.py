"""The small sections of an experiment file: each key with its allowed values and its default."""

from pathlib import PurePath
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from xraykit.config.section import Section, is_default

Units = Annotated[int, Field(ge=64, le=512)]
PUBLISHED_WEIGHTS = ("imagenet", "preset")
"""Values of ``model.weights`` that are no files: weights that the authors of a backbone publish."""

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Model(Section):
    """The network: a backbone, then 1–5 dense layers, then one logit per label."""

    backbone: str = Field(
        "densenet121",
        description="A registered backbone, `keras:NAME` of Keras Applications, or `hub:PRESET` of KerasHub.",
    )
    weights: str | None = Field(
        None,
        description="Start of the backbone's weights: none (from scratch), imagenet, preset (of a `hub:` backbone), or "
        "the path of a weights file or of an earlier run's model.keras.",
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
    def network(self) -> str:
        """Name of the backbone as that of a Keras model, which may have no slash; that of a preset has no folder."""
        family, _, name = self.backbone.rpartition(":")
        return f"{family}_{PurePath(name).name}" if family else name

    @property
    def head_units(self) -> tuple[int, ...]:
        """Units of each dense layer, first to last."""
        if isinstance(self.dense_neurons, int):
            return (self.dense_neurons,) * self.num_dense_layers
        return self.dense_neurons


FigureKind = Literal["png", "svg", "pdf"]
FIGURE_KINDS: tuple[FigureKind, ...] = get_args(FigureKind)
"""The kinds of files that figures can be written as."""


class Output(Section):
    """Where runs are written."""

    root: str = Field("runs", description="Each run gets the folder ROOT/NAME/TIMESTAMP.")
    figures: Annotated[list[FigureKind], Field(min_length=1, max_length=len(FIGURE_KINDS))] = Field(
        ["png"],
        description="Kinds of files of the figures in `figures/`: `png` (150 dots per inch), `svg` and `pdf` (drawn in "
        "lines, for print).",
        exclude_if=is_default(["png"]),
    )

    @field_validator("figures")
    @classmethod
    def _each_once(cls, kinds: list[str]) -> list[str]:
        if len(set(kinds)) != len(kinds):
            raise ValueError("names a kind of file twice; name each once")
        return kinds
