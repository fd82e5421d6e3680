"""What of a folder can be read as RSNA's pneumonia challenge, for ``python -m xraykit.init``; no picture is opened."""

from pathlib import Path

from xraykit.data.formats.rsna.facts import BOX_FILE, CLASS_FILE, FOLDER, OPACITY
from xraykit.data.formats.rsna.mapping import mapping_file
from xraykit.data.reading.first_lines import columns_of, has_pictures, unreadable_pictures
from xraykit.errors import DataError
from xraykit.registry import Recognised


def recognise_rsna(root: Path) -> Recognised | None:
    """The label files by their names and columns, the mapping to patients, and the folder of pictures."""
    if not {"patientId", "Target"} <= set(columns_of(root / BOX_FILE)):
        return None
    with_classes = "class" in columns_of(root / CLASS_FILE)
    names = f"{BOX_FILE} and {CLASS_FILE}" if with_classes else BOX_FILE
    patients = "the mapping to patients of the NIH" if _has_mapping(root) else "without a mapping to patients"
    missing = [] if has_pictures(root / FOLDER) else [f"pictures (.dcm) in the folder {FOLDER}"]
    missing += unreadable_pictures([root / FOLDER])
    labels = {} if with_classes else {"labels": [OPACITY]}
    return Recognised(
        f"{names} of RSNA's challenge, {patients}", {**labels, "split": {"method": "patient"}}, tuple(missing)
    )


def _has_mapping(root: Path) -> bool:
    try:
        return mapping_file(root, None) is not None
    except DataError:  # There are several, of which the user names one.
        return True
