"""Tables that a person filled in, and new folders for the results."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from xraykit.errors import DataError
from xraykit.runs import RunFolder
from xraykit.system import atomic_folder
from xraykit.system.tables import read_table


def fresh_folder(path: Path) -> RunFolder:
    """A folder for new results; see :func:`new_folder` for writing it.

    Raises:
        DataError: the folder exists and is not empty.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path} already exists and is not overwritten. Give another folder with --to.")
    return RunFolder(path)


@contextmanager
def new_folder(target: Path) -> Iterator[RunFolder]:
    """A folder for new results that appears under its name once all of them are written.

    Args:
        target: Its name; nothing or an empty folder has it, see :func:`fresh_folder`.

    Raises:
        DataError: the disk is full or the folder cannot be written.
    """
    try:
        with atomic_folder(target) as temporary:
            yield RunFolder(temporary)
    except OSError as error:
        raise DataError(
            f"{target} cannot be written: {error.strerror}. Free some space, check the permissions, or give another "
            f"folder with --to."
        ) from error


def check_blank(path: Path, columns: Sequence[str]) -> None:
    """Check that nothing is lost if a table is written again.

    Args:
        path: The table; it need not exist.
        columns: Those that a person fills in.

    Raises:
        DataError: something is filled in, or it cannot be read.
    """
    rows = read_table(path, columns, escaped=True).rows if path.exists() else ()
    filled = [row.line for row in rows if any(row.cells[name] for name in columns)]
    if filled:
        raise DataError(
            f"{path} was filled in (line {filled[0]}) and is not overwritten. Give another folder with --to, or move "
            f"it away; to use it, give it with --corrected."
        )
