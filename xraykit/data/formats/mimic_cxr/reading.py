"""From the experiment's ``data`` section to the catalog of MIMIC-CXR-JPG."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xraykit.config import Data
from xraykit.data.catalog import Catalog
from xraykit.data.formats.mimic_cxr.facts import HINTS
from xraykit.data.formats.mimic_cxr.files import Files, find_files
from xraykit.data.formats.mimic_cxr.labels import ALL_LABELS, STUDY, StudyLabels, read_study_labels
from xraykit.data.formats.mimic_cxr.rows import Rows, read_rows, read_split
from xraykit.data.reading.exact_paths import pictures_at
from xraykit.data.reading.labeller_cells import LabellerTargets, check_policies, labeller_targets
from xraykit.data.reading.listing import Listing
from xraykit.data.reading.picture_files import below, data_root
from xraykit.data.reading.picture_names import Matches
from xraykit.data.reading.spellings import LATERAL
from xraykit.errors import DataError
from xraykit.registry import unknown_name

_VIEWS = {"PA": "PA", "AP": "AP", "LATERAL": LATERAL, "LL": LATERAL, "RL": LATERAL}


def read_mimic_cxr(data: Data) -> Catalog:
    """Read the radiographs of the metadata file that exist and whose study has labels.

    Label values: 1, 0 or NaN (uncertain; blank by choice). ``data.mimic_cxr.uncertain`` changes what the training
    learns, never a label. Neither sex nor age is given.

    Raises:
        DataError: The folder, the metadata file or a label file is missing; ``data.labels`` or ``data.columns`` name no
            column; a cell is wrong; or none of the radiographs exists.
    """
    for label in data.labels:
        if label not in ALL_LABELS:
            raise DataError(f"`data.labels`: {unknown_name('finding', label, ALL_LABELS)}")
    check_policies(data.settings, ALL_LABELS, "data.mimic_cxr")
    root = data_root(data.root, HINTS)
    files = find_files(root)
    rows = read_rows(files.need("metadata", "the views of the pictures"), data.columns)
    parts = read_split(files.of["split"], rows) if "split" in files.of else None
    reports = read_study_labels(_label_file(files, data, root), data.labels)
    by_hand = _labels_by_hand(files, data)
    base = _folder_of_pictures(files, root, data.images)
    unused = _without_labels(rows, parts, reports, by_hand)
    used = ~np.any(list(unused.values()), axis=0)
    left_out = {reason: _existing(base, rows.take(at)) for reason, at in unused.items()}
    if not used.any():
        raise DataError(
            f"{reports.file} has no {STUDY} of {rows.file.name}. Expected: label file and metadata of one collection."
        )
    rows = rows.take(used)
    parts = None if parts is None else [part for part, use in zip(parts, used, strict=True) if use]
    labels = labeller_targets(_cells(rows, parts, reports, by_hand, data.labels), rows.images, data.settings)
    found = _pictures(base, rows)
    listing = Listing(
        rows.file,
        rows.lines,
        rows.images,
        rows.patients,
        labels.targets,
        labels.soft_targets,
        views=rows.views,
        studies=rows.studies,
        further=rows.further,
        patient_column="subject_id",
        parse_view=_parse_view,
        more_files=(reports.file, *_further_files(files, by_hand)),
        left_out={reason: count for reason, count in left_out.items() if count},
    )
    catalog = listing.catalog(
        found.paths, official=_official(rows, parts), respelled=found.respelled, looked_in=[base], hints=HINTS
    )
    return _described(catalog, labels, found, by_hand)


def _described(catalog: Catalog, labels: LabellerTargets, found: Matches, by_hand: StudyLabels | None) -> Catalog:
    exists = np.array([path is not None for path in found.paths])
    test_list = by_hand.file.name if by_hand is not None else ""
    return replace(catalog, unclear_labels=labels.unclear(exists), test_list=test_list)


def _label_file(files: Files, data: Data, root: Path) -> Path:
    if data.labels_file is None:
        return files.need(data.settings.labeller, "the labels (`data.mimic_cxr.labeller`)")
    named = [below(folder, data.labels_file, "data.labels_file") for folder in (files.folder, root)]
    file = next((each for each in named if each.is_file()), None)
    if file is None:
        raise DataError(f"There is no file {named[0]}. Expected: a label file of studies. Check `data.labels_file`.")
    return file


def _labels_by_hand(files: Files, data: Data) -> StudyLabels | None:
    if data.settings.test_labels != "radiologist":
        return None
    file = files.need("test-set-labeled", "the radiologist's labels (`data.mimic_cxr.test_labels`)")
    if "split" not in files.of:
        files.need("split", "the test part that a radiologist labelled")
    return read_study_labels(file, data.labels)


def _further_files(files: Files, by_hand: StudyLabels | None) -> list[Path]:
    split = [files.of["split"]] if "split" in files.of else []
    return split if by_hand is None else [*split, by_hand.file]


def _without_labels(
    rows: Rows, parts: Sequence[str] | None, reports: StudyLabels, by_hand: StudyLabels | None
) -> dict[str, np.ndarray]:
    """Why which radiographs are left out: reason to ``(n,)`` bool."""
    listed = reports.has(rows.studies)
    if by_hand is None or parts is None:
        return {"studies without labels": ~listed}
    in_test = np.array([part == "test" for part in parts])
    return {
        "studies without labels": ~listed & ~in_test,
        "test studies that no radiologist labelled": in_test & ~by_hand.has(rows.studies),
    }


def _cells(
    rows: Rows, parts: Sequence[str] | None, reports: StudyLabels, by_hand: StudyLabels | None, labels: Sequence[str]
) -> Mapping[str, np.ndarray]:
    cells = {label: reports.of(label, rows.studies) for label in labels}
    if by_hand is None or parts is None:
        return cells
    in_test = np.array([part == "test" for part in parts])
    return {label: np.where(in_test, by_hand.of(label, rows.studies), each) for label, each in cells.items()}


def _official(rows: Rows, parts: Sequence[str] | None) -> dict[str, frozenset[str]] | None:
    if parts is None:
        return None
    return {
        name: frozenset(image for image, part in zip(rows.images, parts, strict=True) if part == name)
        for name in ("train_val", "validation", "test")
    }


def _parse_view(cell: str) -> str | None:
    """PA and AP alone are frontal: ``AP LLD`` is taken of a patient who lies on the side."""
    return _VIEWS.get(cell.upper(), cell.upper()) if cell else None


def _folder_of_pictures(files: Files, root: Path, images: str | None) -> Path:
    """The folder that contains ``p10`` and so on."""
    if images is not None:
        base = below(root, images, "data.images")
        return base / "files" if (base / "files").is_dir() else base
    return files.folder / "files" if (files.folder / "files").is_dir() else files.folder


def _pictures(base: Path, rows: Rows) -> Matches:
    inside = [image.removeprefix("files/").rpartition("/") for image in rows.images]
    return pictures_at([os.path.join(base, folder) for folder, _, _ in inside], [name for _, _, name in inside])


def _existing(base: Path, rows: Rows) -> int:
    return sum(path is not None for path in _pictures(base, rows).paths)
