"""Regular files of a limited size, and their checksums."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from xraykit.errors import DataError

_KINDS: dict[str, Callable[[int], bool]] = {
    "folder": stat.S_ISDIR,
    "FIFO": stat.S_ISFIFO,
    "socket": stat.S_ISSOCK,
    "device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
}


def regular_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file; anything else is not even opened, as a FIFO or a device could block for ever.

    Args:
        path: The file; symbolic links are followed.
        most: Larger files are refused, in bytes.

    Raises:
        OSError: it cannot be opened, is not a regular file or is larger than ``most``; ``strerror`` gives the reason.
        ValueError: the path contains a NUL character.
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
        DataError: it does not exist, cannot be read, is larger, or is a folder, a pipe or a device, which might never
            end.
    """
    try:
        return regular_bytes(path, limit)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}. Expected: a readable regular file. Check its name and "
            f"its permissions."
        ) from error
