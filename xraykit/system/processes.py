"""Whether a launcher has started this process as one of several."""

import json
import os

from xraykit.errors import XraykitError

_COUNTS = ("JAX_NUM_PROCESSES", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


def check_alone(devices: str) -> None:
    """Refuse ``training.devices: all`` in one of several processes, of which each would train and write a run.

    Args:
        devices: ``training.devices``.

    Raises:
        XraykitError: SLURM, MPI, ``TF_CONFIG`` or JAX's own variables say that there are several.
    """
    found = _several()
    if devices == "all" and found is not None:
        raise XraykitError(
            f"training.devices: all divides a training among the devices of one machine, in one process. Received: one "
            f"of several processes ({found}). Start a single process, such as srun --ntasks=1, or unset the variable; "
            f"training on several machines is not supported."
        )


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
