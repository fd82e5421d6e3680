"""How many of NIH's boxes a blob in the middle of every picture hits; prints a Markdown table.

    python benchmarks/centre_prior.py [FOLDER]

FOLDER (default: ../shared/nih) holds BBox_List_2017.csv and Data_Entry_2017_v2020.csv. No radiograph is looked at: a
heat map that does not beat these figures says nothing about where the finding is. Beside them stands what Wang et al.
(CVPR 2017, table 4) publish for IoU > 0.3 on the same boxes, with maps of a network and thresholds of their own.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.data.formats.nih.boxes import SIDE, read_boxes
from xraykit.evaluation import localisation_metrics
from xraykit.explain import centre_prior

SIZE = 224
WANG = {
    **{"Atelectasis": 0.244, "Cardiomegaly": 0.459, "Effusion": 0.301, "Infiltration": 0.276},
    **{"Mass": 0.153, "Nodule": 0.038, "Pneumonia": 0.167, "Pneumothorax": 0.133},
}


def main(folder: Path) -> None:
    names = ["Image Index", "Patient ID"]
    patient_of = pd.read_csv(folder / "Data_Entry_2017_v2020.csv", usecols=names, dtype=str).set_index(names[0])
    boxes: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for image, label, *edges in read_boxes(folder).itertuples(index=False):
        x, y, w, h = (float(edge) / SIDE for edge in edges)
        boxes.setdefault((image, label), []).append((x, y, w, h))
    images, labels = [image for image, _ in boxes], [label for _, label in boxes]
    maps = {"centre prior": np.broadcast_to(centre_prior(SIZE), (len(boxes), SIZE, SIZE))}
    patients = patient_of.loc[images, names[1]].to_numpy()
    figures = localisation_metrics(maps, list(boxes.values()), labels, images, patients)
    print(f"{figures['boxes']} boxes on {figures['images']} radiographs of {figures['patients']} patients.\n")
    print("| finding | boxes | pointing game | IoU | boxes hit | Wang 2017 |\n|---|---:|---:|---:|---:|---:|")
    for label, found in sorted(figures["methods"]["centre prior"]["labels"].items()):
        cells = [_shown(found, name) for name in ("pointing_game", "iou", "boxes_hit")]
        print(f"| {label} | {found['boxes']} | {' | '.join(cells)} | {WANG[label]:.3f} |")


def _shown(found: dict, name: str) -> str:
    low, high = found[f"{name}_interval"]
    return f"{found[name]:.3f} ({low:.3f}-{high:.3f})"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/nih"))
