"""Continuing a stopped run: its folder and its experiment, read again."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from xraykit.config import Experiment, expand, load_experiment, read_file
from xraykit.errors import CheckpointError
from xraykit.runs.folder import RunFolder
from xraykit.system import shown

logger = logging.getLogger(__name__)

_CHANGEABLE = re.compile(
    r"tracking\.|search\.(storage|workers)=|training\.(workers|devices)=|data\.(cache|root|sources\.[^.=]+\.root)="
)


def continued(path: str | Path, overrides: Sequence[str] = ()) -> tuple[RunFolder, Experiment]:
    """Folder and experiment of a run that continues.

    Args:
        path: The run folder.
        overrides: Of ``tracking``, ``search.storage``, ``search.workers``, ``training.workers`` and
            ``training.devices``, as the run folder does not keep passwords; of ``data.root`` and ``data.cache``,
            where data were moved.

    Raises:
        CheckpointError: this is no run folder, or another key is overridden.
    """
    folder = RunFolder(expand(path))
    other = [shown(each.partition("=")[0]) for each in overrides if not _CHANGEABLE.match(each)]
    if other:
        raise CheckpointError(
            f"A continued run keeps its experiment; only tracking.uri, search.storage, search.workers, "
            f"training.workers, training.devices, and data.root (or data.sources.NAME.root) and data.cache of data "
            f"that were moved can be given again. Received: {', '.join(other)}. "
            f"Start a new run to change anything else."
        )
    if not folder.experiment.is_file():
        raise CheckpointError(
            f"{folder.path} is not a run folder: it has no {folder.experiment.name}. Expected: a folder such as "
            f"runs/NAME/TIMESTAMP, as the last line of a run names it."
        )
    _check_whole(folder)
    experiment = load_experiment(folder.experiment, overrides)
    if experiment.tracking.uri and ":***@" in experiment.tracking.uri:
        logger.warning(
            "The run folder does not keep the password of %s. This run continues without MLflow; stop it and give "
            "tracking.uri=… again to keep it tracked.",
            experiment.tracking.uri,
        )
        experiment = experiment.with_values({"tracking.uri": None, "tracking.registered_model": None})
    if experiment.search and ":***@" in (experiment.search.storage or ""):
        raise CheckpointError(
            f"The run folder does not keep the password of {experiment.search.storage}. Give search.storage=… again, "
            f"or keep the password where the database's own client finds it (~/.pgpass, PGPASSWORD)."
        )
    return folder, experiment


def _check_whole(folder: RunFolder) -> None:
    """A resolved experiment names every section; one that lacks some was cut off, and defaults must not stand in."""
    lacking = set(Experiment.model_fields) - set(read_file(folder.experiment).values)
    needed = [name for name in ("data", "model", "training", "tracking", "output") if name in lacking]
    if needed:
        raise CheckpointError(
            f"{folder.experiment} lacks the sections {', '.join(needed)}, which every run writes: it was truncated or "
            f"changed. Restore it from a copy of the run, or start a new run."
        )
