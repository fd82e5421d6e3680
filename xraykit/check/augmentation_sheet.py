"""The sheet of augmentation: training radiographs, each kind of change at its strongest, and several as in training.

Importing Keras takes seconds, so it is imported when something is drawn.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xraykit.check.sheet import choose
from xraykit.config import Augmentation, Training
from xraykit.data import Parts, PictureCheck, mixed_pictures
from xraykit.report import draw_variants, save_figure

if TYPE_CHECKING:
    from xraykit.model.augmentation import RadiographAugmentation

COLUMNS = 5
DRAWN = 5

_DESCRIBED = {
    "shift": "shift {:.0%} of the side",
    "rotation": "rotation {:g}°",
    "zoom": "zoom {:.0%}",
    "contrast": "contrast +{:.0%}",
    "flip": "flip, one in two",
    "gamma": "gamma {:.3g}",
    "noise": "noise {:g} grey levels",
    "blur": "blur {:g} pixels",
    "cutout": "cutout {:.0%} of the side",
    "crop": "crop {:.0%} of the side",
}

Row = tuple[str, np.ndarray]
"""What is shown in a row of the sheet, and its pictures ``(n, S, S)`` uint8."""


def changes_pictures(training: Training) -> bool:
    """Whether training pictures are changed at all."""
    return bool(_switched_on(training.augmentation)) or training.mixup > 0


def write_augmentation_sheet(path: Path, training: Training, parts: Parts, check: PictureCheck, seed: int) -> None:
    """Write the sheet. It has neither names of files nor of patients, and no radiograph of another part.

    Args:
        path: The PNG file; its folder is made.
        training: Augmentation and mixup are shown.
        parts: All parts.
        check: The radiographs of the training part that were decoded; at least one.
        seed: Of the choice and of what is drawn.

    Raises:
        DataError: it cannot be written.
    """
    train = parts.catalog_of("train")
    row_of = {image: row for row, image in enumerate(train.table["image"])}
    targets = train.targets()[[row_of[image] for image in check.training]]
    chosen = choose(targets, [False] * len(targets), seed)
    # Evenly taken from those of the sample sheet, so that they have different findings.
    chosen = [chosen[at] for at in np.unique(np.linspace(0, len(chosen) - 1, COLUMNS).round().astype(int))]
    pictures = np.stack([check.radiographs[index].picture for index in chosen])
    rows = list(variants(pictures, training, seed))
    title = "Training radiographs, each kind of change at its strongest, and as training draws them"
    save_figure(draw_variants(rows, title, part="train", split=str(parts.split)), path)


def variants(pictures: np.ndarray, training: Training, seed: int) -> Iterator[Row]:
    """The rows of the sheet.

    Args:
        pictures: ``(n, S, S)`` uint8.
        training: Augmentation and mixup are shown.
        seed: Of what is drawn.
    """
    augmentation, random = training.augmentation, np.random.Generator(np.random.Philox(seed))
    yield "original", pictures
    for name in _switched_on(augmentation):
        amount = getattr(augmentation, name)
        shown = 1 + amount if name == "gamma" else amount
        yield f"{_DESCRIBED[name].format(shown)}, at its strongest", _changed(_strongest(name, amount), pictures)
    if training.mixup:
        yield "mixup, half of the next", _mixed(pictures, np.full(len(pictures), 0.5, np.float32))
    layer = _layer(augmentation, seed)
    for number in range(1, DRAWN + 1):
        given = pictures
        if training.mixup:
            share = random.beta(training.mixup, training.mixup, len(pictures)).astype(np.float32)
            given = _mixed(pictures, share)
        yield f"as in training, draw {number}", _changed(layer, given)


def _switched_on(augmentation: Augmentation) -> Sequence[str]:
    return [name for name in _DESCRIBED if getattr(augmentation, name)]


def _layer(augmentation: Augmentation, seed: int) -> "RadiographAugmentation":
    from xraykit.model.augmentation import RadiographAugmentation

    return RadiographAugmentation(**augmentation.model_dump(), seed=seed)


def _strongest(name: str, amount: float) -> "RadiographAugmentation":
    """The layer with one kind of change alone, whose amounts are the largest that it can draw."""
    from keras import ops

    from xraykit.model.augmentation import RadiographAugmentation

    class Strongest(RadiographAugmentation):
        def uniform(self, pixels: Any, largest: float) -> Any:
            # A mirror is drawn as a sign, and the negative one flips.
            value = -largest if self.flip else largest
            return ops.full((len(pixels), 1, 1), value, dtype="float32")

    only: dict[str, Any] = {name: amount}
    return Strongest(**only, seed=0)


def _changed(layer: "RadiographAugmentation", pictures: np.ndarray) -> np.ndarray:
    from keras import ops

    pixels = ops.convert_to_numpy(layer(pictures[..., None].astype(np.float32), training=True))
    rounded: np.ndarray = np.rint(np.clip(pixels[..., 0], 0, 255)).astype(np.uint8)
    return rounded


def _mixed(pictures: np.ndarray, share: np.ndarray) -> np.ndarray:
    return mixed_pictures(pictures, np.roll(pictures, -1, axis=0), share)
