"""Each worker's share of this machine: its own cores, or its own GPU."""

import os
import shutil
import subprocess
from dataclasses import dataclass

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True)
class Share:
    """The share of one worker.

    Attributes:
        cores: Numbers of its cores; empty where the operating system cannot bind a process to cores.
        environment: Environment variables that limit it to its share.
    """

    cores: tuple[int, ...]
    environment: dict[str, str]


def shares(workers: int) -> list[Share]:
    """Divide cores and GPUs among workers; with more workers than cores or GPUs, some workers share one.

    Args:
        workers: How many.
    """
    cores, gpus = _cores(), _gpus()
    return [_share(number, workers, cores, gpus) for number in range(workers)]


def _share(number: int, workers: int, cores: list[int], gpus: list[str]) -> Share:
    own = tuple(cores[number % len(cores) :: workers] or cores[:1])
    threads = str(len(own))
    environment = dict.fromkeys(_THREADS, threads)
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
        if len(gpus) < workers:
            # The first worker with JAX would otherwise reserve three quarters of the memory.
            environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    return Share(own if hasattr(os, "sched_setaffinity") else (), environment)


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _gpus() -> list[str]:
    """Names of the GPUs for CUDA_VISIBLE_DEVICES. They come from the driver: a framework would reserve the GPUs."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        # Without an answer of the driver there is no GPU that a framework could use.
        return []
    return listed.split()
