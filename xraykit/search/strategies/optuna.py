"""What an Optuna study is made of: sampler, pruner, and silence."""

import hashlib
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning

from xraykit.config.search_section import OptunaSettings, Search
from xraykit.errors import ExperimentError

_PACKAGES = {"gp": "torch", "cmaes": "cmaes"}


def check_sampler(settings: OptunaSettings) -> None:
    """Find out before anything is trained whether the sampler can work.

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

    Each trial has its own random numbers, so that a study that goes on draws anew, and no two workers draw the same.
    ``group`` models the parameters of each number of layers for themselves (Falkner et al. 2018, as in Optuna), and
    ``constant_liar`` keeps TPE away from the values of running trials.

    Args:
        settings: Name and settings.
        seed: Of the study.
        number: Of the trial.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4], "big")
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
    # Of a grid the values are chosen beforehand.
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
    """Our own line for each trial in place of Optuna's, and no notice that what we chose is experimental."""
    migration = logging.getLogger("alembic")
    before = optuna.logging.get_verbosity(), migration.level
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    migration.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            # Our own thread records them.
            warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed")
            yield
    finally:
        optuna.logging.set_verbosity(before[0])
        migration.setLevel(before[1])
