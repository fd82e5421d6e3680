"""Draw one phantom for each finding, with its box, as one picture.

python benchmarks/phantom_montage.py docs/pictures/phantoms.png
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from xraykit.data.formats.nih import FINDINGS
from xraykit.phantoms import draw_patient, draw_radiograph

SIZE, COLUMNS = 192, 5


def panel(label: str | None) -> np.ndarray:
    drawn = draw_radiograph(draw_patient(4, seed=7), {label: 0.8} if label else (), size=SIZE)
    picture = cv2.cvtColor(drawn.pixels, cv2.COLOR_GRAY2BGR)
    for boxes in drawn.boxes.values():
        for x, y, width, height in boxes:
            cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), (0, 200, 255), 1)
    strip = np.full((22, SIZE, 3), 255, np.uint8)
    cv2.putText(strip, label or "No Finding", (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, picture])


def main(path: Path) -> None:
    panels = [panel(label) for label in (None, *FINDINGS)]
    rows = [np.hstack(panels[start : start + COLUMNS]) for start in range(0, len(panels), COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
