"""Whether the radiographs of an external validation are really others than those of the run."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xraykit.bundle import (
    BundleFolder,
    Contamination,
    check_contamination,
    contamination,
    read_about,
    read_trained_on,
)
from xraykit.config import Data
from xraykit.data import Radiographs, hash_of_file
from xraykit.evaluate.collections import Collected
from xraykit.runs import FinishedRun, same_names


def overlap_with_run(bundle: BundleFolder, run: FinishedRun | None, collected: Collected) -> dict[str, Any]:
    """What is known of radiographs that the run has met, before any picture is opened.

    Args:
        bundle: Of the network.
        run: The run, if the network came with it.
        collected: The other collection.

    Returns:
        Plain values that JSON can hold: ``same_label_file`` (None where the bundle does not record its own), and
        ``same_names``: how many radiographs have the name of one of the run's, by part; None without its predictions.
    """
    table = run.predictions() if run is not None and run.files.predictions.is_file() else None
    own = (read_about(bundle)[1].fingerprints or {}).get("label_file")
    return {
        "same_label_file": None if own is None else own == collected.catalog.label_file_sha256,
        "same_names": None if table is None else same_names(table, collected.catalog.table["image"]),
    }


OnContamination = Literal["refuse", "allow"]
"""What to do with radiographs that the network has met in its training."""

_REMEDY = (
    "Expected: radiographs and patients that are new to the network. Leave these out, as with --part test where the "
    "split is that of the training; or allow them with --allow-contamination, which reports them beside the metrics."
)


def look_up(
    bundle: BundleFolder, radiographs: Radiographs, policy: OnContamination = "refuse", of: str = ""
) -> Contamination:
    """Look radiographs up in the record of what a network was trained on.

    Args:
        bundle: Of the network.
        radiographs: With frequencies once the pictures were decoded.
        policy: ``refuse`` raises an error where some were met.
        of: What they are of, for the message, such as ``of hospital``.

    Raises:
        ContaminationError: the network has met some of them.
    """
    found = contamination(read_trained_on(bundle), radiographs)
    if policy == "refuse":
        check_contamination(found, of, _REMEDY)
    return found


def to_look_up(
    images: Sequence[str],
    paths: Sequence[str | Path],
    patients: Sequence[str],
    data: Data | None,
    without_patients: Sequence[str] = (),
) -> Radiographs:
    """Radiographs with the hashes of their files, and without their pictures.

    Args:
        images: Their names.
        paths: Their files, which are read whole.
        patients: Their ids.
        data: The section ``data`` of their collection; None: they come from a table of their own.
        without_patients: The sources that do not name patients; see :func:`xraykit.data.without_patients`. Of a table
            of its own, its name.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        files = list(pool.map(hash_of_file, map(str, paths)))
    if data is not None:
        return Radiographs.of(data, images, patients, files, without_patients)
    ids = None if without_patients else patients
    return Radiographs(images, ids, ["table"] * len(images), files, without_patients=tuple(without_patients))


def with_pictures(radiographs: Radiographs, rows: np.ndarray, frequencies: np.ndarray) -> Radiographs:
    """The radiographs of some rows, those that could be read, with the frequencies of their pictures."""
    return replace(radiographs.take(rows), frequencies=frequencies)
