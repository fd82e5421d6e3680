"""What travels between Keras Tuner's chief and its workers, and where the chief is.

The calls are those of Keras Tuner's own service. A trial travels as JSON in one of its hyperparameters, for the
protocol knows numbers of 32 bits only, and no message.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial
from keras_tuner.src.distribute import utils as distribution

from xraykit.errors import ExperimentError

TUNER_ID = "KERASTUNER_TUNER_ID"
ORACLE_IP = "KERASTUNER_ORACLE_IP"
ORACLE_PORT = "KERASTUNER_ORACLE_PORT"

HEARTBEAT_SECONDS = 15.0
"""A worker that runs a trial says so this often."""

SILENCE_SECONDS = 60.0
"""Without a word for so long, a worker on another machine is taken for dead."""

_SAID = "xraykit"


@dataclass(frozen=True)
class Chief:
    """Where the environment says that the chief is.

    Attributes:
        here: Whether this process is the chief.
        tuner_id: What this process is called.
        address: ``IP:PORT`` of the chief.
    """

    here: bool
    tuner_id: str
    address: str


def chief() -> Chief | None:
    """The chief that Keras Tuner's environment variables name; ``None`` if they name none.

    Raises:
        ExperimentError: only some of them are set.
    """
    try:
        if not distribution.has_chief_oracle():
            return None
    except RuntimeError:
        names = (TUNER_ID, ORACLE_IP, ORACLE_PORT)
        missing = [name for name in names if name not in os.environ]
        raise ExperimentError(
            f"The environment names a part of Keras Tuner's chief only. Expected: {', '.join(names)}. "
            f"Missing: {', '.join(missing)}. Set them all, or none to search on this machine alone."
        ) from None
    address = f"{os.environ[ORACLE_IP]}:{os.environ[ORACLE_PORT]}"
    return Chief(distribution.is_chief_oracle(), os.environ[TUNER_ID], address)


def worker_name(study: str, tuner_id: str) -> str:
    """What a worker process calls itself: a process that is started again is another worker.

    Args:
        study: Name of the study that it was told to work on.
        tuner_id: Of the place that it has among the workers.
    """
    return f"{study}/{tuner_id}/{uuid.uuid4().hex[:12]}"


def parts_of(worker: str) -> tuple[str, str]:
    """Study and tuner id of a worker's name."""
    study, tuner_id, _ = [*worker.split("/"), "", ""][:3]
    return study, tuner_id


def parcel(status: str, said: Mapping[str, Any], trial_id: str = "none") -> Trial:
    """A trial as it travels.

    Args:
        status: One of Keras Tuner's.
        said: Goes as JSON.
        trial_id: Of the trial, if it is about one.
    """
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.values = {_SAID: json.dumps(said)}
    return Trial(hyperparameters, trial_id=trial_id, status=status)


def opened(trial: Trial) -> dict[str, Any]:
    """What :func:`parcel` was told.

    Raises:
        ValueError: the sender is no worker or chief of xraykit.
    """
    said = trial.hyperparameters.values.get(_SAID)
    if said is None:
        raise ValueError("The message is not one of xraykit's.")
    return dict(json.loads(said))
