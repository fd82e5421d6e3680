"""The data of one training: parts by patient, and their pictures out of one cache."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xraykit.config import Experiment
from xraykit.data import Parts, PictureCache, load_parts, open_cache
from xraykit.data.batches import Batches
from xraykit.data.formats.nih_boxes import BOX_FILE, SIDE, read_boxes
from xraykit.errors import DataError
from xraykit.evaluation import macro_roc_auc


@dataclass(frozen=True)
class Material:
    """Parts by patient, and their pictures.

    Attributes:
        parts: Training, validation and, unless sealed, test part.
        cache: Decoded pictures of all parts.
    """

    parts: Parts
    cache: PictureCache

    def batches(self, part: str, batch_size: int, shuffle_seed: int | None = None) -> Batches:
        """Batches of one part, in its own order without a seed."""
        catalog = self.parts.catalog_of(part)
        return Batches(self.cache, catalog.table["path"].tolist(), catalog.targets(), batch_size, shuffle_seed)

    def pictures(self, part: str, images: list[str]) -> np.ndarray:
        """Pictures of radiographs of one part, ``(n, S, S)`` uint8, in the order of ``images``."""
        table = self.parts.catalog_of(part).table.set_index("image")
        return self.cache.pictures(self.cache.rows(table.loc[images, "path"].tolist()))


def load_boxes(experiment: Experiment) -> dict[tuple[str, str], list[tuple[float, float, float, float]]]:
    """The boxes that come with the data: image and label to x, y, width and height as shares of the side.

    Empty where the data come without a file of boxes.
    """
    root = Path(experiment.data.root)
    boxes: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    if (root / BOX_FILE).is_file():
        for image, label, *box in read_boxes(root).itertuples(index=False):
            x, y, w, h = (float(number) / SIDE for number in box)
            boxes.setdefault((image, label), []).append((x, y, w, h))
    return boxes


def load_material(experiment: Experiment, parts: Parts | None = None, *, sealed_test: bool) -> Material:
    """Read the label file, divide the patients, and open (or build) the cache of pictures.

    Args:
        experiment: Its ``data`` section is read.
        parts: If they were loaded before, sealed as asked; the label file is not read again.
        sealed_test: Leave the labels of the test part out; asking for them raises.

    Raises:
        DataError: the data are not as they must be, or no label of the validation part has both positives and
            negatives, so that no epoch could be compared with another.
    """
    data = experiment.data
    parts = parts or load_parts(data, experiment.split_seed, sealed_test=sealed_test)
    targets = parts.catalog_of("validation").targets()
    if macro_roc_auc(targets, np.zeros(targets.shape)) is None:
        raise DataError(
            f"No label of the validation part has both a positive and a negative among its {len(targets)} radiographs, "
            f"so no epoch can be compared with another. Take more data, or a larger data.split.validation."
        )
    folder = Path(data.cache) if data.cache else Path(experiment.output.root) / "cache"
    return Material(parts, open_cache(list(parts.paths), data.image_size, folder, max_megapixels=data.max_megapixels))
