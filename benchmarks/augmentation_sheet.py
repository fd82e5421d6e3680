"""Draw the sheet of augmentation of `experiments/recipes/small_data.yaml` on phantoms.

python benchmarks/augmentation_sheet.py docs/pictures/augmentation.png
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from xraykit.check.augmentation_sheet import variants
from xraykit.config import load_experiment
from xraykit.phantoms import draw_patient, draw_radiograph
from xraykit.report import draw_variants, save_figure

FINDINGS = (None, "Cardiomegaly", "Effusion", "Pneumothorax", "Mass")
RECIPE = Path(__file__).resolve().parents[1] / "experiments" / "recipes" / "small_data.yaml"


def main(path: Path) -> None:
    pictures = np.stack(
        [
            draw_radiograph(draw_patient(number, seed=7), {finding: 0.8} if finding else (), size=224).pixels
            for number, finding in enumerate(FINDINGS)
        ]
    )
    rows = list(variants(pictures, load_experiment(RECIPE).training, seed=7))
    title = "Phantoms, each kind of change at its strongest, and as training draws them"
    save_figure(draw_variants(rows, title, part="train", split="simulated"), path)
    # Grey and half as large, for the repository.
    sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(path), cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
