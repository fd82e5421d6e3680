"""Files and folders that are being written: how they are named, and how those of dead processes are removed.

A process that is killed cannot clean up. What it leaves is known by its name, is never taken for a result, and is
removed by the next process that writes into the same folder.
"""

import hashlib
import os
import re
import shutil
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^\.(?P<name>.+?)(?:\.(?P<machine>[0-9a-f]{8}))?\.(?P<process>\d{1,10})\.part$", re.DOTALL)

_FOREIGN_SECONDS = 86_400.0
"""Which processes of another machine run is unknown here; what was not written to for a day is left over."""

_swept: set[Path] = set()


def temporary_beside(path: Path) -> Path:
    """The name under which this process writes what will be ``path``."""
    return path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.part")


def is_temporary(path: Path) -> bool:
    """Whether something is still being written, or was when its process died; it is not a result."""
    return _NAME.match(path.name) is not None


def remove_leftovers(folder: Path) -> None:
    """Remove what dead processes left in a folder, once per process and folder; what cannot be removed stays."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):
        for path in list(folder.iterdir()):
            if is_temporary(path) and _is_left_over(path):
                _remove(path)


def remove_temporaries_of(path: Path) -> None:
    """Remove what any process began to write under the name ``path``; the caller holds a lock, so they are all dead."""
    with suppress(OSError):
        for each in list(path.parent.iterdir()):
            match = _NAME.match(each.name)
            if match is not None and match["name"] in (path.name, f"{path.name}.replaced"):
                _remove(each)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _is_left_over(path: Path) -> bool:
    match = _NAME.match(path.name)
    if match is None:
        return False
    if match["machine"] == _machine():
        return not _lives(int(match["process"]))
    return time.time() - path.lstat().st_mtime > _FOREIGN_SECONDS


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        # It belongs to another user.
        return True
    return True


@cache
def _machine() -> str:
    """This machine, or this container: processes of another one have numbers of their own."""
    spaces = "/proc/self/ns/pid"
    inside = os.readlink(spaces) if os.path.islink(spaces) else ""
    return hashlib.sha256(f"{socket.gethostname()} {inside}".encode()).hexdigest()[:8]
