"""What of a folder can be read as NIH ChestX-ray14, for ``python -m xraykit.init``; no picture is opened."""

from pathlib import Path
from typing import Any

from xraykit.data.formats.nih.facts import LABEL_FILES, OFFICIAL_LISTS
from xraykit.data.reading.first_lines import columns_of, has_pictures
from xraykit.data.reading.picture_files import folders_with_pictures, list_pictures
from xraykit.registry import Recognised

_COLUMNS = {"Image Index", "Finding Labels", "Patient ID"}


def recognise_nih(root: Path) -> Recognised | None:
    """A label file by its name and columns, the official lists, and a folder of pictures."""
    from xraykit.phantoms import MANIFEST

    if (root / MANIFEST).is_file():  # Simulated radiographs in these files, which have a format of their own.
        return None
    there = [name for name in LABEL_FILES if set(columns_of(root / name)) >= _COLUMNS]
    if not there:
        return None
    lists = [name for name in OFFICIAL_LISTS.values() if (root / name).is_file()]
    official = len(lists) == len(OFFICIAL_LISTS)
    folders = [root, root / "images", *root.glob("images_*"), *root.glob("images_*/images")]
    pictures = any(map(has_pictures, folders))
    data: dict[str, Any] = {} if official else {"split": {"method": "patient"}}
    found = f"{there[0]} with the columns of the NIH"
    found += f" and the official lists {' and '.join(lists)}" if official else ", without the official lists"
    if not pictures and (copies := _folders_of_copies(root)):
        chosen, *others = copies
        data["images"], pictures = chosen, True
        found += f"; pictures in the folder {chosen}"
        found += f", and others in {', '.join(others)}: name one in `data.images`" if others else ""
    return Recognised(
        found, data, () if pictures else ("pictures in the folder images or images_001/images and so on",)
    )


def _folders_of_copies(root: Path) -> list[str]:
    """Folders of pictures under other names, such as ``images-224`` with smaller copies; the fullest one first."""
    counts = {name: len(list_pictures([root / name])) for name in folders_with_pictures(root)}
    return sorted(counts, key=lambda name: (-counts[name], name))
