"""Which decoder reads a file: built in, or from a plug-in."""

import os

from xraykit.data.decoders.damage import Damage
from xraykit.registry import DECODERS, END, START, Decoder


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
