"""Print how many heat maps a second each saliency method gives, one at a time and in batches, as Markdown.

python benchmarks/explain.py
python benchmarks/explain.py --backbone mobilenet_v3_small --size 224

Phantoms and random weights: neither the radiographs nor the weights matter to the speed. The first map is that of a
method just made. A method traces its network after some calls, and the rates are those after that. The ways take turns
in one process, and the median of the rounds counts. Building the network and importing TensorFlow are not counted.
"""

import argparse
import os
import platform
import statistics
import time
from importlib.metadata import version

import numpy as np

from xraykit.config import load_experiment
from xraykit.data.formats.nih import FINDINGS
from xraykit.explain import saliency_methods
from xraykit.model import backend, build_model
from xraykit.phantoms import draw_patient, draw_radiograph

ROUNDS = 5
SINGLE = 8
# More calls than a method makes before it traces its network.
WARM_UP = 6


def rates(pictures: np.ndarray, model, batch: int) -> dict[str, dict[str, list[float]]]:
    """Seconds to the first map, and maps per second of each way in each round, by method."""
    labels = np.arange(len(pictures)) % len(FINDINGS)
    several = max(1, batch // 8)
    ways = {
        "one at a time": (pictures[:SINGLE], labels[:SINGLE], 1),
        f"batches of {batch}": (pictures, labels, batch),
        f"batches of {batch}, 8 labels of each radiograph": (
            np.repeat(pictures[:several], 8, axis=0),
            np.tile(np.arange(8), several),
            batch,
        ),
    }
    measured: dict[str, dict[str, list[float]]] = {}
    methods = saliency_methods(model)
    for name, method in methods.items():
        measured[name] = {"first map, s": [_seconds(method, pictures[:1], labels[:1], 1)]}
        for _ in range(WARM_UP):
            method.heat_maps(pictures[:1], labels[:1])
    for _ in range(ROUNDS):
        for name, method in methods.items():
            for way, given in ways.items():
                measured[name].setdefault(way, []).append(len(given[0]) / _seconds(method, *given))
    return measured


def _seconds(method, pictures: np.ndarray, labels: np.ndarray, batch: int) -> float:
    began = time.perf_counter()
    method.heat_maps(pictures, labels, batch_size=batch)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="densenet121")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--radiographs", type=int, default=32)
    given = parser.parse_args()
    experiment = load_experiment({}).with_values({"model.backbone": given.backbone, "data.image_size": given.size})
    backend.prepare(experiment.training, experiment.seed)
    model = build_model(experiment)
    patients = (draw_patient(number) for number in range(given.radiographs))
    pictures = np.stack([draw_radiograph(patient, ["Mass"], size=given.size).pixels for patient in patients])
    measured = rates(pictures, model, given.batch)
    devices = backend.describe()["devices"]
    print(
        f"{given.backbone} at {given.size} pixels, float32, {len(pictures)} phantoms, {len(os.sched_getaffinity(0))} "
        f"cores ({platform.machine()}), {devices}; Keras {version('keras')}. Maps per second, median of {ROUNDS} "
        f"rounds (lowest and highest).\n"
    )
    ways = list(next(iter(measured.values())))
    print(f"| method | {' | '.join(ways)} |\n|---|{'---|' * len(ways)}")
    for name, of in measured.items():
        cells = [_cell(of[way]) for way in ways]
        print(f"| {name} | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


if __name__ == "__main__":
    main()
