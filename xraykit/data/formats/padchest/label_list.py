"""The column of labels: a Python list as text, such as ``['', 'cardiomegaly', 'pleural effusion ']``.

It is read by a small parser of its own. Nothing in a label file is ever evaluated.
"""

import re
import sys
from functools import lru_cache

_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(?:nan|None)\b""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r"}
_BLANK = re.compile(r"\s*")
_SPACES = re.compile(r"\s+")


class NotAListError(ValueError):
    """The text is not a list of quoted texts."""


@lru_cache(1 << 17)
def parse_label_list(text: str) -> frozenset[str]:
    """The labels of a cell in lower case, without stray blanks and empty items; none for a blank cell.

    Raises:
        NotAListError: it is not a list of quoted texts.
    """
    if not text.strip() or text.strip().casefold() == "nan":
        return frozenset()
    return frozenset(label for label in map(plain, _items(text.strip())) if label)


def plain(label: str) -> str:
    """A label in lower case with one blank between its words."""
    return _SPACES.sub(" ", label).strip().casefold()


def _items(text: str) -> list[str]:
    if text[0] != "[" or text[-1] != "]" or len(text) < 2:
        raise NotAListError
    items: list[str] = []
    at, end = _skip(text, 1), len(text) - 1
    while at < end:
        match = _STRING.match(text, at, end)
        if match is None:
            raise NotAListError
        items.append(_ESCAPE.sub(_unescaped, match[1] if match[1] is not None else match[2] or ""))
        at = _skip(text, match.end())
        if at < end:
            if text[at] != ",":
                raise NotAListError
            at = _skip(text, at + 1)
    return items


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _CHARACTERS.get(match[4], match[4])
    return chr(int(code, 16)) if int(code, 16) <= sys.maxunicode else ""


def _skip(text: str, at: int) -> int:
    """The place of the next character that is not blank."""
    match = _BLANK.match(text, at)
    return at if match is None else match.end()
