"""``environment.json``: what a run was computed with, how it was started, and how long it took."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

import xraykit
from xraykit.system import FileRecord, Record, is_own_process, masked
from xraykit.version import VERSION

Outcome = Literal["finished", "stopped", "failed"]

_GIT_SECONDS = 10


class Commit(Record):
    """The state of a git checkout."""

    commit: str
    """Its SHA-1 or SHA-256."""
    changed: bool
    """Whether tracked files differ from the commit."""


class Start(Record):
    """One start of a run; a run that was continued has several."""

    command: list[str] | None
    """As it was typed, without passwords; null: a program called xraykit."""
    started: str
    """Date and time with the offset from UTC, ISO 8601."""
    ended: str | None = None
    """Null while it goes on, and if the process was killed."""
    seconds: float | None = None
    outcome: Outcome | None = None
    xraykit: str
    python: str
    system: str
    processor: str
    cores: int
    """That this process may use."""
    memory_gib: float | None
    devices: str
    """Of the framework, such as ``CPU:0, GPU:0``."""
    accelerators: list[str]
    """Models of the GPUs or TPUs in use."""
    framework: dict[str, str]
    """Keras and what is under it, with their versions."""
    packages: dict[str, str]
    """All installed packages and their versions."""
    git: Commit | None
    """Of the working directory; null: it is in no checkout, or git is not installed."""
    xraykit_git: Commit | None
    """Of xraykit's own source, if it is run from a checkout."""


class Seeds(Record):
    """What random numbers depend on."""

    experiment: int
    split: int


class EnvironmentRecord(FileRecord):
    """``environment.json``: what a run was computed with, how it was started, and how long it took."""

    VERSION: ClassVar[int] = 1

    seeds: Seeds
    starts: list[Start]

    @property
    def seconds(self) -> float:
        """How long all starts took whose end is known."""
        return sum(start.seconds or 0.0 for start in self.starts)


def this_start(framework: Mapping[str, str], accelerators: list[str]) -> Start:
    """What is known at the start of a run.

    Args:
        framework: See :func:`xraykit.model.backend.describe`.
        accelerators: See :func:`xraykit.model.backend.accelerators`.
    """
    versions = {name: version for name, version in framework.items() if name != "devices"}
    return Start(
        command=[masked(word) for word in sys.argv] if is_own_process() else None,
        started=now(),
        xraykit=VERSION,
        python=platform.python_version(),
        system=platform.platform(),
        processor=_processor(),
        cores=_cores(),
        memory_gib=_memory(),
        devices=framework.get("devices", ""),
        accelerators=accelerators,
        framework=versions,
        packages=_packages(),
        git=_commit(Path.cwd()),
        xraykit_git=_commit(Path(xraykit.__file__).parent),
    )


def now() -> str:
    """Date and time with the offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _packages() -> dict[str, str]:
    found = {each.name: each.version for each in importlib.metadata.distributions() if each.name}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _memory() -> float | None:
    """GiB of the machine; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _processor() -> str:
    """The model; Python knows only the architecture on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _commit(folder: Path) -> Commit | None:
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    return Commit(commit=commit, changed=bool(_git(folder, "status", "--porcelain", "--untracked-files=no")))


def _git(folder: Path, *words: str) -> str:
    # Only reads: a lock that another git holds is no reason to wait.
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
