"""The section of the trackers: which ones record a run, and under which names."""

from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from xraykit.config.reading import Document
from xraykit.config.section import Section, is_default

TrackerName = Literal["mlflow", "tensorboard", "wandb"]

_DEFAULT: tuple[TrackerName, ...] = ("mlflow",)
_SECTION = "tracking"


def _is_alias(text: str) -> str:
    if text == "latest" or (text[0] in "vV" and text[1:].isdecimal()):
        raise ValueError(f"MLflow keeps latest, v1, v2, … for itself. Expected: a word such as candidate. Got: {text}")
    return text


class RegisteredModel(Section):
    """A model of MLflow's model registry, which gets a new version of each finished run."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,199}$", description="Of the model; it is made if it is not there."
    )
    alias: Annotated[str, AfterValidator(_is_alias)] | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="Moved to the new version, so that `models:/NAME@ALIAS` is this run's model.",
    )


class Tracking(Section):
    """What records a run besides its folder; `tracking: [mlflow, tensorboard]` is short for `to`."""

    uri: str | None = Field(
        "auto",
        description="Of MLflow. `auto`: the value of the variable MLFLOW_TRACKING_URI, or an SQLite file in the output "
        "folder; `none`: no tracking with MLflow; or any MLflow tracking URI.",
    )
    to: Annotated[tuple[TrackerName, ...], Field(strict=False)] = Field(
        _DEFAULT,
        exclude_if=is_default(_DEFAULT),
        description="The trackers: `mlflow`, `tensorboard`, `wandb` (Weights & Biases), or several; [] for none.",
    )
    experiment: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None,
        exclude_if=is_default(None),
        description="Name of MLflow's experiment; null: that of the variables MLFLOW_EXPERIMENT_NAME or "
        "MLFLOW_EXPERIMENT_ID, or else `name`.",
    )
    run_name: Annotated[str, Field(min_length=1, max_length=250)] | None = Field(
        None,
        exclude_if=is_default(None),
        description="Of the run; null: the variable MLFLOW_RUN_NAME (of W&B, WANDB_NAME), or else backbone, score and "
        "run folder.",
    )
    registered_model: RegisteredModel | None = Field(
        None, exclude_if=is_default(None), description="Where MLflow's model registry keeps the network of the run."
    )

    @model_validator(mode="before")
    @classmethod
    def _none_is_null(cls, values: Any) -> Any:
        values = section_of(values)
        if isinstance(values, dict) and values.get("uri") == "none":
            return {**values, "uri": None}
        return values

    @model_validator(mode="after")
    def _each_once(self) -> "Tracking":
        if len(set(self.to)) < len(self.to):
            raise ValueError(f"each tracker is named once. Received: {', '.join(self.to)}")
        return self

    @model_validator(mode="after")
    def _models_are_mlflows(self) -> "Tracking":
        if self.registered_model is not None and (self.uri is None or "mlflow" not in self.to):
            raise ValueError("registered_model is of MLflow, which does not track this experiment. Add mlflow to `to`")
        return self

    @property
    def mlflow_uri(self) -> str | None:
        """The address for MLflow; None if it does not track."""
        return self.uri if "mlflow" in self.to else None


def section_of(values: Any) -> Any:
    """The section that ``tracking: [mlflow, tensorboard]`` is short for; any other value as it is."""
    return {"to": list(values)} if isinstance(values, list | tuple) else values


def write_out(document: Document) -> None:
    """Replace the short form by the section in a document, so that an override finds the section's keys."""
    if not isinstance(document.values.get(_SECTION), list | tuple):
        return
    document.values[_SECTION] = section_of(document.values[_SECTION])
    for positions in (document.lines, document.overrides):
        _move(positions)


def _move(positions: dict[Any, Any]) -> None:
    for path in [path for path in positions if path[0] == _SECTION and len(path) > 1]:
        positions[(_SECTION, "to", *path[1:])] = positions.pop(path)


def json_schema_with_list(schema: dict[str, Any]) -> None:
    """For the JSON Schema of the key: the short form besides the section."""
    section = {"$ref": schema.pop("$ref")} if "$ref" in schema else {"allOf": schema.pop("allOf")}
    names = {"type": "array", "items": {"enum": ["mlflow", "tensorboard", "wandb"], "type": "string"}}
    schema["anyOf"] = [section, names]


def check_trackers(tracking: Tracking, document: Document) -> None:
    """The packages of the trackers must be installed.

    Raises:
        ExperimentError: one is not; the message names the command that installs it.
    """
    if "wandb" in tracking.to and find_spec("wandb") is None:
        message = (
            "Weights & Biases (wandb) is not installed. Install it: pip install 'xraykit[wandb]', or take wandb out of "
            "the list."
        )
        raise document.refusal_of((_SECTION, "to"), message)
