"""How fast radiographs are predicted, from files to logits; beside TorchXRayVision where it is installed. As Markdown.

python benchmarks/predict.py --data ../shared/nih/images-1024 [--python OTHER_PYTHON] [--rounds 5]

DenseNet121 at 224 pixels with random weights, batches of 32. All ways are warm, and take turns round by round: all
files of the folder, then one file. OTHER_PYTHON is that of an environment with torchxrayvision; its network runs
channels_last, with the same reading threads.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BATCH, SIZE, REPEATS = 32, 224, 2


class Ours:
    """xraykit's network in one precision."""

    def __init__(self, precision: str) -> None:
        from xraykit.bundle import Classifier
        from xraykit.config import load_experiment
        from xraykit.model import build_model

        labels = [f"label {number}" for number in range(14)]
        data = {"format": "phantom", "image_size": SIZE, "phantom": {"patients": 16, "images": 24, "size": 64}}
        model = build_model(load_experiment({"data": data, "model": {"backbone": "densenet121"}}))
        about = {"preprocessing": {"max_megapixels": 64}}
        self._classifier = Classifier((model,), tuple(labels), None, None, about, precision=precision)

    def __call__(self, paths: list[str]) -> None:
        for opened in self._classifier.open_batches([(path, path) for path in paths], BATCH):
            self._classifier.logits(_stacked([each.radiograph.picture for each in opened]), BATCH)


class Theirs:
    """TorchXRayVision's network, in a process of its own."""

    def __init__(self, python: str, precision: str) -> None:
        command = [python, __file__, "--serve", precision]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, paths: list[str]) -> None:
        self._process.stdin.write("\t".join(paths) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise SystemExit("The process with torchxrayvision ended.")

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def _stacked(pictures):
    import numpy as np

    return np.stack(pictures)


def serve(precision: str) -> None:
    """Predict the files of each line of standard input with TorchXRayVision."""
    from concurrent.futures import ThreadPoolExecutor

    import cv2
    import numpy as np
    import torch
    import torchxrayvision

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = torchxrayvision.models.DenseNet(weights=None).eval().to(memory_format=torch.channels_last)

    def read(path: str) -> np.ndarray:
        pixels = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        return cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) * (2048 / 255) - 1024

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool, torch.inference_mode():
        for line in sys.stdin:
            pictures, paths = [], line.rstrip("\n").split("\t")
            for number, picture in enumerate(pool.map(read, paths), start=1):
                pictures.append(picture)
                if len(pictures) == BATCH or number == len(paths):
                    batch = torch.from_numpy(np.stack(pictures)[:, None]).to(memory_format=torch.channels_last)
                    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                        network.features(batch).mean((2, 3)) @ network.classifier.weight.T
                    pictures = []
            print("done", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/nih/images-1024"))
    parser.add_argument("--python", help="the Python of an environment with torchxrayvision")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    paths = sorted(str(path.resolve()) for path in options.data.iterdir() if path.suffix == ".png")
    precisions = ("float32", "bfloat16")
    ways = {f"xraykit, {precision}": Ours(precision) for precision in precisions}
    if options.python:
        ways |= {f"TorchXRayVision, {precision}": Theirs(options.python, precision) for precision in precisions}
    for way in ways.values():
        for _ in range(5):  # the fifth call is the first that uses a graph
            way(paths[:1])
        way(paths)
        way(paths[:1])
    seconds = {name: ([], []) for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            for kind, (files, times) in enumerate(((paths * REPEATS, 1), (paths[:1], 5))):
                for _ in range(times):
                    began = time.perf_counter()
                    way(files)
                    seconds[name][kind].append((time.perf_counter() - began) / len(files))
    print(
        f"| DenseNet121, {SIZE} px, {len(paths) * REPEATS} files, medians of {options.rounds} | pictures/s | one, ms |"
    )
    print("|---|---:|---:|")
    for name, (many, one) in seconds.items():
        print(f"| {name} | {1 / statistics.median(many):.1f} | {1000 * statistics.median(one):.0f} |")
    for way in ways.values():
        if isinstance(way, Theirs):
            way.close()


if __name__ == "__main__":
    main()
