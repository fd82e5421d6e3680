"""Tables that a person filled in, and new folders for what is made of them."""

from collections.abc import Sequence
from pathlib import Path

from xraykit.errors import DataError
from xraykit.run_folder import RunFolder
from xraykit.tables import read_table


def fresh_folder(path: Path) -> RunFolder:
    """A folder for new results; it is made when the first file is written.

    Raises:
        DataError: something is there already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise DataError(f"{path} is there already and is not overwritten. Give another folder with --to.")
    return RunFolder(path)


def check_blank(path: Path, columns: Sequence[str]) -> None:
    """See that nothing is lost if a table is written anew.

    Args:
        path: The table; it need not be there.
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
