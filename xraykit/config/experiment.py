"""The whole experiment: typed, strict, frozen; from a file, from overrides, with other values."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from xraykit.config.complaints import complaints
from xraykit.config.evaluation_section import Evaluation, Explain
from xraykit.config.reading import Document, KeyPath, marked, read_file, read_scalar, write_yaml
from xraykit.config.search_points import extremes, outside
from xraykit.config.search_section import Search
from xraykit.config.section import Section
from xraykit.config.sections import (
    Data,
    Model,
    Output,
    Tracking,
    Training,
)
from xraykit.errors import ExperimentError, RegistryError
from xraykit.masking import masked
from xraykit.registry import BACKBONES, FORMATS, load_plugin, unknown_name


class Experiment(Section):
    """One experiment, as an experiment file says it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = Field(
        "experiment", description="Names the run folder and the MLflow experiment."
    )
    seed: int = Field(7, ge=0, lt=2**31, description="Of weights, order, dropout, augmentation and the split.")
    plugins: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="Modules or .py files (relative to this file) that register backbones or data formats."
    )
    data: Data = Data()
    model: Model = Model()
    training: Training = Training()
    search: Search | None = None
    evaluation: Evaluation = Evaluation()
    explain: Explain = Explain()
    tracking: Tracking = Tracking()
    output: Output = Output()

    @model_validator(mode="after")
    def _fine_tuning_needs_weights(self) -> "Experiment":
        if self.training.trainer == "fine_tune" and self.model.weights is None:
            raise ValueError(
                "training.trainer is fine_tune, which starts from trained weights. Expected: model.weights: imagenet, "
                "or the path of an earlier run's model.keras. Received: model.weights: none"
            )
        return self

    @property
    def split_seed(self) -> int:
        """Seed of the division of patients."""
        return self.seed if self.data.split.seed is None else self.data.split.seed

    def values(self) -> dict[str, Any]:
        """All sections as plain nested values, as they would stand in a file."""
        return self.model_dump(mode="json")

    def with_values(self, values: Mapping[str, Any]) -> "Experiment":
        """This experiment with other values.

        Args:
            values: Path to value, such as ``{"training.learning_rate": 1e-3}``.

        Raises:
            ExperimentError: a path is unknown or its value is not allowed.
        """
        nested = self.values()
        for path, value in values.items():
            _set(nested, tuple(path.split(".")), value)
        name = ", ".join(f"{path}={value}" for path, value in values.items())
        return _checked(Document(nested, name))

    def shown(self) -> dict[str, Any]:
        """:meth:`values` as anybody may see them: passwords in addresses are replaced by ``***``."""
        values = self.values()
        if self.tracking.uri:
            values["tracking"]["uri"] = masked(self.tracking.uri)
        if self.search and self.search.storage:
            values["search"]["storage"] = masked(self.search.storage)
        return values

    def to_yaml(self, *, comment: str = "") -> str:
        """The resolved experiment as YAML, as :meth:`shown`; a text that was cut off is recognised when it is read."""
        return marked(write_yaml(self.shown()), comment)


def load_experiment(source: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """Read and check an experiment.

    Args:
        source: Path of an experiment file, or its nested values.
        overrides: ``"training.epochs=3"`` and the like; they win over the file.

    Raises:
        ExperimentError: with the file, the line, the path, what is allowed and what was received.

    Example:
        >>> load_experiment("experiments/quickstart.yaml", ["training.epochs=1"]).training.epochs
        1
    """
    if isinstance(source, Mapping):
        document, folder = Document(copy.deepcopy(dict(source))), Path.cwd()
    else:
        document, folder = read_file(Path(source)), Path(source).resolve().parent
    for override in overrides:
        _apply_override(document, override)
    document.values["plugins"] = _anchored(document.values.get("plugins", []), folder)
    return _checked(document)


def schema() -> dict[str, Any]:
    """The JSON Schema of an experiment file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Experiment.model_json_schema(),
        "title": "xraykit experiment",
    }


def _checked(document: Document) -> Experiment:
    try:
        experiment = Experiment.model_validate(document.values)
    except ValidationError as error:
        raise ExperimentError(complaints(error, Experiment, document)) from None
    try:
        for plugin in experiment.plugins:
            load_plugin(plugin)
    except RegistryError as error:
        raise ExperimentError(_placed(document, ("plugins",), str(error))) from error
    _check_names(experiment, document)
    _check_evaluation(experiment, document)
    _check_weights(experiment, document)
    _check_space(experiment, document)
    return experiment


def _anchored(plugins: Any, folder: Path) -> Any:
    """Paths of plug-in files made absolute, so that a run folder's copy of the experiment finds them too."""
    if not isinstance(plugins, list):
        return plugins
    return [str((folder / each).resolve()) if str(each).endswith(".py") else each for each in plugins]


def _check_names(experiment: Experiment, document: Document) -> None:
    for path, registry, word in (
        (("data", "format"), FORMATS, experiment.data.format),
        (("model", "backbone"), BACKBONES, experiment.model.backbone),
    ):
        if word not in registry:
            raise ExperimentError(_placed(document, path, unknown_name(registry.kind, word, registry.names())))
    smallest = BACKBONES.get(experiment.model.backbone).min_size
    if experiment.data.image_size < smallest:
        message = (
            f"{experiment.model.backbone} takes pictures of at least {smallest} pixels. "
            f"Received: {experiment.data.image_size}."
        )
        raise ExperimentError(_placed(document, ("data", "image_size"), message))


def _check_evaluation(experiment: Experiment, document: Document) -> None:
    """Labels and columns that the evaluation names must be those of the data."""
    evaluation, data = experiment.evaluation, experiment.data
    for key in ("operating_points", "prevalence"):
        for label in getattr(evaluation, key):
            if label not in data.labels:
                message = unknown_name("label of this experiment", label, data.labels)
                raise ExperimentError(_placed(document, ("evaluation", key, label), message))
    columns = ("sex", "age", "view", *data.columns)
    for column in evaluation.subgroups:
        if column not in columns:
            message = f"{unknown_name('column', column, columns)} Name further ones in data.columns."
            raise ExperimentError(_placed(document, ("evaluation", "subgroups"), message))


def _check_weights(experiment: Experiment, document: Document) -> None:
    weights = experiment.model.weights
    if weights not in (None, "imagenet") and not Path(weights).is_file():
        message = f"expected none, imagenet, or the path of a weights file. Received: {weights!r}, which is not there."
        raise ExperimentError(_placed(document, ("model", "weights"), message))


def _check_space(experiment: Experiment, document: Document) -> None:
    """Every end of the search space, and every starting point, must be what the experiment itself would take."""
    if experiment.search is None:
        return
    alone = experiment.model_copy(update={"search": None})
    for key, values in extremes(experiment.search.space):
        complaint = _complaint(alone, values)
        if complaint:
            message = f"the experiment would refuse a value of this range: {complaint}"
            raise ExperimentError(_placed(document, ("search", "space", key), message))
    for number, point in enumerate(experiment.search.enqueue):
        complaint = outside(point, experiment.search.space) or _complaint(alone, point)
        if complaint:
            message = f"this starting point is not in the search space: {complaint}"
            raise ExperimentError(_placed(document, ("search", "enqueue", number), message))


def _complaint(experiment: Experiment, values: Mapping[str, Any]) -> str | None:
    try:
        experiment.with_values(values)
    except ExperimentError as error:
        return str(error).splitlines()[0]
    return None


def _apply_override(document: Document, override: str) -> None:
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise ExperimentError(f"An override is key=value, such as training.epochs=3. Received: {override!r}.")
    keys = tuple(path.strip().split("."))
    _set(document.values, keys, read_scalar(text, f"the override {override!r}"))
    for known in [line for line in document.lines if line[: len(keys)] == keys]:
        del document.lines[known]
    document.overrides[keys] = override


def _set(values: dict[str, Any], path: KeyPath, value: Any) -> None:
    for depth, part in enumerate(path[:-1]):
        inner = values.get(str(part))
        if inner is None:
            inner = values[str(part)] = {}
        if path[: depth + 1] == ("search", "space"):
            inner[".".join(str(rest) for rest in path[depth + 1 :])] = value
            return
        if not isinstance(inner, dict):
            raise ExperimentError(
                f"{'.'.join(map(str, path))}: {part!r} is a value, not a section. Received: {inner!r}."
            )
        values = inner
    values[str(path[-1])] = value


def _placed(document: Document, path: KeyPath, message: str) -> str:
    return f"{document.place(path)}: {'.'.join(str(part) for part in path)}: {message}"
