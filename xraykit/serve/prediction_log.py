"""The log of predictions: one JSON object to a line, with hashed ids and no pixels.

A name or a file becomes an HMAC-SHA256 with a secret key: whoever has the key and the name, or the picture, finds the
line; whoever has only the log cannot find the name, not even by trying all.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from xraykit.errors import DataError
from xraykit.serve.answers import Predictions
from xraykit.serve.requests import SentPicture

_KEY_BYTES = 32
_ID_DIGITS = 32


@dataclass(frozen=True)
class LogKey:
    """The secret of the hashed ids."""

    secret: bytes = field(repr=False)

    @classmethod
    def random(cls) -> "LogKey":
        """A key that nobody knows and that ends with the process."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def of_file(cls, path: Path) -> "LogKey":
        """The key in a file, which is created if it does not exist, readable by its owner alone.

        Raises:
            DataError: it cannot be read or created, or is no key.
        """
        try:
            with suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as stream:
                    stream.write(secrets.token_hex(_KEY_BYTES) + "\n")
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except OSError as error:
            raise DataError(f"The key's file {path} cannot be read or made: {error.strerror}.") from None
        except ValueError:
            secret = b""
        if len(secret) < _KEY_BYTES:
            raise DataError(
                f"{path} is no key. Expected: {2 * _KEY_BYTES} hexadecimal digits, or no file, to make one."
            )
        return cls(secret)

    def hashed(self, kind: str, value: bytes) -> str:
        """The hash of a name or a file, in hexadecimal.

        Args:
            kind: ``name`` or ``file``, so that equal bytes of different kinds have different hashes.
            value: What is hashed.
        """
        return hmac.new(self.secret, kind.encode() + b"\0" + value, hashlib.sha256).hexdigest()[:_ID_DIGITS]


class PredictionLog:
    """Appends to a file that its owner alone may read; a file that was moved away, as by logrotate, is made again.

    Args:
        path: The file.
        key: Of the hashed ids.

    Raises:
        DataError: it cannot be written.
    """

    def __init__(self, path: Path, key: LogKey) -> None:
        self._path, self._key = path, key
        self._lock = threading.Lock()
        self._descriptor = self._opened()

    def add(self, sent: Sequence[SentPicture], answer: Predictions) -> None:
        """Write a line for each picture of a request, all at once.

        Raises:
            DataError: the disk is full, or the file cannot be written.
        """
        when = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        rows = [self._row(when, number, picture, answer) for number, picture in enumerate(sent)]
        content = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
        with self._lock:
            try:
                self._follow()
                self._write(content)
            except OSError as error:
                raise DataError(f"The log of predictions cannot be written: {error.strerror}.") from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            os.close(self._descriptor)

    def _row(self, when: str, number: int, picture: SentPicture, answer: Predictions) -> dict[str, Any]:
        found = answer.predictions[number]
        return {
            "time": when,
            "request": answer.request,
            "name": self._key.hashed("name", picture.name.encode()) if picture.is_named else None,
            "file": None if picture.content is None else self._key.hashed("file", picture.content),
            "model": answer.model.id,
            "bundle": answer.model.bundle,
            "decision_rule": answer.decision_rule.sha256,
            "probabilities": {label: each.probability for label, each in found.findings.items()},
            "calls": {label: each.call for label, each in found.findings.items()},
            "flags": found.flags,
            # A message may quote the header of a file.
            "error": found.error.code if found.error else None,
        }

    def _write(self, content: bytes) -> None:
        start = os.fstat(self._descriptor).st_size
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            # No half line stays in the file.
            os.ftruncate(self._descriptor, start)
            raise

    def _follow(self) -> None:
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            there = None
        here = os.fstat(self._descriptor)
        if there is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
            os.close(self._descriptor)
            self._descriptor = self._opened()

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataError(f"The log of predictions {self._path} cannot be written: {error.strerror}.") from None
