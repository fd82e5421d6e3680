"""Several processes of one training, on one machine or on several: JAX's own distributed runtime connects them."""

import json
import math
import os
import sys
from dataclasses import dataclass

from xraykit.errors import XraykitError
from xraykit.system.environment import seconds_from
from xraykit.system.framework import chosen_framework

LOST_SECONDS = 60
"""A process that was not heard of for so long is lost, which ends the others; see XRAYKIT_LOST_PROCESS_SECONDS."""

_COUNTS = ("JAX_NUM_PROCESSES", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
_START_SECONDS = 300
_END_SECONDS = 30


@dataclass(frozen=True)
class Processes:
    """The processes that train together.

    Attributes:
        count: How many there are.
        number: Of this one, from 0; 0 writes files, the others none.
    """

    count: int = 1
    number: int = 0


def join_processes(devices: str) -> Processes:
    """Connect with the other processes of this training, if a launcher says that there are some.

    To be called before JAX computes anything. JAX detects SLURM, Kubernetes and Open MPI; otherwise its variables
    ``JAX_COORDINATOR_ADDRESS``, ``JAX_NUM_PROCESSES`` and ``JAX_PROCESS_ID`` say where process 0 listens, how many
    there are, and which this one is.

    Args:
        devices: ``training.devices``; with ``one``, each process is alone.

    Raises:
        XraykitError: TensorFlow is in use, or the processes cannot be connected.
    """
    if devices != "all":
        return Processes()
    if not _is_initialized():
        found = _several()
        if found is None:
            return Processes()
        if chosen_framework() != "jax" or found.startswith("TF_CONFIG"):
            raise XraykitError(
                f"training.devices: all divides a training among several processes only with JAX. Received: one of "
                f"several processes ({found}) with TensorFlow. Set KERAS_BACKEND=jax, or start a single process, such "
                f"as srun --ntasks=1, or unset the variable."
            )
        _initialize(found)
    import jax

    return Processes(jax.process_count(), jax.process_index())


def _is_initialized() -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


def _initialize(found: str) -> None:
    import jax

    count, number = _whole("JAX_NUM_PROCESSES"), _whole("JAX_PROCESS_ID")
    lost = math.ceil(seconds_from("XRAYKIT_LOST_PROCESS_SECONDS", LOST_SECONDS))
    try:
        jax.distributed.initialize(
            num_processes=count,
            process_id=number,
            # With these three known, nothing is left for JAX to detect but devices: each process has all that it sees.
            cluster_detection_method="deactivate" if None not in (_address(), count, number) else None,
            initialization_timeout=_START_SECONDS,
            heartbeat_timeout_seconds=lost,
            shutdown_timeout_seconds=_END_SECONDS,
        )
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        raise XraykitError(
            f"This is one of several processes ({found}), which JAX could not connect: {str(error).splitlines()[0]} "
            f"Expected: SLURM, Kubernetes or Open MPI as JAX detects them, or JAX_COORDINATOR_ADDRESS=HOST:PORT of "
            f"process 0, JAX_NUM_PROCESSES and JAX_PROCESS_ID in each process, which must not have used JAX before."
        ) from error


def _address() -> str | None:
    return os.environ.get("JAX_COORDINATOR_ADDRESS") or None


def _whole(name: str) -> int | None:
    """A whole number of the environment, or ``None`` without one."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    if not value.isdecimal():
        raise XraykitError(f"The variable {name} must be a whole number from 0. Received: {value[:40]!r}.")
    return int(value)


def _several() -> str | None:
    """The variable that says so, and its value."""
    names = list(_COUNTS)
    # The script of a batch job has the number of tasks too, but is no task itself.
    if "SLURM_STEP_NODELIST" in os.environ and "SLURM_PROCID" in os.environ:
        names.append("SLURM_NTASKS")
    for name in names:
        value = os.environ.get(name, "").strip()
        if value.isdecimal() and int(value) > 1:
            return f"{name}={value}"
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        count = sum(len(addresses) for addresses in cluster.values())
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return f"TF_CONFIG with {count} addresses" if count > 1 else None
