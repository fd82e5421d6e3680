"""Files that are written whole or not at all, and their checksums: nobody finds half a file, or a changed one."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xraykit.errors import DataError


@contextmanager
def written_whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A file beside ``path`` to write into, which takes its place at the end and vanishes after an error.

    Args:
        path: The file; its folder is made, a file of that name is replaced.
        durable: Wait until the disk has it, so that it outlives a loss of power.

    Raises:
        DataError: the disk is full or the folder cannot be written; a file that was there before is untouched.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        if durable:
            _to_disk(unfinished)
        os.replace(unfinished, path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Make room, or check its rights.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file of this content; see :func:`written_whole`."""
    with written_whole(path, durable=durable) as unfinished:
        unfinished.write_bytes(content)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
