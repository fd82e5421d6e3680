"""Passwords out of addresses, before an address is shown or stored anywhere."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

_STARS = "***"
_URI = re.compile(r"[A-Za-z][\w+.-]*://.*", re.DOTALL)
_SECRET_WORD = re.compile(r"(pass|pwd|token|secret|key|sig|cred|auth|odbc_connect)\w*\s*[=:]", re.IGNORECASE)
# Shorter secrets would be found by chance inside ordinary words of a message.
_SHORTEST_SECRET = 4


class _Patterns:
    """Where a password may be in a URI: before the host, or among the query's values.

    Args:
        end: Characters, as in a regular expression's class, that end a URI inside a text; none for a URI by itself.
    """

    def __init__(self, end: str = "") -> None:
        # First according to RFC 3986; then with a slash in the password, which SQLAlchemy takes.
        self.user = re.compile(
            rf"(?P<scheme>[A-Za-z][\w+.-]*://)(?:(?P<info>[^/?#{end}]*)|(?P<odd>[^:/@{end}]*:[^@{end}]*))@"
        )
        names = r"pass|pwd|token|secret|key|sig|cred|auth|odbc_connect"
        self.query = re.compile(rf"(?P<name>[?&;][^=&;\s]*(?:{names})[^=&;\s]*=)(?P<value>[^&{end}]+)", re.IGNORECASE)


_WHOLE = _Patterns()
_INSIDE = _Patterns(r"\s'\"<>")


def masked(uri: str) -> str:
    """``uri`` without its secrets: ``postgresql://user:***@host/db``.

    Passwords before the host and values of the query whose names speak of passwords, tokens or keys are replaced.
    A text with addresses in it is taken too. Rather too much is masked than too little.
    """
    patterns = _WHOLE if _URI.fullmatch(uri) else _INSIDE
    return patterns.query.sub(rf"\g<name>{_STARS}", patterns.user.sub(_without_password, uri))


def shown(text: str) -> str:
    """``text``, one value of a user, as an error message may show it: of an address only its scheme.

    It is for messages about addresses that may be wrong in any way, so that where a password ends is anybody's guess:
    whatever has an ``@`` or mentions a password is left out entirely.
    """
    if "@" not in text and not _SECRET_WORD.search(text):
        return text
    scheme = re.match(r"[A-Za-z][\w+.-]*://", text)
    return f"{scheme[0]}{_STARS}" if scheme else _STARS


def scrubbed(text: str, uri: str) -> str:
    """``text`` without the secrets of ``uri``, and without those of other addresses in it."""
    text = text.replace(uri, masked(uri))
    for secret in sorted(_secrets(uri), key=len, reverse=True):
        text = text.replace(secret, _STARS)
    return masked(text)


def _without_password(match: re.Match[str]) -> str:
    scheme, info = match["scheme"], match["info"] if match["odd"] is None else match["odd"]
    user, colon, _ = info.partition(":")
    if colon:
        return f"{scheme}{user}:{_STARS}@"
    # A user without a password is a token in an address of the web, and just a user in a database's.
    return f"{scheme}{_STARS if scheme.lower().startswith('http') else user}@"


def _secrets(uri: str) -> set[str]:
    return {
        secret
        for found in _raw_secrets(uri)
        for secret in (found, unquote(found), unquote_plus(found))
        if len(secret) >= _SHORTEST_SECRET
    }


def _raw_secrets(uri: str) -> Iterator[str]:
    for match in _WHOLE.user.finditer(uri):
        info = match["info"] if match["odd"] is None else match["odd"]
        user, colon, password = info.partition(":")
        if colon or match["scheme"].lower().startswith("http"):
            yield password or user
    for match in _WHOLE.query.finditer(uri):
        yield match["value"]
