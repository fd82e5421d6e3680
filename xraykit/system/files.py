"""Files that are written whole or not at all, and their checksums: nobody finds half a file, or a changed one."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xraykit.errors import DataError
from xraykit.system.leftovers import remove_leftovers, temporary_beside

_KINDS: dict[str, Callable[[int], bool]] = {
    "folder": stat.S_ISDIR,
    "FIFO": stat.S_ISFIFO,
    "socket": stat.S_ISSOCK,
    "device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
}


@contextmanager
def written_whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A file beside ``path`` to write into, which takes its place at the end and vanishes after an error.

    Args:
        path: The file; its folder is made, a file of that name is replaced.
        durable: Wait until the disk has it, so that it outlives a loss of power.

    Raises:
        DataError: the disk is full or the folder cannot be written; a file that was there before is untouched.
    """
    unfinished = temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
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


def regular_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file; anything else is not even opened, as a FIFO or a device could block for ever.

    Args:
        path: The file; symbolic links are followed.
        most: Larger files are refused, in bytes.

    Raises:
        OSError: it cannot be opened, is no regular file or is larger than ``most``; ``strerror`` says which.
        ValueError: the path holds a NUL.
    """
    _check_regular(os.stat(path), most)
    # The file may have been replaced since: O_NONBLOCK keeps a FIFO from blocking all the same.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        _check_regular(status, most)
        content = file.read(status.st_size + 1)
    if len(content) > status.st_size:
        raise OSError(errno.EAGAIN, "it grew while it was read")
    return content


def _check_regular(status: os.stat_result, most: int) -> None:
    for kind, is_kind in _KINDS.items():
        if is_kind(status.st_mode):
            raise OSError(errno.EINVAL, f"it is a {kind}, not a regular file")
    if status.st_size > most:
        raise OSError(errno.EFBIG, f"{status.st_size:,} bytes; at most {most:,} are read")


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_regular_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file; symbolic links to one are followed.

    Args:
        path: The file.
        limit: Its largest size in bytes.

    See :func:`regular_bytes`, which leaves the error to its caller.

    Raises:
        DataError: it is not there, cannot be read, is larger, or is a folder, a pipe or a device, which might never
            end.
    """
    try:
        return regular_bytes(path, limit)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}. Expected: a regular file that may be read. Check its name and "
            f"its permissions."
        ) from error


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
