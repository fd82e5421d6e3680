"""Each worker's share of this machine: its own cores, or its own GPU."""

import os
import shutil
import subprocess
from dataclasses import dataclass

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True)
class Share:
    """What one worker may use.

    Attributes:
        cores: Numbers of its cores; empty where the operating system cannot bind a process to cores.
        environment: Environment variables that hold it to its share.
    """

    cores: tuple[int, ...]
    environment: dict[str, str]


def shares(workers: int) -> list[Share]:
    """Divide cores and GPUs among workers; with more workers than cores or GPUs some share one.

    Args:
        workers: How many.
    """
    cores, gpus = _cores(), _gpus()
    return [_share(number, workers, cores, gpus) for number in range(workers)]


def _share(number: int, workers: int, cores: list[int], gpus: list[str]) -> Share:
    mine = tuple(cores[number % len(cores) :: workers] or cores[:1])
    threads = str(len(mine))
    environment = dict.fromkeys(_THREADS, threads)
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
        if len(gpus) < workers:
            # JAX would otherwise take three quarters of the memory for the first of them.
            environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    return Share(mine if hasattr(os, "sched_setaffinity") else (), environment)


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _gpus() -> list[str]:
    """Names of the GPUs as CUDA_VISIBLE_DEVICES takes them; asks the driver, as a framework would take hold of them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        # A driver that does not answer is no GPU to count on; the frameworks would say the same.
        return []
    return said.split()
