"""A study as Optuna can draw it, whichever strategy proposed its trials."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from xraykit.config import DIRECTIONS, Choices, Range, Search, Value
from xraykit.search.objective import TrialRecord
from xraykit.search.space import parameters, parameters_of

LONGEST_LABEL = 24

_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "running": TrialState.RUNNING,
}


@contextmanager
def silence() -> Iterator[None]:
    """Silence the drawing libraries: what they warn of is in a view's ``missing``, or cannot be corrected here."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def drawn_study(search: Search, trials: tuple[TrialRecord, ...], escaped: Callable[[str], str] = str) -> optuna.Study:
    """An Optuna study in memory with the same trials, with short names and short choices.

    Args:
        search: The section that the trials are of.
        trials: By number. A number that is missing because its trial has not begun is a waiting trial.
        escaped: Escapes a choice's text for the library that draws it.
    """
    names = short_names([parameter.name for parameter in parameters(search.space)])
    known = {trial.number: trial for trial in trials}
    study = optuna.create_study(directions=[DIRECTIONS[name] for name in search.objectives])
    study.set_metric_names(list(search.objectives))
    for number in range(max(known, default=-1) + 1):
        frozen = _frozen(search, known[number], names, escaped) if number in known else None
        study.add_trial(frozen or optuna.trial.create_trial(state=TrialState.WAITING))
    return study


def _frozen(search: Search, trial: TrialRecord, names: dict[str, str], escaped: Callable[[str], str]) -> FrozenTrial:
    values = parameters_of(search.space, trial.values)
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    for parameter in parameters(search.space):
        if parameter.name in values:
            name, shown = names[parameter.name], _shown(parameter.domain, escaped)
            params[name] = shown.get(values[parameter.name], values[parameter.name])
            distributions[name] = _distribution(parameter.domain, shown)
    scores = [trial.scores[name] for name in search.objectives] if trial.state == "complete" else None
    state = _STATES[trial.state]
    return optuna.trial.create_trial(state=state, values=scores, params=params, distributions=distributions)


def _distribution(domain: Range | Choices, shown: dict[Value, Value]) -> BaseDistribution:
    if isinstance(domain, Choices):
        return CategoricalDistribution(list(shown.values()))
    if domain.is_integer:
        return IntDistribution(int(domain.low), int(domain.highest), log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(domain.low, domain.highest, log=domain.log, step=domain.step)


def _shown(domain: Range | Choices, escaped: Callable[[str], str]) -> dict[Value, Value]:
    """Each choice as it is drawn; long texts, such as paths, are shortened in the middle."""
    if not isinstance(domain, Choices):
        return {}
    shown: dict[Value, Value] = {}
    for number, choice in enumerate(domain.choices, start=1):
        word = escaped(_cut(choice)) if isinstance(choice, str) else choice
        shown[choice] = f"{word} ({number})" if word in shown.values() else word
    return shown


def _cut(word: str) -> str:
    word = " ".join(word.split())
    half = (LONGEST_LABEL - 1) // 2
    return word if len(word) <= LONGEST_LABEL else f"{word[:half]}…{word[-half:]}"


def short_names(names: list[str]) -> dict[str, str]:
    """The shortest unique ending of each dotted name: ``learning_rate`` for ``training.learning_rate``."""
    ends = {name: [name.split(".", left)[-1] for left in range(name.count("."), -1, -1)] for name in names}
    return {
        name: next(end for end in ends[name] if sum(end in others for others in ends.values()) == 1 or end == name)
        for name in names
    }


def completed(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that are drawn: those that ran to their end."""
    trials: list[FrozenTrial] = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return trials
