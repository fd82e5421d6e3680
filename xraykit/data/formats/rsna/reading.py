"""From the experiment's ``data`` section to the catalog of RSNA's pneumonia challenge."""

import numpy as np

from xraykit.config import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.rsna import RsnaSettings
from xraykit.data.formats.rsna.facts import CLASS_FILE, FOLDER, HINTS, LABELS
from xraykit.data.formats.rsna.mapping import mapping_file, patients_of
from xraykit.data.formats.rsna.rows import image_of, opacity_file, read_classes, read_opacities
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import data_root, find_pictures
from xraykit.data.reading.picture_names import match_pictures
from xraykit.errors import DataError
from xraykit.registry import unknown_name


def read_rsna(data: Data) -> Catalog:
    """Read the training radiographs of the challenge that exist; those of its test part have no labels.

    With the mapping to the NIH's radiographs, patients are those of the NIH; without it each radiograph counts as one,
    as the column ``patientId`` is an id of the radiograph.

    Raises:
        DataError: Folder, label file or all pictures are missing, or a row is wrong.
    """
    settings: RsnaSettings = data.settings
    _check(data)
    root = data_root(data.root, HINTS)
    file = opacity_file(root, data.labels_file)
    opacities = read_opacities(file)
    classes = read_classes(root, opacities, data.labels)
    ids = list(opacities.lines)
    mapping = mapping_file(root, settings.mapping)
    found, looked_in = find_pictures(root, data.images, [FOLDER])
    images = [image_of(each) for each in ids]
    matches = match_pictures(images, found)
    more = (root / CLASS_FILE, mapping)
    listing = Listing(
        file=file,
        lines=list(opacities.lines.values()),
        images=images,
        patients=None if mapping is None else patients_of(mapping, ids),
        targets={label: np.array([float(classes[each] == label) for each in ids]) for label in data.labels},
        patient_column="patient of the NIH",
        more_files=tuple(each for each in more if each is not None and each.is_file()),
    )
    return listing.catalog(
        matches.paths,
        respelled=matches.respelled,
        looked_in=[folder / FOLDER for folder in looked_in],
        hints=HINTS,
    )


def _check(data: Data) -> None:
    for label in data.labels:
        if label not in LABELS:
            raise DataError(f"`data.labels`: {unknown_name('class', label, LABELS)}")
    if data.columns:
        raise DataError(
            f"`data.columns` names {data.columns[0]!r}. The label files of this challenge have no further columns. "
            f"Leave it out; sex, age and view are read from DICOM."
        )
