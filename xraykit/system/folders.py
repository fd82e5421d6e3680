"""Folders that are written whole or not at all: a process that is killed leaves nothing under the final name."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xraykit.system.leftovers import remove_leftovers, temporary_beside


@contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to write into, which takes its place at the end, or vanishes after an error.

    Args:
        target: The folder; those above it are made, one that is there is replaced.

    Raises:
        OSError: the disk is full or the folder cannot be written; what was there before is untouched.
    """
    temporary = temporary_beside(target)
    replaced = temporary_beside(target.with_name(f"{target.name}.replaced"))
    try:
        temporary.mkdir(parents=True)
        remove_leftovers(target.parent)
        yield temporary
        if target.exists():
            target.rename(replaced)
        temporary.rename(target)
    except BaseException:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise
    finally:
        for folder in (temporary, replaced):
            shutil.rmtree(folder, ignore_errors=True)
