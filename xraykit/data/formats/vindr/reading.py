"""From the experiment's ``data`` section to the catalog of VinDr-CXR."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xraykit.config import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.vindr import VindrSettings
from xraykit.data.formats.vindr.boxes import check_boxes
from xraykit.data.formats.vindr.facts import FOLDERS, HINTS, LABELS, file_of, find_file
from xraykit.data.formats.vindr.votes import Votes, present, read_votes
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root, find_pictures
from xraykit.data.reading.picture_names import match_pictures
from xraykit.errors import DataError
from xraykit.registry import unknown_name


def read_vindr(data: Data) -> Catalog:
    """Read the radiographs of ``data.root`` that exist and that a label file names.

    Each radiograph counts as a patient, as the collection does not name patients.

    Raises:
        DataError: Folder, label file or all pictures are missing, or a row of a label file or of boxes is wrong.
    """
    settings: VindrSettings = data.settings
    _check(data)
    root = data_root(data.root, HINTS)
    files = label_files(root, data.labels_file)
    votes = {part: read_votes(file, part, data.labels) for part, file in files.items()}
    images = [image for each in votes.values() for image in each.images]
    found, looked_in = find_pictures(root, data.images, list(FOLDERS.values()))
    matches = match_pictures(images, found)
    check_boxes(root, settings, dict(zip(images, matches.paths, strict=True)))
    return _listing(files, votes, images, data).catalog(
        matches.paths,
        official={part: frozenset(each.images) for part, each in votes.items()} if len(votes) > 1 else None,
        respelled=matches.respelled,
        looked_in=[folder / name for folder in looked_in for name in FOLDERS.values()],
        hints=HINTS,
    )


def label_files(root: Path, name: str | None = None) -> dict[str, Path]:
    """Part to label file, of those that exist.

    Args:
        root: Absolute folder of the data.
        name: ``data.labels_file``, that of the training part.

    Raises:
        DataError: That of the training part does not exist.
    """
    files = {part: find_file(root, file_of("image_labels", part)) for part in FOLDERS}
    if name is not None:
        files["train_val"] = below(root, name, "data.labels_file")
    train = files["train_val"]
    if train is None or not train.is_file():
        raise DataError(
            f"There is no label file {train or file_of('image_labels', 'train_val')} in {root}. Check `data.root` and "
            f"`data.labels_file`. {HINTS}"
        )
    return {part: file for part, file in files.items() if file is not None}


def _check(data: Data) -> None:
    for label in data.labels:
        if label not in LABELS:
            raise DataError(f"`data.labels`: {unknown_name('finding', label, LABELS)}")
    if data.columns:
        raise DataError(
            f"`data.columns` names {data.columns[0]!r}. The label files of VinDr-CXR have a row for each reader and no "
            f"further column of a radiograph. Leave it out; sex and age are read from DICOM."
        )


def _listing(files: Mapping[str, Path], votes: Mapping[str, Votes], images: list[str], data: Data) -> Listing:
    readers = data.settings.readers
    shares = {label: np.concatenate([each.shares[label] for each in votes.values()]) for label in data.labels}
    first, *more = files.values()
    return Listing(
        file=first,
        lines=[line for each in votes.values() for line in each.lines],
        images=images,
        patients=None,
        targets={label: present(label, each, readers) for label, each in shares.items()},
        soft_targets=shares if readers == "share" else {},
        more_files=tuple(more),
    )
