"""What libjpeg and libpng write to the C library's ``stderr`` while a picture is decoded.

They report damage there and nowhere else, without a file name: OpenCV returns a picture all the same, whose lower part
may be invented. So ``stderr``, a variable that a program may set (The GNU C Library manual, section 12.2), points to a
file in memory while pictures are decoded. Python's own output, its log and its child processes write to descriptor 2
and are not touched; lines that other C code writes meanwhile are passed on.

Several threads may decode at once. Where anything was written meanwhile, the picture is decoded once more, alone, so
that a line is never taken for another picture's.
"""

import ctypes
import functools
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import cv2
import numpy as np

Result = TypeVar("Result")

logger = logging.getLogger(__name__)
_once = threading.Lock()

_UNBUFFERED = 2
_STDERR = "__stderrp" if sys.platform == "darwin" else "stderr"
# libjpeg's warnings (jerror.h) and libpng's messages (pngerror.c).
_JPEG = re.compile(
    r"Corrupt JPEG data|Premature end of JPEG|Inconsistent progression|Invalid SOS parameters|"
    r"Unknown Adobe color transform|Warning: unknown JFIF revision|Application transferred too"
)
_PNG = re.compile(r"libpng (error|warning): ")
# What GDCM writes while it tries its builds of libjpeg for 8, 12 and 16 bits, one after another, and why one gives up.
_GDCM = re.compile(r"Unsupported JPEG data precision|Bogus |(Quantization|Huffman) table 0x")


def decoded_with_messages(decode: Callable[[], Result]) -> tuple[Result, list[str]]:
    """What ``decode`` returns, and the lines that libjpeg and libpng wrote about it.

    Args:
        decode: Decodes one picture; it may be called twice, and must not call this function.

    Returns:
        The result, and the lines in their order; none where this platform's C library does not let them be read, which
        is logged once.
    """
    messages = _messages()
    return messages.of(decode) if messages else (decode(), [])


def is_jpeg_warning(line: str) -> bool:
    """Whether a line is a warning of libjpeg, which means that the file is damaged."""
    return _JPEG.match(line) is not None


class _Messages:
    """The C library's ``stderr``, pointed to a file in memory while anything is decoded."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        if sys.platform != "darwin":
            library.gnu_get_libc_version  # noqa: B018  other C libraries keep `stderr` where nobody may write
        library.fdopen.restype = ctypes.c_void_p
        self._library = library
        self._stderr = ctypes.c_void_p.in_dll(library, _STDERR)
        self._original = self._stderr.value
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Start with no decoding in progress: at first, and in a forked child, where no other thread continues.

        A child has a file of its own: in a shared one, parent and child would remove each other's lines.
        """
        self._file = _memory_file()
        self._stream = self._library.fdopen(self._file, b"a")
        if not self._stream:
            raise OSError("fdopen failed")
        self._library.setvbuf(ctypes.c_void_p(self._stream), None, _UNBUFFERED, 0)
        self._changed = threading.Condition()
        self._running, self._waiting, self._alone = 0, 0, False
        self._stderr.value = self._original

    def of(self, decode: Callable[[], Result]) -> tuple[Result, list[str]]:
        with self._decoding():
            start = self._size()
            result = decode()
            if not any(map(_is_damage, self._lines(start))):
                return result, []
        del result
        with self._decoding_alone():
            start = self._size()
            result = decode()
            return result, [line for line in self._lines(start) if _of_a_decoder(line)]

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._waiting)
            self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def _decoding_alone(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._running)
            finally:
                self._waiting -= 1
            self._alone = True
            self._enter()
        try:
            yield
        finally:
            self._alone = False
            self._leave()

    def _enter(self) -> None:
        if not self._running:
            self._original = self._stderr.value
            self._stderr.value = self._stream
        self._running += 1

    def _leave(self) -> None:
        with self._changed:
            self._running -= 1
            if not self._running:
                self._stderr.value = self._original
                self._pass_on()
            self._changed.notify_all()

    def _pass_on(self) -> None:
        others = [line for line in self._lines(0) if not _of_a_decoder(line)]
        os.ftruncate(self._file, 0)
        if others:
            with suppress(OSError):  # standard error may be closed or full
                os.write(2, ("\n".join(others) + "\n").encode())

    def _size(self) -> int:
        return os.fstat(self._file).st_size

    def _lines(self, start: int) -> list[str]:
        length = self._size() - start
        text = os.pread(self._file, length, start) if length > 0 else b""
        return text.decode(errors="replace").splitlines()


def _is_damage(line: str) -> bool:
    return is_jpeg_warning(line) or line.startswith("libpng error")


def _of_a_decoder(line: str) -> bool:
    return is_jpeg_warning(line) or any(kind.match(line) for kind in (_PNG, _GDCM))


def _memory_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("decoder messages")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _messages() -> _Messages | None:
    with _once:
        return _tried()


@functools.cache
def _tried() -> _Messages | None:
    """None where a damaged picture's warning does not arrive here."""
    try:
        messages = _Messages()
        if any(map(is_jpeg_warning, messages.of(_decode_damaged)[1])):
            return messages
        reason = "a damaged picture's warning does not arrive"
    except (AttributeError, OSError, TypeError, ValueError) as error:
        reason = str(error)
    logger.warning(
        "The warnings of this platform's JPEG decoder cannot be read (%s). JPEG files that lack a piece in the middle "
        "may be taken as complete; their markers and lengths are still checked.",
        reason,
    )
    return None


def _decode_damaged() -> np.ndarray | None:
    grain = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    whole = cv2.imencode(".jpg", grain)[1]
    half = np.concatenate([whole[: len(whole) // 2], np.array([0xFF, 0xD9], np.uint8)])
    return cv2.imdecode(half, cv2.IMREAD_GRAYSCALE)
