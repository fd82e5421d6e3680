"""Which decoder reads a file: built in, or from a plug-in."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

from xraykit.data.decoders.damage import Damage
from xraykit.registry import DECODERS, END, START, Decoder, Examination

T = TypeVar("T")


def decoder_of(content: bytes) -> Decoder:
    """The decoder that recognises the content of a file.

    Raises:
        Damage: none does.
    """
    if not content:
        raise Damage("it is empty (0 bytes)")
    decoder = _recognised(content[:START])
    if decoder is not None:
        return decoder
    raise Damage(f"it is not a {known_kinds()} file: it begins with {content[:8]!r}")


def ends_whole(path: str) -> bool:
    """Whether a file begins and ends as a complete picture does: a quick check, for very many files."""
    try:
        with open(path, "rb") as file:
            start = file.read(START)
            file.seek(-min(END, os.fstat(file.fileno()).st_size), os.SEEK_END)
            end = file.read()
    except OSError:
        return False
    decoder = _recognised(start)
    return decoder is not None and decoder.ends_whole(end)


def is_recognised(path: str) -> bool:
    """Whether a regular file begins as a picture does; False where it cannot be read."""
    try:
        with open(_regular(path), "rb") as file:
            return _recognised(file.read(START)) is not None
    except OSError:
        return False


def may_be_deep(path: str) -> bool:
    """Whether a file may have samples of more than 8 bits whose depth it does not declare, from its beginning."""
    try:
        with open(_regular(path), "rb") as file:
            start = file.read(START)
    except OSError:
        return False
    decoder = _recognised(start)
    if decoder is None:
        return False
    with DECODERS.naming_plugin(decoder.name):
        return decoder.may_be_deep(start)


def may_have_facts(paths: Sequence[str]) -> list[bool]:
    """Whether each file may be of a kind whose header says something about the radiograph, by its name alone."""
    with_facts = tuple(suffix for decoder in _decoders() if decoder.facts for suffix in decoder.suffixes)
    known = picture_suffixes()
    return [(lower := path.lower()).endswith(with_facts) or not lower.endswith(known) for path in paths]


def facts_of(path: str) -> Mapping[str, Any] | None:
    """What the header of a file says about the radiograph, without reading its pixels; see :attr:`.Header.facts`.

    Returns:
        None where the file cannot be read, which is reported when it is decoded, or is of a kind that says nothing.
    """
    return _of_header(path, lambda decoder: decoder.facts)


def examination_of(path: str) -> Examination | None:
    """Whose radiograph a file is and when it was taken, from its header.

    Returns:
        None where the file cannot be read, is of a kind that does not say it, or names no patient.
    """
    return _of_header(path, lambda decoder: decoder.examination)


def _of_header(path: str, reader: Callable[[Decoder], Callable[[BinaryIO], T | None] | None]) -> T | None:
    """What the decoder of a file reads from its header; None where it cannot be read, or the decoder reads none."""
    try:
        with open(_regular(path), "rb") as file:
            decoder = _recognised(file.read(START))
            read = None if decoder is None else reader(decoder)
            if decoder is None or read is None:
                return None
            file.seek(0)
            with DECODERS.naming_plugin(decoder.name):
                return read(file)
    except (OSError, Damage):
        return None


def _regular(path: str) -> int:
    """A descriptor of a regular file: a FIFO or a device could block for ever."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("it is not a regular file")


def picture_suffixes() -> tuple[str, ...]:
    """Endings of the files that can be read, in lower case and with the dot."""
    return tuple(suffix for decoder in _decoders() for suffix in decoder.suffixes)


def known_kinds() -> str:
    """The kinds of files that can be read, such as ``PNG or JPEG``."""
    *others, last = [decoder.name.upper() for decoder in _decoders()]
    return f"{', '.join(others)} or {last}" if others else last


def _recognised(start: bytes) -> Decoder | None:
    for decoder in _decoders():
        with DECODERS.naming_plugin(decoder.name):
            if decoder.recognises(start):
                return decoder
    return None


def _decoders() -> list[Decoder]:
    """PNG first, as most radiographs are; those of plug-ins last."""
    plugins = [name for name in DECODERS.names() if name not in DECODERS.builtins]
    return [DECODERS.get(name) for name in (*DECODERS.builtins, *plugins)]
