"""The pictures that a table names, beside which they are."""

from collections.abc import Sequence
from pathlib import Path

from xraykit.data.reading.picture_files import find_pictures
from xraykit.data.reading.picture_names import listed_name, match_pictures


def pictures_elsewhere(root: Path, names: Sequence[str]) -> dict[str, str]:
    """Find the pictures of a table whose names are not files in its folder.

    Args:
        root: Absolute folder of the table.
        names: As the table has them.

    Returns:
        Name to path, of those that are in a folder of pictures below ``root`` (:func:`.find_pictures`) or are spelled
        otherwise on disk (:func:`.match_pictures`).

    Raises:
        DataError: several pictures fit a name, or one picture several.
    """
    listed = {name: listed_name(name) for name in dict.fromkeys(names)}
    absent = {name: one for name, one in listed.items() if one is not None and not (root / name).is_file()}
    if not absent:
        return {}
    wanted = list(dict.fromkeys(absent.values()))
    folders = sorted({name.rpartition("/")[0] for name in wanted} - {""})
    matches = match_pictures(wanted, find_pictures(root, None, folders)[0])
    path_of = dict(zip(wanted, matches.paths, strict=True))
    return {name: path for name, one in absent.items() if (path := path_of[one]) is not None}
