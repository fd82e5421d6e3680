"""The plots of a study, for PNG files and for the page, and why a plot cannot be drawn."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import optuna
from optuna.trial import FrozenTrial

from xraykit.config import DIRECTIONS, Search
from xraykit.search.results.drawn_study import completed

logger = logging.getLogger(__name__)

FEWEST_FOR_IMPORTANCE = 10
"""PED-ANOVA compares the best tenth of the trials with the others, and one trial is not enough for that."""

Drawing = TypeVar("Drawing")


@dataclass(frozen=True)
class View:
    """One plot.

    Attributes:
        name: Of its file, without the ending.
        title: What it shows.
        function: Name of the function in ``optuna.visualization.matplotlib``.
        options: Its arguments beside the study.
        missing: A sentence with the reason why it cannot be drawn; ``None`` if it can.
    """

    name: str
    title: str
    function: str
    options: dict[str, Any]
    missing: str | None


def views(search: Search, study: optuna.Study) -> tuple[View, ...]:
    """The plots of a study, those that cannot be drawn included; to be called in :func:`silence`."""
    first, *others = search.objectives
    few = _too_few(study)
    fronts = [
        View(
            "pareto_front" if len(others) == 1 else f"pareto_front_{other}",
            f"Pareto front: {first} and {other}",
            "plot_pareto_front",
            {"targets": _both(place), "target_names": [first, other]},
            few,
        )
        for place, other in enumerate(others, start=1)
    ]
    histories = [_history(search, place, few) for place in range(len(search.objectives))]
    importances = [_importance(search, study, place, few) for place in range(len(search.objectives))]
    parallel = View(
        "parallel_coordinates", "Parallel coordinates", "plot_parallel_coordinate", {"target_name": first}, few
    )
    return (*histories, *importances, parallel, *fronts)


def drawn_or_reason(view: View, draw: Callable[[View], Drawing]) -> tuple[Drawing | None, str]:
    """A view's plot, or ``None`` and a sentence with the reason."""
    if view.missing is not None:
        return None, view.missing
    try:
        return draw(view), ""
    except Exception as error:
        # A failing plot must not cost a search its winner.
        logger.warning("%s could not be drawn.", view.title, exc_info=True)
        return None, f"It could not be drawn: {type(error).__name__}: {error}"


def _too_few(study: optuna.Study) -> str | None:
    count = len(completed(study))
    return (
        None if count > 1 else f"This needs at least 2 completed trials, but there {'is 1' if count else 'are none'}."
    )


def _suffix(name: str, place: int) -> str:
    return f"_{name}" if place else ""


def _history(search: Search, place: int, missing: str | None) -> View:
    """Optuna draws the line of the best so far only if no target is given."""
    name = search.objectives[place]
    options = {"target": _score(place)} if len(search.objectives) > 1 else {}
    return View(
        f"optimization_history{_suffix(name, place)}",
        f"Optimisation history: {name}",
        "plot_optimization_history",
        {**options, "target_name": name},
        missing,
    )


def _importance(search: Search, study: optuna.Study, place: int, missing: str | None) -> View:
    """PED-ANOVA is deterministic, but it breaks ties in the order of the names; hence they are sorted."""
    name = search.objectives[place]
    varied = sorted(
        {key for trial in completed(study) for key, each in trial.distributions.items() if not each.single()}
    )
    options = {"params": varied, "target": _cost(place, DIRECTIONS[name]), "target_name": name}
    return View(
        f"parameter_importance{_suffix(name, place)}",
        f"Parameter importance for {name}",
        "plot_param_importances",
        options,
        missing or _no_importance(study, place, options),
    )


def _no_importance(study: optuna.Study, place: int, options: dict[str, Any]) -> str | None:
    if len(options["params"]) < 2:
        return "This needs at least 2 parameters to compare."
    count = len(completed(study))
    if count < FEWEST_FOR_IMPORTANCE:
        return f"This needs at least {FEWEST_FOR_IMPORTANCE} completed trials, but there are {count}."
    if len({trial.values[place] for trial in completed(study)}) == 1:
        return "All completed trials have the same score, so that no parameter mattered."
    asked = {key: options[key] for key in ("params", "target")}
    if not any(optuna.importance.get_param_importances(study, normalize=False, **asked).values()):
        return f"{count} completed trials are too few to estimate it."
    return None


def _score(place: int) -> Callable[[FrozenTrial], float]:
    return lambda trial: float(trial.values[place])


def _cost(place: int, direction: str) -> Callable[[FrozenTrial], float]:
    """Optuna takes lower values as better wherever a target is given."""
    sign = -1.0 if direction == "maximize" else 1.0
    return lambda trial: sign * float(trial.values[place])


def _both(place: int) -> Callable[[FrozenTrial], tuple[float, float]]:
    return lambda trial: (float(trial.values[0]), float(trial.values[place]))
