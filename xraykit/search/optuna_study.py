"""What an Optuna study is made of: SQLite file, sampler, pruner, and silence."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

from xraykit.config.search_section import OptunaSettings
from xraykit.errors import XraykitError
from xraykit.search.drivers import StudyPlan
from xraykit.search.trials import MOST_RETRIES

HEARTBEAT_SECONDS = 15
GRACE_SECONDS = 45
BUSY_TIMEOUT_SECONDS = 60


def load(plan: StudyPlan) -> optuna.Study:
    """The study ``plan.name`` in ``study.db``, new if there is none; its sampler is not seeded yet.

    Raises:
        XraykitError: ``study.db`` is no Optuna study.
    """
    path = plan.folder.resolve() / "study.db"
    try:
        return optuna.create_study(
            storage=_storage(path),
            study_name=plan.name,
            direction="maximize",
            load_if_exists=True,
            pruner=_pruner(plan.search.optuna),
        )
    except DatabaseError as error:
        raise XraykitError(
            f"{path} cannot be used as a study. Expected: an SQLite file that Optuna wrote, or none. "
            f"Received: {error.orig}. Move it away to begin the search anew."
        ) from error


def _storage(path: Path) -> RDBStorage:
    """Optuna fills in braces of the address, so those of the path are doubled."""
    address = URL.create("sqlite", database=str(path)).render_as_string()
    return RDBStorage(
        address.replace("{", "{{").replace("}", "}}"),
        engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}},
        heartbeat_interval=HEARTBEAT_SECONDS,
        grace_period=GRACE_SECONDS,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES),
    )


def make_sampler(settings: OptunaSettings, seed: int | None) -> optuna.samplers.BaseSampler:
    """``group`` models the parameters of each number of layers for themselves (Falkner et al. 2018, as in Optuna)."""
    if settings.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(
        n_startup_trials=settings.startup_trials, multivariate=True, group=True, seed=seed
    )


def _pruner(settings: OptunaSettings) -> optuna.pruners.BasePruner:
    if settings.pruner == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=settings.startup_trials, n_warmup_steps=settings.warmup_epochs)


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
            yield
    finally:
        optuna.logging.set_verbosity(before[0])
        migration.setLevel(before[1])
