"""What of a folder can be read as ChestMNIST, for ``python -m xraykit.init``; no picture is read."""

from pathlib import Path

from xraykit.data.formats.chestmnist.arrays import open_arrays
from xraykit.data.formats.chestmnist.facts import FILES
from xraykit.errors import DataError
from xraykit.registry import Recognised


def recognise_chestmnist(root: Path) -> Recognised | None:
    """The largest of its files, by name and by the names of its arrays."""
    there = {size: root / name for size, name in FILES.items() if (root / name).is_file()}
    if not there:
        return None
    names = " and ".join(file.name for file in there.values())
    try:
        open_arrays(there[max(there)])
    except DataError as error:
        return Recognised(names, missing=(str(error),))
    return Recognised(names, {"chestmnist": {"size": max(there)}})
