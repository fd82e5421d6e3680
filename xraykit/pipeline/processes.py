"""A run of several processes: process 0 does all of it, the others take part in its training and write nothing."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xraykit.config import Experiment
from xraykit.data import SealedData, load_sealed
from xraykit.errors import ExperimentError
from xraykit.system import Processes, join_processes

if TYPE_CHECKING:
    import keras


def join_others(experiment: Experiment) -> Processes:
    """Connect with the other processes of this run, if there are some; see :func:`.join_processes`.

    Raises:
        XraykitError: they cannot be connected, or cannot run this experiment together.
    """
    processes = join_processes(experiment.training.devices)
    if processes.count > 1 and (experiment.search is not None or experiment.is_ensemble):
        what = "search" if experiment.search is not None else "data.split.method: folds or training.seeds"
        raise ExperimentError(
            f"{processes.count} processes train one network together (training.devices: all). Received: an experiment "
            f"of several networks ({what}). Give training.devices=one: processes of a search share search.storage. An "
            f"ensemble runs in one process."
        )
    if processes.number > 0:
        logging.getLogger("xraykit").setLevel(logging.WARNING)
    return processes


def share_folder(folder: Path) -> Path:
    """The run folder of process 0, in every process."""
    from xraykit.model import device_group

    group = device_group("all")
    return folder if group is None else Path(group.agree(str(folder)))


def take_part(
    experiment: Experiment, data: SealedData | None = None, callbacks: Sequence["keras.callbacks.Callback"] = ()
) -> Path:
    """Train with process 0, and write nothing; what follows the training is the business of process 0.

    Args:
        experiment: Of the run.
        data: Its data, if they were loaded before.
        callbacks: See :func:`xraykit.run_experiment`; each process calls its own.

    Returns:
        The run folder of process 0, which another machine may not have.
    """
    from xraykit.training import trainer_for

    experiment = experiment.with_absolute_paths()
    data = data or load_sealed(experiment.data, experiment.split_seed)
    folder = share_folder(Path())
    trainer = trainer_for(experiment, parts=data.parts)
    model = trainer.build()
    trainer.fit(model, trainer.load(), None, _not_recorded, callbacks)
    return folder


def _not_recorded(row: dict[str, Any]) -> None:
    """Process 0 records the epochs."""
