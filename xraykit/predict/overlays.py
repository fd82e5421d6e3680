"""Heat maps over radiographs, for the strongest findings of each."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.errors import BrokenImageError, DataError
from xraykit.system import write_atomically

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from xraykit.bundle import Classifier, OpenedPicture

logger = logging.getLogger(__name__)

OPACITY = 0.5


class Overlays:
    """Draws the overlays of batch after batch.

    Args:
        classifier: The network.
        folder: Where the PNG files go; created if it does not exist.
        findings: Overlays per radiograph: of the labels with the highest probabilities.
        roots: Folders of the radiographs; what is below one of them is drawn below ``folder`` under the same names.

    Raises:
        DataError: the folder cannot be created.
    """

    def __init__(self, classifier: "Classifier", folder: Path, findings: int, roots: Sequence[str | Path] = ()) -> None:
        self._classifier = classifier
        self._folder = folder
        self._findings = min(findings, len(classifier.labels))
        self._grad_cam = classifier.saliency()
        self._roots = [os.path.abspath(root) for root in roots]
        self._taken: set[str] = set()
        make_folder(folder)

    def add(self, opened: "Sequence[OpenedPicture]", table: "pd.DataFrame", batch_size: int) -> None:
        """Write ``IMAGE_LABEL.png`` for the strongest findings of each radiograph that could be read.

        The radiograph is drawn at its own size and aspect, with the greys that the network sees. A label that was not
        trained has no probability and no heat map.

        Args:
            opened: The radiographs, named by their paths.
            table: The predictions, a row for each radiograph.
            batch_size: Radiographs at a time.

        Raises:
            DataError: a file cannot be written.
        """
        import numpy as np

        untrained = self._classifier.decision_rule.untrained
        labels = [label for label in self._classifier.labels if label not in untrained]
        probabilities = table[[f"{label}_probability" for label in labels]].to_numpy()
        chosen = [
            (each, column)
            for each, row in zip(opened, probabilities, strict=True)
            if each.radiograph is not None
            for column in np.argsort(-row, kind="stable")[: self._findings]
        ]
        if not chosen:
            return
        pictures = np.stack([each.radiograph.picture for each, _ in chosen if each.radiograph is not None])
        maps = self._grad_cam.heat_maps(
            pictures, [self._classifier.labels.index(labels[column]) for _, column in chosen], batch_size
        )
        drawn: dict[int, tuple[str, np.ndarray | None]] = {}
        for (each, column), heat in zip(chosen, maps, strict=True):
            if id(each) not in drawn:
                # Only one picture at a time is in memory at its own size.
                drawn = {id(each): (self._stem(each.name), self._original(each.name))}
            stem, original = drawn[id(each)]
            if original is not None:
                _write(self._folder / f"{stem}_{_in_file_name(labels[column])}.png", original, heat)

    def _original(self, name: str) -> "np.ndarray | None":
        """The radiograph at its own size; None if its file vanished or was damaged since it was predicted."""
        try:
            return self._classifier.original(name)
        except BrokenImageError as error:
            logger.warning("No overlay: %s", error)
            return None

    def _stem(self, name: str) -> str:
        """The beginning of the file names of a radiograph; numbered if another radiograph has the same."""
        path = os.path.abspath(name)
        inside = [os.path.relpath(path, root) for root in self._roots if os.path.commonpath([root, path]) == root]
        whole = os.path.splitext(inside[0] if inside else os.path.basename(path))[0]
        stem, number = whole, 1
        # Some file systems do not distinguish upper and lower case.
        while self._taken & (
            files := {f"{stem}_{_in_file_name(label)}".casefold() for label in self._classifier.labels}
        ):
            number += 1
            stem = f"{whole}-{number}"
        self._taken |= files
        return stem


def _in_file_name(label: str) -> str:
    """A label as a part of a file name: a bundle only has labels in which / alone is none."""
    return label.replace("/", "-")


def make_folder(folder: Path) -> None:
    """Create the folder of the overlays.

    Raises:
        DataError: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be created: {error.strerror}. Give another one.") from error


def _write(path: Path, picture: "np.ndarray", heat: "np.ndarray") -> None:
    import cv2

    from xraykit.report import overlay_at_full_size

    drawn = overlay_at_full_size(picture, heat, OPACITY)
    _, png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR, dst=drawn))
    write_atomically(path, png.tobytes(), durable=False)
