"""Optuna's samplers as a search strategy, its pruners, and fewer messages of its own."""

import importlib.util
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial

from xraykit.config import OptunaSettings, Search
from xraykit.errors import ExperimentError
from xraykit.registry import register_strategy
from xraykit.search.strategies.points import next_combination, starting_point
from xraykit.search.strategies.strategy import Exhausted, Proposal, Strategy, trial_seed
from xraykit.search.study import StudyPlan

_PACKAGES = {"gp": "torch", "cmaes": "cmaes"}


@register_strategy("optuna")
class OptunaStrategy(Strategy):
    """The sampler that ``search.optuna`` names; the points of a grid are chosen here.

    Raises:
        ExperimentError: the sampler's package is not installed.
    """

    def __init__(self, plan: StudyPlan) -> None:
        super().__init__(plan)
        check_sampler(plan.search.optuna)

    def propose(self, trials: Sequence[FrozenTrial]) -> Proposal:
        """A starting point, the next combination of a grid, or nothing: the sampler then draws all parameters."""
        search = self.plan.search
        gridded = search.optuna.sampler == "grid"
        point = starting_point(search, trials, gridded=gridded)
        if point is None and gridded:
            point = next_combination(search.space, trials, {})
            if point is None:
                raise Exhausted
        return point or Proposal()

    def sampler(self, number: int) -> optuna.samplers.BaseSampler:
        """The sampler for trial ``number``."""
        return make_sampler(self.plan.search.optuna, self.plan.seed, number)


def check_sampler(settings: OptunaSettings) -> None:
    """Check before anything is trained that the sampler can work.

    Raises:
        ExperimentError: its package is not installed.
    """
    package = _PACKAGES.get(settings.sampler)
    if package is not None and importlib.util.find_spec(package) is None:
        raise ExperimentError(
            f"search.optuna.sampler: {settings.sampler} needs the package {package}, which is not installed. Install "
            f"it with: pip install {package}, or choose tpe, random or grid."
        )


def make_sampler(settings: OptunaSettings, seed: int, number: int) -> optuna.samplers.BaseSampler:
    """The sampler for one trial.

    Each trial has its own random numbers (:func:`xraykit.search.strategies.strategy.trial_seed`). ``group`` models the
    parameters of each number of layers separately (Falkner et al. 2018, as in Optuna), and ``constant_liar`` keeps TPE
    away from the values of running trials.

    Args:
        settings: Name and settings.
        seed: Of the study.
        number: Of the trial.
    """
    drawn = trial_seed(seed, number)
    random = optuna.samplers.RandomSampler(seed=drawn)
    startup = settings.startup_trials
    if settings.sampler == "tpe":
        return optuna.samplers.TPESampler(
            n_startup_trials=startup, multivariate=True, group=True, constant_liar=True, seed=drawn
        )
    if settings.sampler == "gp":
        return optuna.samplers.GPSampler(n_startup_trials=startup, independent_sampler=random, seed=drawn)
    if settings.sampler == "cmaes":
        return optuna.samplers.CmaEsSampler(
            n_startup_trials=startup, independent_sampler=random, warn_independent_sampling=False, seed=drawn
        )
    # The values of a grid are chosen beforehand.
    return random


def make_pruner(search: Search, epochs: int) -> optuna.pruners.BasePruner:
    """The pruner that the section names.

    Args:
        search: The section.
        epochs: At most this many epochs a trial, which Hyperband divides.
    """
    settings = search.optuna
    if search.pruner == "none":
        return optuna.pruners.NopPruner()
    if search.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=max(epochs, settings.factor), reduction_factor=settings.factor
        )
    spared = {"n_startup_trials": settings.startup_trials, "n_warmup_steps": settings.warmup_epochs}
    if search.pruner == "percentile":
        return optuna.pruners.PercentilePruner(settings.percentile, **spared)
    median = optuna.pruners.MedianPruner(**spared)
    return optuna.pruners.PatientPruner(median, settings.patience) if search.pruner == "patient" else median


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's line for each trial, which xraykit replaces, and its warnings about experimental features."""
    migration = logging.getLogger("alembic")
    before = optuna.logging.get_verbosity(), migration.level
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    migration.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            # A thread of xraykit records them.
            warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed")
            yield
    finally:
        optuna.logging.set_verbosity(before[0])
        migration.setLevel(before[1])
