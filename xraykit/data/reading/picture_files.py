"""The image files of a data set: their folders and their names."""

import filecmp
import os
import re
from collections.abc import Sequence
from pathlib import Path

from xraykit.config import expand
from xraykit.data.decoders.choice import is_recognised, picture_suffixes
from xraykit.errors import DataError

_SPREAD = re.compile(r"images_\d+")
_USUAL_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,7}$")
_UNSAFE = re.compile(r"[/\\:\0]|^\.{0,2}$")


def data_root(root: str, hints: str = "") -> Path:
    """The folder of the data as an absolute path; symbolic links and ``~`` are the user's own and are followed.

    Args:
        root: As in the experiment.
        hints: Where to get the data, for the message.

    Raises:
        DataError: There is no such folder.
    """
    folder = Path(os.path.abspath(expand(root)))
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Check `data.root`. {hints}".rstrip())
    return folder


def below(root: Path, name: str, key: str) -> Path:
    """``root / name``; an absolute ``name`` stands for itself.

    Args:
        root: Absolute folder.
        name: The value in the experiment file.
        key: The experiment's key of this value, for the message.

    Raises:
        DataError: A relative ``name`` leads out of ``root``.
    """
    normal = os.path.normpath(name)
    if ".." in normal.replace("\\", "/").split("/"):
        raise DataError(
            f"`{key}` must be below `data.root` ({root}). Received: {name!r}. Name a folder or file below it, or an "
            f"absolute path."
        )
    return root / normal


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture; what macOS leaves beside one (``._a.png``) is not."""
    return _is_named_so(name, picture_suffixes())


def _is_named_so(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes) and not name.startswith("._")


def is_picture_file(folder: Path | str, name: str) -> bool:
    """Whether a file in a folder is taken for a picture: by its name; without a usual suffix, by its content.

    Exports of DICOM files often have names such as ``IM000001``, or a UID.
    """
    return is_picture(name) or _is_picture_inside(folder, name)


def _is_picture_inside(folder: Path | str, name: str) -> bool:
    bare = not name.startswith(".") and not _USUAL_SUFFIX.search(name) and name.upper() != "DICOMDIR"
    return bare and is_recognised(os.path.join(folder, name))


def is_file_name(name: str) -> bool:
    """Whether a label file may name an image so: a bare file name, without folder, drive or NUL."""
    return _UNSAFE.search(name) is None


def find_pictures(root: Path, images: str | None, folders: Sequence[str] = ()) -> tuple[dict[str, str], list[Path]]:
    """The image files of a data set.

    Args:
        root: Absolute folder of the data.
        images: Folder below ``root`` that contains them. None: ``images``, all of ``images_001/images``,
            ``images_002/images``, ... (``images_001`` and so on where they contain no ``images``), and ``root`` itself;
            all of them together.
        folders: Folders that the label file names, with ``/`` between their parts and none that leads outside
            (:func:`.listed_name`); they are looked for below ``root`` and below the folders of pictures.

    Returns:
        File name to absolute path, those in ``folders`` with their folder before the name; and the folders that were
        looked in.

    Raises:
        DataError: ``images`` leads out of ``root``, or two folders contain different files of the same name.
    """
    if images is not None:
        places = [below(root, images, "data.images")]
    else:
        places = [root / "images", *_spread_folders(root), root]
    found = list_pictures(places)
    for folder in folders:
        inside = [root / folder, *(place / folder for place in places if place != root)]
        found |= {f"{folder}/{name}": path for name, path in list_pictures(inside).items()}
    return found, places


def list_pictures(folders: Sequence[Path]) -> dict[str, str]:
    """File name to absolute path of the picture files directly in some folders; a folder that does not exist is empty.

    Of several files of one name that are the same, bit by bit, the first is taken.

    Raises:
        DataError: Two folders contain different files of the same name.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for name in _names(folder):
            path = os.path.join(folder, name)
            if name in found and not _same_content(found[name], path):
                raise DataError(
                    f"There are two different files {name}: {found[name]} and {path}. Expected: one, as the label file "
                    f"has one row for it. Remove one of them, or choose a folder by `data.images`."
                )
            found.setdefault(name, path)
    return found


def _same_content(one: str, other: str) -> bool:
    return os.path.samefile(one, other) or filecmp.cmp(one, other, shallow=False)


def folders_with_pictures(root: Path) -> list[str]:
    """Names of the folders directly below ``root`` that contain pictures, to propose one of them."""
    with os.scandir(root) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir())
    return [name for name in folders if _names(root / name)]


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        # As is_picture_file, with the endings looked up once: a folder may contain a million files.
        suffixes = picture_suffixes()
        return [
            entry.name
            for entry in entries
            if entry.is_file() and (_is_named_so(entry.name, suffixes) or _is_picture_inside(folder, entry.name))
        ]


def _spread_folders(root: Path) -> list[Path]:
    with os.scandir(root) as entries:
        parts = sorted(root / entry.name for entry in entries if _SPREAD.fullmatch(entry.name) and entry.is_dir())
    return [part / "images" if (part / "images").is_dir() else part for part in parts]
