"""From the experiment's ``data`` section to the catalog of CheXpert."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from xraykit.config import NO_FINDING, Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.chexpert.facts import FINDINGS, HINTS, TEST_FILES, TRAIN_FILE, VALID_FILES
from xraykit.data.formats.chexpert.folders import PatientFolders, find_paths, label_folder
from xraykit.data.formats.chexpert.lists import LabelList, read_list_of_pictures, read_list_of_studies
from xraykit.data.reading.labeller_cells import check_policies, labeller_targets
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root
from xraykit.errors import DataError
from xraykit.registry import unknown_name

T = TypeVar("T")


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
    train_file = data.labels_file or TRAIN_FILE
    folder = label_folder(root, train_file)
    folders = PatientFolders.below(root if data.images is None else below(root, data.images, "data.images"))
    lists = _read_lists(folder, train_file, data, folders)
    found = {name: find_paths(folders, each.images) for name, each in lists.items()}
    lists, test_part = _test_part(lists, {name: paths for name, (paths, _) in found.items()}, settings.test_set, folder)
    paths = _joined(lists, lambda name: found[name][0])
    images = _joined(lists, lambda name: lists[name].images)
    labels = labeller_targets(
        {label: np.concatenate([each.labels[label] for each in lists.values()]) for label in data.labels},
        images,
        settings,
    )
    labels = _unlisted_stay_unknown(labels, lists)
    parts = [image.split("/") for image in images]
    files = [each.file for each in lists.values()]
    listing = Listing(
        files[0],
        _joined(lists, lambda name: lists[name].lines),
        images,
        [part[1] for part in parts],
        labels.targets,
        labels.soft_targets,
        sexes=_joined(lists, lambda name: lists[name].sexes),
        ages=_joined(lists, lambda name: lists[name].ages),
        views=_joined(lists, lambda name: lists[name].views),
        studies=["/".join(part[1:-1]) for part in parts],
        further={column: _joined(lists, lambda name: lists[name].further[column]) for column in data.columns},
        patient_column="Path",
        more_files=tuple(files[1:]),
    )
    catalog = listing.catalog(
        paths,
        official=_official(lists, test_part),
        respelled=_joined(lists, lambda name: found[name][1]),
        looked_in=[root],
        hints=HINTS,
    )
    exists = np.array([path is not None for path in paths])
    test_list = lists[test_part].file.name if test_part else ""
    return replace(catalog, unclear_labels=labels.unclear(exists), test_list=test_list)
