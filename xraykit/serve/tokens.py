"""The token that clients must send: where it comes from, and its comparison in constant time. It is never logged."""

import hashlib
import hmac
import os
import stat
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from xraykit.errors import DataError

VARIABLE = "XRAYKIT_SERVE_TOKEN"
"""Environment variable with the token, unless a file is named."""

SHORTEST = 16
_MOST_BYTES = 4096


@dataclass(frozen=True)
class Token:
    """A token, of which only the SHA-256 is kept, so that nothing can show it."""

    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> "Token":
        """The token with this text.

        Raises:
            DataError: it is too short, or has characters that a header cannot have. The message does not contain it.
        """
        if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
            raise DataError(
                f"The token must have {SHORTEST} or more ASCII characters without spaces. Received: {len(text)} "
                f"characters. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        return cls(_digest(text))

    def matches(self, authorization: str | None) -> bool:
        """Whether a header ``Authorization: Bearer TOKEN`` has this token; the time does not show where it differs."""
        scheme, _, given = (authorization or "").partition(" ")
        same = hmac.compare_digest(_digest(given.strip()), self.digest)
        return same and scheme.lower() == "bearer"


def find_token(file: Path | None, environment: MutableMapping[str, str] = os.environ) -> Token | None:
    """The token of a server; None: there is none.

    The environment variable is removed, so that no process that is started later inherits it.

    Args:
        file: A file whose only line is the token.
        environment: With or without :data:`VARIABLE`.

    Raises:
        DataError: both are given, the file cannot be read or others may read it, or the token is too short.
    """
    text = environment.pop(VARIABLE, None)
    if file is None:
        return None if text is None else Token.of(text.strip())
    if text is not None:
        raise DataError(f"The token is given twice: by {VARIABLE} and by {file}. Unset the variable or omit the file.")
    return Token.of(_line_of(file))


def _line_of(file: Path) -> str:
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _MOST_BYTES:
            raise DataError(f"{file} is not a small regular file. Expected: a file whose only line is the token.")
        if os.name == "posix" and facts.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise DataError(f"{file} can be read by other users of this machine. Run: chmod 600 {file}")
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise DataError(f"The token's file {file} cannot be read: {reason}. Give another file.") from None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
