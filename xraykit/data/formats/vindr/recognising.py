"""What of a folder can be read as VinDr-CXR, for ``python -m xraykit.init``; no picture is opened."""

from pathlib import Path
from typing import Any

from xraykit.data.formats.vindr.facts import FOLDERS, SUFFIX, file_of, find_file
from xraykit.data.reading.first_lines import columns_of, has_pictures, unreadable_pictures
from xraykit.registry import Recognised


def recognise_vindr(root: Path) -> Recognised | None:
    """The label files by their names and columns, and the folders of pictures."""
    files = {part: find_file(root, file_of("image_labels", part)) for part in FOLDERS}
    known = {part: file for part, file in files.items() if file is not None and "image_id" in columns_of(file)}
    # The children's collection of the same authors has such files too, but other findings.
    if "train_val" not in known or "Aortic enlargement" not in columns_of(known["train_val"]):
        return None
    missing = [
        f"pictures ({SUFFIX}) in the folder {FOLDERS[part]}" for part in known if not has_pictures(root / FOLDERS[part])
    ]
    missing += unreadable_pictures([root / FOLDERS[part] for part in known])
    data: dict[str, Any] = {} if "test" in known else {"split": {"method": "patient"}}
    names = " and ".join(file.relative_to(root).as_posix() for file in known.values())
    return Recognised(f"{names} with the columns of VinDr-CXR", data, tuple(missing))
