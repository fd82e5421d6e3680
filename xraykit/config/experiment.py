"""The whole experiment: typed, strict, frozen; from a file, from overrides, with other values."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from xraykit.config.checks import check_evaluation, check_names, check_space, check_weights, formats_named
from xraykit.config.complaints import complaints
from xraykit.config.data.collection import UNKNOWN_FORMATS
from xraykit.config.data.found_values import with_found_values
from xraykit.config.data.section import Data
from xraykit.config.data.source import SOURCE
from xraykit.config.evaluation_section import Evaluation, Explain
from xraykit.config.overrides import apply_override, set_value
from xraykit.config.paths import absolute, expand, expanded
from xraykit.config.reading import Document, marked, read_file, write_yaml
from xraykit.config.search.section import Search
from xraykit.config.section import NAME, Section
from xraykit.config.sections import Model, Output
from xraykit.config.tracking_section import Tracking, check_trackers, json_schema_with_list, write_out
from xraykit.config.training.section import Training
from xraykit.config.unused import without_effect
from xraykit.errors import ExperimentError, RegistryError
from xraykit.registry import FORMATS, load_plugin, unknown_name
from xraykit.system import Displayed, masked


class Experiment(Displayed, Section):
    """One experiment: the content of an experiment file."""

    name: Annotated[str, Field(pattern=NAME)] = Field(
        "experiment", description="Names the run folder and the MLflow experiment."
    )
    seed: int = Field(7, ge=0, lt=2**31, description="Of weights, order, dropout, augmentation and the split.")
    plugins: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (),
        description="Modules or .py files (relative to this file) that register backbones, data formats, decoders, "
        "metrics, losses or search strategies.",
    )
    data: Data = Field(default_factory=Data)
    model: Model = Model()
    training: Training = Training()
    search: Search | None = None
    evaluation: Evaluation = Evaluation()
    explain: Explain = Explain()
    tracking: Tracking = Field(Tracking(), json_schema_extra=json_schema_with_list)
    output: Output = Output()

    @model_validator(mode="before")
    @classmethod
    def _sources_are_subgroups(cls, values: Any) -> Any:
        """Several collections are compared with each other, whatever else the test part is divided by."""
        if not isinstance(values, dict):
            return values
        data, evaluation = values.get("data"), values.get("evaluation", {})
        sources = data.sources if isinstance(data, Data) else isinstance(data, dict) and data.get("sources")
        if not sources or not isinstance(evaluation, dict | Evaluation):
            return values
        plain = evaluation.model_dump() if isinstance(evaluation, Evaluation) else evaluation
        subgroups = plain.get("subgroups", Evaluation.model_fields["subgroups"].default)
        if not isinstance(subgroups, list | tuple) or SOURCE in subgroups:
            return values
        return {**values, "evaluation": {**plain, "subgroups": (*subgroups, SOURCE)}}

    @model_validator(mode="after")
    def _fine_tuning_needs_weights(self) -> "Experiment":
        if self.training.trainer != "scratch" and self.model.weights is None:
            raise ValueError(
                f"training.trainer is {self.training.trainer}, which starts from trained weights. Expected: "
                "model.weights: imagenet, or the path of an earlier run's model.keras. Received: model.weights: none"
            )
        return self

    @model_validator(mode="after")
    def _flipped_views_need_flipped_training(self) -> "Experiment":
        views = self.evaluation.test_time_augmentation
        if views.endswith("flips") and not self.training.augmentation.flip:
            raise ValueError(
                f"evaluation.test_time_augmentation shows the network mirrored radiographs, and it has never seen one. "
                f"Expected: shifts or shifts_and_zooms, or training.augmentation.flip: true. Received: {views}"
            )
        return self

    @model_validator(mode="after")
    def _one_search_before_the_members(self) -> "Experiment":
        if self.is_ensemble and self.search is not None:
            raise ValueError(
                "search finds the values of one network, and this experiment trains several (data.split.method: folds "
                "without data.split.fold, or training.seeds above 1). Expected: one of both. Search first, with "
                "training.seeds: 1 and, of folds, data.split.fold: 0; then run its search/best.yaml with "
                "training.seeds, or with data.split.fold: null. Received: both"
            )
        return self

    @property
    def head_units(self) -> tuple[int, ...]:
        """Units of each dense layer before the logits; a linear probe has none."""
        return () if self.training.trainer == "linear_probe" else self.model.head_units

    @property
    def split_seed(self) -> int:
        """Seed of the division of patients."""
        return self.seed if self.data.split.seed is None else self.data.split.seed

    @property
    def is_ensemble(self) -> bool:
        """Whether several networks are trained, as one ensemble: one for each fold, for each seed, or both."""
        return self.data.split.all_folds or self.training.seeds > 1

    @property
    def without_effect(self) -> dict[str, str]:
        """Keys that are set, but that another key leaves unused: their paths, and that key with its value."""
        searched = () if self.search is None else tuple(self.search.space)
        return without_effect(self.training, self.model, self.data.split, searched)

    def _display(self) -> dict[str, str]:
        data, search, training = self.data, self.search, self.training
        epochs = "" if training.trainer == "linear_probe" else f", at most {training.epochs} epochs"
        return {
            "name": self.name,
            "data": f"{data.format}, {len(data.labels)} labels, {data.image_size} px",
            "network": f"{self.model.backbone}, weights {self.model.weights or 'random'}",
            "training": f"{self.training.trainer}{epochs}, seed {self.seed}",
            "search": "none" if search is None else f"{search.n_trials} trials by {search.engine}",
        }

    def values(self) -> dict[str, Any]:
        """All sections as plain nested values, as in an experiment file."""
        return self.model_dump(mode="json")

    def with_values(self, values: Mapping[str, Any]) -> "Experiment":
        """This experiment with other values.

        Args:
            values: Path to value, such as ``{"training.learning_rate": 1e-3}``.

        Raises:
            ExperimentError: a path is unknown or its value is not allowed.
        """
        name = ", ".join(f"{path}={value}" for path, value in values.items())
        document = Document(self.values(), name)
        for path, value in values.items():
            set_value(document, tuple(path.split(".")), value)
        return _checked(document)

    def with_absolute_paths(self, folder: Path | None = None) -> "Experiment":
        """This experiment as it can be read in any working directory.

        Args:
            folder: Where its relative paths begin; left out, the working directory.
        """
        return Experiment.model_validate(absolute(self.values(), folder or Path.cwd()))

    def shown(self, *, everything: bool = True) -> dict[str, Any]:
        """:meth:`values` as they may be shown: passwords in addresses are replaced by ``***``.

        Args:
            everything: False: only the name and what differs from the defaults.
        """
        values = self.values() if everything else self._differing()
        for section, key in (("tracking", "uri"), ("search", "storage")):
            inside = values.get(section) or {}
            if inside.get(key):
                inside[key] = masked(inside[key])
        return values

    def _differing(self) -> dict[str, Any]:
        """The name and what differs from the defaults; an experiment file of these values is the same experiment."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        return {"name": self.name, **{key: value for key, value in values.items() if value != {}}}

    def to_yaml(self, *, comment: str = "", everything: bool = True) -> str:
        """The resolved experiment as YAML, as :meth:`shown`; a truncated text is recognised when it is read."""
        return marked(write_yaml(self.shown(everything=everything)), comment)


def load_experiment(
    source: str | Path | Mapping[str, Any], overrides: Sequence[str] = (), *, plugins: Sequence[str] | None = None
) -> Experiment:
    """Read and check an experiment.

    Args:
        source: Path of an experiment file, or its nested values.
        overrides: ``"training.epochs=3"`` and the like; they win over the file.
        plugins: For the experiment of a finished run, which may come from a stranger: the plug-ins that are imported
            instead of those that it names. What it trained on and with is then not looked up: formats, backbones and
            weights may be unknown here. Left out: the plug-ins that it names are imported, which runs their code.

    Raises:
        ExperimentError: with the file, the line, the path, what is allowed and what was received.

    Example:
        >>> load_experiment("experiments/quickstart.yaml", ["training.epochs=1"]).training.epochs
        1
    """
    document, folder = _document(source, overrides)
    if isinstance(document.values.get("plugins"), list):
        document.values["plugins"] = [_plugin(each, folder) for each in document.values["plugins"]]
    return _checked(document) if plugins is None else _recorded(document, plugins)


def load_data(
    source: str | Path | Mapping[str, Any] | None, overrides: Sequence[str] = (), *, plugins: Sequence[str] = ()
) -> Experiment:
    """Read the section ``data`` of an experiment that is not run; of the others only ``name`` and ``seed`` are kept.

    Args:
        source: As for :func:`load_experiment`; None: the overrides are everything.
        overrides: ``"data.root=/data/other"`` and the like; they win over the file.
        plugins: Modules or ``.py`` files that are imported. Those that the file names are not: it may come from a
            stranger.

    Raises:
        ExperimentError: as for :func:`load_experiment`; or the data format is unknown.
    """
    document = _document({} if source is None else source, overrides)[0]
    named = document.values.get("plugins")
    for name in set(document.values) - {"name", "seed", "data"}:
        del document.values[name]
    for plugin in plugins:
        load_plugin(plugin)
    for path, _, found in formats_named(_typed(document, unknown_formats=True).data):
        if found not in FORMATS:
            hint = f"The file names the plug-ins {', '.join(map(str, named))}." if isinstance(named, list) else ""
            message = (
                f"{unknown_name('data format', found, FORMATS.names())} A plug-in's is known with --plugin. {hint}"
            )
            raise document.refusal_of(path, message.strip())
    return _typed(document)


def _document(source: str | Path | Mapping[str, Any], overrides: Sequence[str]) -> tuple[Document, Path]:
    """The content of an experiment file with its overrides, and the folder where its relative plug-ins are."""
    if isinstance(source, Mapping):
        document, folder = Document(_without_path_objects(source)), Path.cwd()
    else:
        document, folder = read_file(expand(source)), expand(source).resolve().parent
    write_out(document)
    for override in overrides:
        apply_override(document, override, Experiment)
        write_out(document)
    return document, folder


def _without_path_objects(values: Any) -> Any:
    """A copy of nested values, in which a path of :mod:`pathlib` is the text that a file has there."""
    if isinstance(values, Path):
        return str(values)
    if isinstance(values, Mapping):
        return {key: _without_path_objects(each) for key, each in values.items()}
    if isinstance(values, list | tuple):
        return [_without_path_objects(each) for each in values]
    return copy.deepcopy(values)


def schema() -> dict[str, Any]:
    """The JSON Schema of an experiment file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Experiment.model_json_schema(),
        "title": "xraykit experiment",
    }


def _typed(document: Document, *, unknown_formats: bool = False) -> Experiment:
    """The experiment of a document; the data format and its settings may be those of a plug-in that is not loaded."""
    try:
        return Experiment.model_validate(expanded(document.values), context={UNKNOWN_FORMATS: unknown_formats})
    except ValidationError as error:
        raise complaints(error, Experiment, document) from None


def _recorded(document: Document, plugins: Sequence[str]) -> Experiment:
    for plugin in plugins:
        load_plugin(plugin)
    return _typed(document, unknown_formats=True)


def _checked(document: Document) -> Experiment:
    # First without the plug-ins, as some take seconds to be imported.
    experiment = _typed(document, unknown_formats=True)
    try:
        for plugin in experiment.plugins:
            load_plugin(plugin)
    except RegistryError as error:
        refusal = document.refusal_of(("plugins",), str(error))
        # A cause is shown too, and may contain what the message must not.
        raise refusal from (error if str(error) in str(refusal) else None)
    experiment = _typed(document)
    completed = with_found_values(experiment.data, document, experiment.values)
    if completed is not None:
        experiment = _typed(completed)
    data, model = experiment.data, experiment.model
    check_names(data, model, experiment.training, experiment.search, document)
    check_evaluation(experiment.evaluation, data, document)
    check_weights(model, document)
    check_trackers(experiment.tracking, document)
    if experiment.search is not None:
        alone = experiment.model_copy(update={"search": None})
        check_space(experiment.search, document, lambda values: _complaint(alone, values))
    return experiment


def _plugin(given: Any, folder: Path) -> Any:
    """The path of a plug-in file made absolute, so that a run folder's copy of the experiment finds it too."""
    return str((folder / expand(given)).resolve()) if isinstance(given, str) and given.endswith(".py") else given


def _complaint(experiment: Experiment, values: Mapping[str, Any]) -> str | None:
    try:
        experiment.with_values(values)
    except ExperimentError as error:
        return str(error).splitlines()[0]
    return None
