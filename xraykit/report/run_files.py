"""The files of a run folder, as a report reads them; those of an older run may lack some."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from xraykit.config import SplitRecord, load_experiment
from xraykit.errors import DataError
from xraykit.evaluation.untrained import masked_targets
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import check_settings
from xraykit.runs.predictions import read_frame, read_predictions
from xraykit.system.json_files import Each, Optional, Shape, read_json

Content = TypeVar("Content")

_COUNTS: dict[str, Shape] = {"positives": int, "negatives": int, "unknown": int}
_DATA: dict[str, Shape] = {
    "parts": Each({"images": int, "patients": int, "labels": Each(_COUNTS)}),
    "missing_images": Optional(int),
}

_TEXT_OF_GALLERY = ("image", "label", "kind", "file", "method", "map")


@dataclass(frozen=True)
class RunFiles:
    """What a run left behind; None stands for a file that is not there.

    Attributes:
        folder: Where it is.
        metrics: The figures of the test part.
        predictions: The table of predictions.
        history: One row per epoch.
        data: What the data were.
        about: What belongs to the network.
        gallery: The table of the heat maps.
        trials: The table of a search.
        experiment: The resolved experiment, as YAML.
    """

    folder: RunFolder
    metrics: dict[str, Any]
    predictions: pd.DataFrame | None
    history: pd.DataFrame | None
    data: dict[str, Any] | None
    about: dict[str, Any] | None
    gallery: pd.DataFrame | None
    trials: pd.DataFrame | None
    experiment: str | None

    @property
    def title(self) -> str:
        """Name and time of the run, as its folders are called."""
        path = self.folder.path.resolve()
        return f"{path.parent.name} {path.name}"

    @property
    def split(self) -> SplitRecord:
        """How the parts came about."""
        return SplitRecord.read(self.metrics["split"])

    @property
    def labels(self) -> list[str]:
        """The findings, in the order of the network's outputs."""
        return list(self.metrics["labels"])

    @property
    def scores(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """Targets ``(n, L)`` and scores ``(n, L)`` of the part that the figures are of; None without a table.

        The scores are the logits, which rank the radiographs without ties; of an older run, the probabilities. The
        targets of labels that were not trained are unknown: their scores are noise, of which no curve is drawn.

        Raises:
            DataError: the table lacks a column.
        """
        if self.predictions is None:
            return None
        kind = "logit" if any(f"{label}_logit" in self.predictions for label in self.labels) else "probability"
        needed = ["part", *self.labels, *[f"{label}_{kind}" for label in self.labels]]
        lacking = [column for column in needed if column not in self.predictions]
        if lacking:
            raise DataError(
                f"{self.folder.predictions} lacks the columns {', '.join(lacking)}. Expected: part, and for each label "
                f"LABEL and LABEL_logit. Take the table that the run wrote."
            )
        rows = self.predictions[self.predictions["part"] == self.metrics["part"]]
        scores = rows[[f"{label}_{kind}" for label in self.labels]]
        untrained = [label for label, figures in self.metrics["labels"].items() if not figures.get("trained", True)]
        targets = masked_targets(rows[self.labels].to_numpy(np.float64), self.labels, untrained)
        return targets, scores.to_numpy(np.float64)


def read_metrics(folder: RunFolder) -> dict[str, Any]:
    """The figures of a finished run.

    Raises:
        DataError: it is no folder of a finished run, or the file is damaged.
    """
    return folder.read_metrics()


def read_run(folder: RunFolder) -> RunFiles:
    """Read what a run left behind.

    Raises:
        DataError: it is no folder of a finished run, or a file in it is damaged.
        CheckpointError: its experiment says something else than what was run.
    """
    metrics = read_metrics(folder)
    return RunFiles(
        folder,
        metrics,
        _read(folder.predictions, lambda path: read_predictions(path, metrics)),
        _read(folder.history, lambda path: read_frame(path, ("stage",))),
        _json(folder.data, "counts of each part", _DATA),
        _json(folder.about, "what belongs to the network"),
        _read(folder.gallery, lambda path: read_frame(path, _TEXT_OF_GALLERY)),
        _read(folder.search / "trials.csv", lambda path: read_frame(path, ("state", "reason"))),
        _experiment(folder),
    )


def _experiment(folder: RunFolder) -> str | None:
    """The text of the experiment, which must still say what was run."""
    text = _read(folder.experiment, lambda path: path.read_text(encoding="utf-8"))
    record = folder.read_record()
    if text is not None and "identity" in record:
        check_settings(record, load_experiment(folder.experiment, plugins=()), folder.path)
    return text


def _read(path: Path, reader: Callable[[Path], Content]) -> Content | None:
    if not path.is_file():
        return None
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {error}. It is damaged or was changed by hand; take it from a copy of the run, "
            f"or remove it: the report then says that it is missing."
        ) from error


def _json(path: Path, what: str, shape: Mapping[str, Shape] | None = None) -> dict[str, Any] | None:
    remedy = "Take it from a copy of the run, or remove it: the report then says that it is missing."
    return read_json(path, what, shape, remedy=remedy) if path.exists() else None
