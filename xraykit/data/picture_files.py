"""Where the image files of a data set are, and how a name in a label file finds its file.

A name from a label file is never joined to a path: it is looked up among the names that the image folders really
hold. So whatever a label file says, nothing but a picture in those folders is opened.
"""

import os
import re
from pathlib import Path

from xraykit.errors import DataError

PICTURES = (".png", ".jpg", ".jpeg")

_SPREAD = re.compile(r"images_\d+")
_UNSAFE = re.compile(r"[/\\:\0]|^\.{0,2}$")


def data_root(root: str) -> Path:
    """The folder of the data as an absolute path; symbolic links and ``~`` are the user's own and are followed.

    Raises:
        DataError: There is no such folder.
    """
    folder = Path(os.path.abspath(Path(root).expanduser()))
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Check `data.root`. {HOW_TO_GET_THE_DATA}")
    return folder


def below(root: Path, name: str, key: str) -> Path:
    """``root / name``; an absolute ``name`` stands for itself.

    Args:
        root: Absolute folder.
        name: What the experiment file says.
        key: The experiment's key that says it, for the message.

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


def is_file_name(name: str) -> bool:
    """Whether a label file may name an image so: a bare file name, without folder, drive or NUL."""
    return _UNSAFE.search(name) is None


def find_pictures(root: Path, images: str | None) -> tuple[dict[str, str], list[Path]]:
    """The image files of a data set.

    Args:
        root: Absolute folder of the data.
        images: Folder below ``root`` that holds them. None: ``images``, or all of ``images_001/images``,
            ``images_002/images``, ... (``images_001`` and so on where they hold no ``images``), or ``root`` itself;
            the first of these that holds any.

    Returns:
        File name to absolute path, and the folders that were looked in.

    Raises:
        DataError: ``images`` leads out of ``root``, or two folders hold a file of the same name.
    """
    if images is not None:
        layouts = [[below(root, images, "data.images")]]
    else:
        layouts = [[root / "images"], _spread_folders(root), [root]]
    for folders in layouts:
        found = list_pictures(folders)
        if found:
            return found, folders
    return {}, [folder for folders in layouts for folder in folders]


def list_pictures(folders: list[Path]) -> dict[str, str]:
    """File name to absolute path of the PNG and JPEG files right in some folders; one that is not there is empty.

    Raises:
        DataError: Two folders hold a file of the same name.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for name in _names(folder):
            if name in found:
                raise DataError(
                    f"There are two files {name}: {found[name]} and {folder / name}. Expected: one, as the label file "
                    f"has one row for it. Remove one of them, or choose a folder by `data.images`."
                )
            found[name] = os.path.join(folder, name)
    return found


def folders_with_pictures(root: Path) -> list[str]:
    """Names of the folders right below ``root`` that hold pictures, to propose one of them."""
    with os.scandir(root) as entries:
        folders = sorted(entry.name for entry in entries if entry.is_dir())
    return [name for name in folders if _names(root / name)]


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.name.lower().endswith(PICTURES) and entry.is_file()]


def _spread_folders(root: Path) -> list[Path]:
    with os.scandir(root) as entries:
        parts = sorted(root / entry.name for entry in entries if _SPREAD.fullmatch(entry.name) and entry.is_dir())
    return [part / "images" if (part / "images").is_dir() else part for part in parts]


HOW_TO_GET_THE_DATA = (
    "ChestX-ray14 comes from the NIH Clinical Center (https://nihcc.app.box.com/v/ChestXray-NIHCC) or from Kaggle "
    "(https://www.kaggle.com/datasets/nih-chest-xrays/data, and a sample of 5,606 radiographs at "
    "https://www.kaggle.com/datasets/nih-chest-xrays/sample). Without it, `data.format=phantom` with another "
    "`data.root` runs the same experiment on made-up radiographs."
)
