"""From the experiment's ``data`` section to the catalog of CheXpert."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.config import NO_FINDING, Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.chexpert.facts import FINDINGS, HINTS, TEST_FILES, TRAIN_FILE, VALID_FILES
from xraykit.data.formats.chexpert.folders import PatientFolders, find_paths, label_folder
from xraykit.data.formats.chexpert.lists import LabelList, read_list_of_pictures, read_list_of_studies
from xraykit.data.reading.labeller_cells import LabellerTargets, check_policies, labeller_targets
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root
from xraykit.data.reading.picture_names import Matches
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import columns_of


def read_chexpert(data: Data) -> Catalog:
    """Read the radiographs of train.csv, valid.csv and the test set that exist below ``data.root``.

    Label values: 1, 0 or NaN (uncertain; blank by choice). ``data.chexpert.uncertain`` changes what the training
    learns, never a label. A radiograph whose columns ``Frontal/Lateral`` and ``AP/PA`` contradict each other (frontal,
    but LL or RL) counts as lateral. The test set has neither column, sex nor age: views are those of the file names.

    Raises:
        DataError: The folder or all label files are missing; ``data.labels`` or ``data.columns`` name no column; a cell
            is wrong; none of the radiographs exists; or the test set that is asked for does not exist.
    """
    settings = data.settings
    _check_labels(data.labels)
    check_policies(settings, (*FINDINGS, NO_FINDING), "data.chexpert")
    root = data_root(data.root, HINTS)
    train = _training_list(root, data.labels_file)
    folder = train.parent
    folders = PatientFolders.below(_folder_of_pictures(root, folder, data.images))
    lists = _read_lists(train, data, folders)
    found = {name: find_paths(folders, each.images) for name, each in lists.items()}
    lists, test_part = _used(lists, found, settings.test_set, folder)
    paths = [path for name in lists for path in found[name].paths]
    listing, labels = _listing(list(lists.values()), data)
    catalog = listing.catalog(
        paths,
        official=_official(lists, test_part),
        respelled=[each for name in lists for each in found[name].respelled],
        looked_in=[root],
        hints=HINTS,
    )
    exists = np.array([path is not None for path in paths])
    test_list = lists[test_part].file.name if test_part else ""
    return replace(catalog, unclear_labels=labels.unclear(exists), test_list=test_list)


def _listing(lists: Sequence[LabelList], data: Data) -> tuple[Listing, LabellerTargets]:
    def joined(cells: Callable[[LabelList], Sequence[Any]]) -> list[Any]:
        return [cell for each in lists for cell in cells(each)]

    images = joined(lambda each: each.images)
    cells = {label: np.concatenate([each.labels[label] for each in lists]) for label in data.labels}
    labels = labeller_targets(cells, images, data.settings)
    parts = [image.split("/") for image in images]
    listing = Listing(
        lists[0].file,
        joined(lambda each: each.lines),
        images,
        [part[1] for part in parts],
        labels.targets,
        labels.soft_targets,
        sexes=joined(lambda each: each.sexes),
        ages=joined(lambda each: each.ages),
        views=joined(lambda each: each.views),
        studies=["/".join(part[1:-1]) for part in parts],
        further={name: [cell for each in lists for cell in each.further[name]] for name in data.columns},
        patient_column="Path",
        more_files=tuple(each.file for each in lists[1:]),
    )
    return listing, labels


def _check_labels(labels: tuple[str, ...]) -> None:
    for label in labels:
        if label not in (*FINDINGS, NO_FINDING):
            raise DataError(f"`data.labels`: {unknown_name('finding', label, (*FINDINGS, NO_FINDING))}")


def _training_list(root: Path, name: str | None) -> Path:
    """The training list, whether it exists or not; one that an experiment names must exist."""
    if name is None:
        return label_folder(root) / TRAIN_FILE
    file = below(root, name, "data.labels_file")
    file = file if file.is_file() else below(label_folder(root), name, "data.labels_file")
    if not file.is_file():
        raise DataError(f"There is no file {file}. Expected: a training list. Check `data.labels_file`.")
    return file


def _folder_of_pictures(root: Path, folder: Path, images: str | None) -> Path:
    """Below which the folders of patients are: that of the lists if it has them, else all of the data."""
    if images is not None:
        return below(root, images, "data.images")
    return folder if any((folder / name).is_dir() for name in ("train", "test")) else root


def _read_lists(train: Path, data: Data, folders: PatientFolders) -> dict[str, LabelList]:
    """The lists that exist, by part."""
    folder = train.parent
    lists: dict[str, LabelList] = {}
    if train.is_file():
        lists["train"] = read_list_of_pictures(train, "train", data.labels, data.columns)
    valid = _first(folder / name for name in VALID_FILES)
    if valid is not None:
        part = "val" if valid.name.startswith("val_") else "valid"
        lists["valid"] = read_list_of_pictures(valid, part, data.labels, data.columns, complete=False)
    test = _first(place / name for name in TEST_FILES for place in (folder, folder / "test", Path(data.root)))
    if test is not None and data.settings.test_set != "valid":
        lists["test"] = _read_test(test, data, folders)
    return lists


def _read_test(file: Path, data: Data, folders: PatientFolders) -> LabelList:
    if "Study" in columns_of(file, FINDINGS):
        return read_list_of_studies(file, "test", data.labels, data.columns, folders)
    return read_list_of_pictures(file, "test", data.labels, data.columns, complete=False)


def _first(files: Iterable[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)


def _used(
    lists: dict[str, LabelList],
    found: Mapping[str, Matches],
    test_set: str,
    folder: Path,
) -> tuple[dict[str, LabelList], str]:
    """The lists that are used, and which of them is the test part of the official split; blank if none is.

    Labels of a test set whose pictures do not exist are left out, so that valid.csv is the test part.
    """
    if "test" in found and any(path is not None for path in found["test"].paths):
        return lists, "test"
    if test_set == "test":
        raise DataError(
            f"`data.chexpert.test_set` is test, but {folder} has no labels of the test set ({', '.join(TEST_FILES)}) "
            f"or none of its pictures (test/). Add both, or use `auto` or `valid`."
        )
    rest = {name: each for name, each in lists.items() if name != "test"}
    return rest or lists, "valid" if "valid" in rest else ""


def _official(lists: Mapping[str, LabelList], test_part: str) -> dict[str, frozenset[str]] | None:
    if not test_part or "train" not in lists:
        return None
    names = {name: frozenset(each.images) for name, each in lists.items()}
    official = {"train_val": names["train"], "test": names[test_part]}
    return official if test_part == "valid" or "valid" not in names else {**official, "validation": names["valid"]}
