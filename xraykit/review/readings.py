"""The readings of all readers on disk: a log of each reader that only grows, from which the tables are made.

Each reading is one line that is appended to the log of its reader and reaches the disk before it is reported as saved.
One lock serves all processes and threads that write into the folder, so that readers at once lose nothing; nothing in a
log is ever changed.
"""

import json
import os
import threading
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from xraykit.errors import DataError, XraykitError
from xraykit.system import held_lock

Reading = Literal["present", "absent", "unsure", ""]
READINGS: tuple[str, ...] = get_args(Reading)
"""What a reader can say of a finding; blank: nothing, or no longer anything."""

LONGEST_NAME, LONGEST_COMMENT = 40, 2000
_LOG = "readings.jsonl"
_ALL = "*"


@dataclass(frozen=True)
class Entry:
    """What a reader says of a finding of a radiograph.

    Attributes:
        reading: Whether it is present.
        comment: Free text.
        at: When, in UTC, ISO 8601.
        blind: Whether the reader had not seen what the model says of this radiograph.
    """

    reading: Reading
    comment: str
    at: str
    blind: bool


@dataclass
class ReadBy:
    """All that one reader did.

    Attributes:
        name: Of the reader.
        entries: Image and label to the last entry.
        blind: The same to the last entry before the model was seen.
        revealed: Images of which the reader has seen what the model says.
    """

    name: str
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    blind: dict[tuple[str, str], Entry] = field(default_factory=dict)
    revealed: set[str] = field(default_factory=set)
    _length: int = 0

    def has_seen(self, image: str) -> bool:
        """Whether the reader has seen what the model says of a radiograph."""
        return image in self.revealed or _ALL in self.revealed

    def take_in(self, path: Path) -> None:
        """Read what was appended to the log since the last time.

        Raises:
            DataError: a line is damaged, or the log is shorter than before.
        """
        size = path.stat().st_size if path.exists() else 0
        if size == self._length:
            return
        if size < self._length:
            raise DataError(f"{path} became shorter. Expected: a log that only grows. Restore it from a copy.")
        with path.open("rb") as file:
            file.seek(self._length)
            content = file.read()
        # A line without an end was never reported as saved: its writer was killed, or is writing it now.
        whole, _, _ = content.rpartition(b"\n")
        for line in whole.splitlines():
            self._take(_parsed(line, path))
        self._length += len(whole) + (b"\n" in content)

    def _take(self, line: Mapping[str, Any]) -> None:
        if "revealed" in line:
            self.revealed.add(line["revealed"])
            return
        of = (line["image"], line["label"])
        entry = Entry(line["reading"], line["comment"], line["at"], not self.has_seen(line["image"]))
        self.entries[of] = entry
        if entry.blind:
            self.blind[of] = entry


class Readings:
    """The readings in one folder.

    Args:
        folder: Created if it does not exist.

    Raises:
        DataError: the folder cannot be created.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, ReadBy] = {}
        self._reading = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{folder} cannot be created: {error.strerror}. Give another folder with --to.") from error

    def of(self, reader: str) -> ReadBy:
        """All that a reader did so far, also in other processes.

        Raises:
            XraykitError: it is no name of a reader.
            DataError: the log is damaged.
        """
        name = reader_name(reader)
        with self._reading:
            known = self._known.setdefault(name, ReadBy(name))
            known.take_in(self._log_of(name))
        return known

    def all(self) -> list[ReadBy]:
        """All readers who have a log, by name."""
        return [self.of(path.parent.name) for path in sorted(self.folder.glob(f"*/{_LOG}"))]

    def folder_of(self, reader: str) -> Path:
        """Where the files of one reader are."""
        return self.folder / reader_name(reader)

    def locked(self) -> AbstractContextManager[None]:
        """A context in which nobody else writes into the folder."""
        return held_lock(self.folder / ".lock")

    def add(self, reader: str, image: str, label: str, reading: Reading, comment: str) -> Entry:
        """Append a reading; returns when the disk has it. Call it in :meth:`locked`.

        Raises:
            XraykitError: reading or comment is invalid.
            DataError: the log cannot be written.
        """
        if reading not in READINGS:
            expected = ", ".join(filter(None, READINGS))
            raise XraykitError(f"A reading must be one of {expected}, or blank. Received: {reading!r}.")
        if len(comment) > LONGEST_COMMENT:
            raise XraykitError(f"A comment has {LONGEST_COMMENT} letters at most. Received: {len(comment)}.")
        line = {"at": _now(), "image": image, "label": label, "reading": reading, "comment": _clean(comment)}
        self._append(reader, line)
        return self.of(reader).entries[image, label]

    def reveal(self, reader: str, image: str | None = None) -> None:
        """Note that a reader sees from now on what the model says of a radiograph, or of all; see :meth:`add`."""
        known = self.of(reader)
        if not known.has_seen(_ALL if image is None else image):
            self._append(reader, {"at": _now(), "revealed": _ALL if image is None else image})
            self.of(reader)

    def _log_of(self, name: str) -> Path:
        return self.folder / name / _LOG

    def _append(self, reader: str, line: Mapping[str, Any]) -> None:
        path = self._log_of(reader_name(reader))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+") as file:
                _cut_torn_line(file)
                file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}. Free some space, then save again.") from error


def reader_name(text: str) -> str:
    """The name of a reader, which is the name of a folder too: letters, digits, blanks and ``- . _`` between them.

    Raises:
        XraykitError: it is none.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split())).lower()
    if (
        not 1 <= len(name) <= LONGEST_NAME
        or not all(letter.isalnum() or letter in " -._" for letter in name)
        or not (name[0].isalnum() and name[-1].isalnum())
    ):
        raise XraykitError(
            f"A reader's name has 1 to {LONGEST_NAME} letters, digits, blanks or the signs - . _ and begins and ends "
            f"with a letter or digit. Received: {text[:60]!r}."
        )
    return name


def _cut_torn_line(file: Any) -> None:
    """Remove a last line without an end, which was never reported as saved: its writer was killed."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        whole = file.read(end - start).rpartition(b"\n")
        if whole[1]:
            end = start + len(whole[0]) + 1
            break
        end = start
    file.truncate(end)
    file.seek(end)


def _parsed(line: bytes, path: Path) -> dict[str, Any]:
    with suppress(ValueError, KeyError, TypeError):
        values = json.loads(line)
        expected = ("at", "revealed") if "revealed" in values else ("at", "image", "label", "reading", "comment")
        if all(isinstance(values[name], str) for name in expected) and values.get("reading", "") in READINGS:
            return dict(values)
    raise DataError(f"{path} is damaged: {line[:80]!r} is no reading. Restore it from a copy, or move the folder away.")


def _clean(text: str) -> str:
    """Without control characters, which neither a table nor a terminal should receive."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
