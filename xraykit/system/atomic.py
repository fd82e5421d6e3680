"""Files and folders that appear under their names only when they are complete.

The content is written beside its destination under a temporary name (:mod:`xraykit.system.leftovers`) and then renamed,
so that a process that is killed leaves the old content or the new, never a part.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.leftovers import remove_leftovers, remove_temporaries_of, temporary_beside


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A temporary file to write into; it replaces ``path`` at the end and is removed after an error.

    Args:
        path: The file; its folder is created, a file of that name is replaced.
        durable: Wait until the disk has it, so that it survives a loss of power.

    Raises:
        DataError: the disk is full or the folder cannot be written; the previous file is unchanged.
    """
    temporary = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        yield temporary
        publish(temporary, path, durable=durable)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}. Free some space, or check the permissions."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file with this content; see :func:`atomic_file`."""
    with atomic_file(path, durable=durable) as temporary:
        temporary.write_bytes(content)


@contextmanager
def atomic_folder(path: Path, *, durable: bool = True, locked: bool = False) -> Iterator[Path]:
    """A temporary folder to write into; it replaces ``path`` at the end and is removed after an error.

    Args:
        path: The folder; its parents are created, an existing folder is replaced.
        durable: Wait until the disk has every file in it.
        locked: The caller holds a lock of ``path``: what other processes began to write there is removed.

    Raises:
        OSError: the disk is full or the folder cannot be written; the previous folder is unchanged.
    """
    temporary = temporary_beside(path)
    replaced = temporary_beside(path.with_name(f"{path.name}.replaced"))
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    if locked:
        remove_temporaries_of(path)
    try:
        temporary.mkdir()
        yield temporary
        if durable:
            _sync_all(temporary)
        # No folder can be replaced in one step: only these two renames lie between the old folder and the new one.
        if path.exists():
            path.rename(replaced)
        publish(temporary, path, durable=False)
        if durable:
            _sync(path.parent)
    except BaseException:
        if replaced.exists() and not path.exists():
            replaced.rename(path)
        raise
    finally:
        for folder in (temporary, replaced):
            shutil.rmtree(folder, ignore_errors=True)


def publish(temporary: Path, path: Path, *, durable: bool = True) -> None:
    """Give a complete file or folder its final name in one step.

    Args:
        temporary: What was written, in the same folder.
        path: The final name; a file of that name is replaced.
        durable: Wait until the disk has the content and the name.

    Raises:
        OSError: the disk is full, or it cannot be renamed.
    """
    if durable:
        _sync_all(temporary)
    os.replace(temporary, path)
    if durable:
        _sync(path.parent)


def _sync_all(path: Path) -> None:
    """Wait until the disk has a file, or a folder with everything in it."""
    for written in (*path.rglob("*"), path):
        _sync(written)


def _sync(path: Path) -> None:
    """Wait until the disk has the content of a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
