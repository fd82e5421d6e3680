"""Predictions as CSV or JSON, written batch by batch: if the command is stopped, every row in the file is complete."""

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from xraykit.errors import DataError
from xraykit.system import table_as_csv

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".json")


class Results(Protocol):
    """Where the predictions go."""

    def add(self, table: "pd.DataFrame") -> None:
        """Take the rows of a batch."""


class ResultsFile:
    """Writes the rows.

    Args:
        file: Opened for writing, without a buffer.
        name: Its name in error messages.
        as_json: One array of objects, one to a line, instead of CSV.
    """

    def __init__(self, file: io.RawIOBase, name: str, *, as_json: bool) -> None:
        self._file = file
        self._name = name
        self._as_json = as_json
        self._empty = True

    def add(self, table: "pd.DataFrame") -> None:
        """Write the rows of a batch.

        Raises:
            DataError: the disk is full, or standard output is closed.
        """
        if self._as_json:
            self._write(("[\n" if self._empty else ",\n") + ",\n".join(_objects(table)))
        else:
            self._write(table_as_csv(table, header=self._empty))
        self._empty = False

    def close(self) -> None:
        """Write the end of the file."""
        if self._as_json:
            self._write("[]\n" if self._empty else "\n]\n")

    def _write(self, text: str) -> None:
        # A device such as /dev/full can be sought in but not cut.
        is_file = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        start = self._file.tell() if is_file else None
        try:
            rest = memoryview(text.encode())
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except BaseException as error:
            # After a full disk or Ctrl-C the file must not end with half a row.
            if start is not None:
                self._file.truncate(start)
                self._file.seek(start)
            if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
                raise DataError(
                    f"{self._name} cannot be written: {error.strerror}. The rows in it are complete. Free some "
                    f"space, or give another file."
                ) from error
            raise


class Collected:
    """Keeps the rows as plain values.

    Args:
        rows: To which they are added.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def add(self, table: "pd.DataFrame") -> None:
        """Keep the rows of a batch."""
        self._rows += _records(table)


@contextmanager
def results_file(path: Path | None) -> Iterator[ResultsFile]:
    """The writer of the predictions; the file is completed, also after an error.

    Args:
        path: A CSV or JSON file, by its ending, which is replaced; None writes CSV to standard output.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        file = io.FileIO(sys.stdout.fileno() if path is None else path, "w", closefd=path is not None)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Give another file as --to.") from error
    as_json = path is not None and path.suffix.lower() == ".json"
    with file:
        results = ResultsFile(file, "standard output" if path is None else str(path), as_json=as_json)
        try:
            yield results
        finally:
            results.close()


def _objects(table: "pd.DataFrame") -> list[str]:
    return [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in _records(table)]


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
