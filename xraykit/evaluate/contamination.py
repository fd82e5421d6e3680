"""Whether the radiographs of an external validation are really others than those of the run."""

from pathlib import PurePath
from typing import Any

import pandas as pd

from xraykit.bundle import BundleFolder, read_about
from xraykit.evaluate.collections import Collected
from xraykit.runs import FinishedRun


def overlap_with_run(bundle: BundleFolder, run: FinishedRun | None, collected: Collected) -> dict[str, Any]:
    """What is known of radiographs that the run has met, before any picture is opened.

    This is the one place where an external validation looks for contamination.

    Args:
        bundle: Of the network.
        run: The run, if the network came with it.
        collected: The other collection.

    Returns:
        Plain values that JSON can hold: ``same_label_file`` (None where the bundle does not record its own), and
        ``same_names``: how many radiographs have the name of one of the run's, by part; None without its predictions.
    """
    own = (read_about(bundle)[1].fingerprints or {}).get("label_file")
    return {
        "same_label_file": None if own is None else own == collected.catalog.label_file_sha256,
        "same_names": None if run is None else _same_names(run, collected.catalog.table["image"]),
    }


def _same_names(run: FinishedRun, images: "pd.Series[str]") -> dict[str, int] | None:
    if not run.files.predictions.is_file():
        return None
    table = run.predictions()
    part_of = {PurePath(image).name: part for image, part in zip(table["image"], table["part"], strict=True)}
    met = pd.Series([part_of.get(PurePath(image).name) for image in images], dtype=object)
    return {str(part): int(number) for part, number in met.value_counts().items()}
