"""Pictures whose path a label file gives exactly: no folder is listed, so that hundreds of thousands take seconds."""

import os
from collections.abc import Sequence

from xraykit.data.reading.picture_files import is_picture
from xraykit.data.reading.picture_names import Matches, match_pictures


def pictures_at(folders: Sequence[str | None], names: Sequence[str]) -> Matches:
    """The picture of each row.

    A picture is ``folder/name``. Where that does not exist but the folder does, it is the one in the folder that is
    spelled otherwise (:func:`.match_pictures`), as after a conversion.

    Args:
        folders: ``(n,)`` absolute folder of each picture; None where there is none.
        names: ``(n,)`` its file name, which leads nowhere else (:func:`.listed_name`).

    Raises:
        DataError: several pictures fit a name, or one picture several names.
    """
    exact = [
        None if folder is None else os.path.join(folder, name) for folder, name in zip(folders, names, strict=True)
    ]
    paths = [path if path is not None and os.path.isfile(path) else None for path in exact]
    taken = {path for path in paths if path is not None}
    absent = [row for row, path in enumerate(paths) if path is None and folders[row] is not None]
    found: dict[str, str] = {}
    number: dict[str, int] = {}
    for row in absent:
        folder = str(folders[row])
        if folder not in number:
            number[folder] = len(number)
            inside = [os.path.join(folder, name) for name in pictures_in(folder)]
            found |= {f"{number[folder]}/{os.path.basename(path)}": path for path in inside if path not in taken}
    respelled = [False] * len(names)
    if found:
        matches = match_pictures([f"{number[str(folders[row])]}/{names[row]}" for row in absent], found)
        for row, path in zip(absent, matches.paths, strict=True):
            paths[row], respelled[row] = path, path is not None
    return Matches(tuple(paths), tuple(respelled))


def pictures_in(folder: str) -> list[str]:
    """Names of the picture files in a folder, sorted; none where it does not exist."""
    if not os.path.isdir(folder):
        return []
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if is_picture(entry.name) and entry.is_file())
