"""The `search` section: which values of the experiment are searched, by which engine, for which objectives."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from xraykit.config.search.space import SHIPPED_SPACE, AnyDomain, Number, Range, Value, check_space
from xraykit.config.section import Positive, Section

Direction = Literal["maximize", "minimize"]
ObjectiveName = Literal["macro_roc_auc", "worst_label_roc_auc", "loss", "parameters"]

DIRECTIONS: dict[ObjectiveName, Direction] = {
    "macro_roc_auc": "maximize",
    "worst_label_roc_auc": "maximize",
    "loss": "minimize",
    "parameters": "minimize",
}

Point = dict[str, Value | Annotated[tuple[Number, ...], Field(strict=False)]]


def _or_with_direction(schema: dict[str, Any]) -> None:
    """To an editor too, a name may carry its direction."""
    named = [
        {"type": "object", "properties": {name: {"const": to}}, "required": [name], "additionalProperties": False}
        for name, to in DIRECTIONS.items()
    ]
    schema["items"] = {"anyOf": [schema["items"], *named]}


class OptunaSettings(Section):
    """Settings of `search.engine: optuna`."""

    sampler: Literal["tpe", "random", "grid", "gp", "cmaes"] = Field(
        "tpe",
        description="`grid` tries every combination and needs choices, whole numbers or a step everywhere; `gp` needs "
        "the package torch, `cmaes` the package cmaes.",
    )
    pruner: Literal["auto", "median", "percentile", "hyperband", "patient", "none"] = Field(
        "auto",
        description="`auto`: median for one objective, none for several, which no pruner can judge. `patient`: median, "
        "but only after `patience` epochs without a better score.",
    )
    startup_trials: Positive = Field(5, description="Trials that are drawn at random and never pruned.")
    warmup_epochs: int = Field(2, ge=0, description="Epochs of a trial before it may be pruned.")
    percentile: Annotated[float, Field(gt=0, lt=100)] = Field(
        25.0, description="Of `percentile`: a trial outside this best share, in percent, is pruned."
    )
    patience: Positive = Field(3, description="Of `patient`.")
    factor: Annotated[int, Field(ge=2)] = Field(3, description="Reduction factor of `hyperband`.")


class KerasTunerSettings(Section):
    """Settings of `search.engine: keras_tuner`."""

    method: Literal["random_search", "bayesian_optimization", "hyperband", "grid_search"] = "random_search"
    factor: Annotated[int, Field(ge=2)] = Field(3, description="Reduction factor of Hyperband.")


class Search(Section):
    """Hyperparameter search, scored on the validation part alone."""

    engine: str = Field(
        "optuna",
        description="What proposes the values of trials: `optuna`, `keras_tuner`, or a name that a plug-in registers.",
    )
    n_trials: Positive = Field(
        20, description="Trials of the whole study, over all workers, machines and earlier starts of the command."
    )
    timeout: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Seconds of searching of the whole study, over all workers and starts; then no further trial "
        "begins. Time in which no trial ran does not count.",
    )
    epochs: Positive | None = Field(None, description="At most this many epochs a trial; left out, as in `training`.")
    workers: Positive = Field(
        1, description="Processes on this machine, each with its share of the cores, or its own GPU."
    )
    storage: str | None = Field(
        None,
        description="Where the study is kept: an address such as postgresql+psycopg2://USER@HOST/DATABASE for "
        "several machines; left out, an SQLite file in the output folder.",
    )
    objectives: Annotated[tuple[ObjectiveName, ...], Field(min_length=1, strict=False)] = Field(
        ("macro_roc_auc",),
        json_schema_extra=_or_with_direction,
        description="What makes a trial good, all on the validation part in the epoch with the best macro ROC AUC: "
        "macro_roc_auc, worst_label_roc_auc (both maximised), loss, parameters (both minimised). A name may carry its "
        "direction, {parameters: minimize}. Pruners and Keras Tuner see the first one alone.",
    )
    tolerance: Annotated[float, Field(ge=0)] = Field(
        0.0,
        description="The winner is, of the trials that no other beats in all objectives, the best in the first "
        "objective; trials within this distance of it are equal, and the next objective decides.",
    )
    winner: Literal["retrain", "checkpoint"] = Field(
        "retrain",
        description="`retrain`: train the winner again with training.epochs. `checkpoint`: take its trial's weights.",
    )
    enqueue: Annotated[tuple[Point, ...], Field(strict=False)] = Field(
        (), description="Points of the space to try first: path to value for some or all keys."
    )
    space: Annotated[dict[str, AnyDomain], Field(min_length=1)] = Field(
        SHIPPED_SPACE, description="Path of an experiment's key to the values it may take."
    )
    optuna: OptunaSettings = OptunaSettings()
    keras_tuner: KerasTunerSettings = KerasTunerSettings()

    @property
    def pruner(self) -> str:
        """The pruner's name, ``auto`` resolved; ``none`` unless Optuna proposes the values."""
        if self.engine != "optuna":
            return "none"
        chosen = self.optuna.pruner
        return ("median" if len(self.objectives) == 1 else "none") if chosen == "auto" else chosen

    @model_validator(mode="before")
    @classmethod
    def _without_directions(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("objectives"), list | tuple):
            return {**given, "objectives": [_name(each) for each in given["objectives"]]}
        return given

    @model_validator(mode="after")
    def _searchable(self) -> "Search":
        check_space(self.space)
        _check_objectives(self)
        _check_engine(self)
        return self


def _name(objective: Any) -> Any:
    """The name in ``{parameters: minimize}``; any other value is returned as it is and validated later."""
    if not isinstance(objective, dict) or len(objective) != 1:
        return objective
    [(name, direction)] = objective.items()
    expected = DIRECTIONS.get(name)
    if expected is not None and direction != expected:
        raise ValueError(f"the objective {name} can only be searched to {expected} it. Received: {direction}")
    return name


def _check_objectives(search: Search) -> None:
    names = search.objectives
    if len(set(names)) < len(names):
        raise ValueError(f"objectives names one twice. Received: {', '.join(names)}")
    if names[0] == "parameters":
        raise ValueError("parameters cannot be the first objective: the smallest network needs no search")
    if len(names) > 1 and search.optuna.pruner not in ("auto", "none"):
        raise ValueError(
            f"a pruner judges one objective, and there are {len(names)}. Expected: optuna.pruner: none. "
            f"Received: {search.optuna.pruner}"
        )


def _check_engine(search: Search) -> None:
    gridded = search.engine == "keras_tuner" and search.keras_tuner.method == "grid_search"
    if search.engine == "optuna":
        gridded = search.optuna.sampler == "grid"
        if search.optuna.sampler == "cmaes" and len(search.objectives) > 1:
            raise ValueError("the sampler cmaes knows one objective only. Expected: sampler: tpe, or one objective")
    endless = [key for key, each in search.space.items() if isinstance(each, Range) and each.grid() is None]
    if gridded and endless:
        raise ValueError(
            f"a grid needs a step, whole numbers or choices for each key. Received: a continuous range for "
            f"{', '.join(endless)}"
        )
