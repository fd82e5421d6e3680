"""Print how large and how fast backbones are, as Markdown: parameters, prediction and a training step.

python benchmarks/backbones.py
python benchmarks/backbones.py --size 224 --backbones densenet121,keras:EfficientNetV2S,hub:./my_preset

Each backbone has random weights, xraykit's head for 14 labels, and a process of its own. They take turns, some batches
of prediction and some training steps each, so that a machine that drifts slows all of them down alike: a ratio is the
median over the rounds of the ratio to DenseNet121 within a round. Prediction is that of `predict`, in float32; a step
is that of a training with Adam, without augmentation.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

REFERENCE = "densenet121"
DEFAULT = f"{REFERENCE},mobilenet_v3_small,keras:EfficientNetV2B0,keras:ConvNeXtTiny,keras:ResNet50V2"
LABELS = 14
WARM = 6


# --- workers: each backbone in its own process --------------------------------------------------------------------


def work(backbone: str, size: int, batch: int) -> None:
    """Predict and train as many batches as each line of standard input asks for; answer with a line of JSON."""
    answers = os.fdopen(os.dup(1), "w")
    # What libraries print must not get in between.
    os.dup2(2, 1)
    parameters, predict, train = _functions(backbone, size, batch)
    # The network is traced for prediction after some batches.
    predict(WARM)
    train(2)
    print(json.dumps({"parameters": parameters}), file=answers, flush=True)
    for line in sys.stdin:
        batches = int(line)
        speeds = {"predict": _speed(predict, batches, batch), "train": _speed(train, batches, batch)}
        print(json.dumps(speeds), file=answers, flush=True)


def _speed(run, batches: int, batch: int) -> float:
    begun = time.perf_counter()
    run(batches)
    return batches * batch / (time.perf_counter() - begun)


def _functions(backbone: str, size: int, batch: int):
    """Number of parameters, and two functions that predict and train so many batches."""
    import keras
    import numpy as np

    from xraykit.config import load_experiment
    from xraykit.model import WeightedBinaryCrossentropy, backend, build_model
    from xraykit.model.optimizers import OptimizerRecipe
    from xraykit.model.tensorflow.steps import in_pieces

    still = {f"training.augmentation.{name}": 0.0 for name in ("shift", "rotation", "zoom", "contrast")}
    values = {"model.backbone": backbone, "data.image_size": size, "training.batch_size": batch, **still}
    experiment = load_experiment({}).with_values(values)
    backend.prepare(experiment.training, experiment.seed)
    plain = build_model(experiment)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (batch, size, size, 1), dtype=np.uint8)
    targets = (random.random((batch, LABELS)) < 0.2).astype(np.float32)
    # Before training: prediction has the weights as constants.
    logits = backend.Inference(plain)
    model = in_pieces(plain, one_call=True)
    loss = WeightedBinaryCrossentropy([0.8] * LABELS, [0.2] * LABELS)
    model.compile(model.optimizer_for(OptimizerRecipe("adam", 1e-4)), loss, run_eagerly=True, jit_compile=False)

    class Repeated(keras.utils.PyDataset):
        """The same batch again and again."""

        steps = 2

        def __len__(self) -> int:
            return self.steps

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return pixels, targets

    def predict(batches: int) -> None:
        logits(np.concatenate([pixels.astype(np.float32)] * batches), batch)

    def train(batches: int) -> None:
        repeated = Repeated()
        repeated.steps = batches
        with backend.light_graphs():
            model.fit(repeated, verbose=0, shuffle=False)

    return plain.count_params(), predict, train


# --- the main process: turns, and the table -----------------------------------------------------------------------


class Worker:
    """The process of one backbone."""

    def __init__(self, backbone: str, options: argparse.Namespace) -> None:
        self.backbone = backbone
        command = [sys.executable, os.path.abspath(__file__), "--work", backbone]
        command += ["--size", str(options.size), "--batch", str(options.batch)]
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet)
        self.parameters = 0

    def wait(self) -> None:
        """Until it is built and warm."""
        self.parameters = self._answer()["parameters"]

    def turn(self, batches: int) -> dict[str, float]:
        """Pictures per second of prediction and of training."""
        self._process.stdin.write(f"{batches}\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.backbone}: its process ended; its message is above.")
        return json.loads(line)


def measure(options: argparse.Namespace) -> tuple[list[Worker], list[dict[str, dict[str, float]]]]:
    """All workers, and the speeds of each in each round."""
    workers = [Worker(name, options) for name in options.backbones]
    for worker in workers:
        worker.wait()
        print(f"{worker.backbone}: ready", file=sys.stderr, flush=True)
    rounds = []
    for number in range(options.rounds):
        # The order changes, so that nobody always follows the same neighbour.
        turns = workers if number % 2 == 0 else workers[::-1]
        rounds.append({worker.backbone: worker.turn(options.batches) for worker in turns})
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    for worker in workers:
        worker.end()
    return workers, rounds


def table(workers: list[Worker], rounds: list[dict[str, dict[str, float]]], options: argparse.Namespace) -> None:
    """Print the table."""
    print(
        f"{options.size} pixels, batch {options.batch}, float32, {os.cpu_count()} cores ({platform.machine()}); "
        f"{options.rounds} rounds of {options.batches} batches each. Ratio: to {REFERENCE}, above 1 is faster.\n"
    )
    print("| backbone | parameters, millions | prediction, images/s | ratio | training, images/s | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for worker in workers:
        cells = [f"`{worker.backbone}`", f"{worker.parameters / 1e6:.1f}"]
        for what in ("predict", "train"):
            speeds = [each[worker.backbone][what] for each in rounds]
            ratios = [each[worker.backbone][what] / each[REFERENCE][what] for each in rounds]
            cells += [f"{statistics.median(speeds):.1f}", f"{statistics.median(ratios):.2f}"]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", default=DEFAULT, help=f"separated by commas (default: {DEFAULT})")
    parser.add_argument("--size", type=int, default=128, help="pixels of a side (default: 128)")
    parser.add_argument("--batch", type=int, default=16, help="pictures of a batch (default: 16)")
    parser.add_argument("--batches", type=int, default=4, help="batches of a turn (default: 4)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each backbone (default: 5)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.size, options.batch)
        return
    options.backbones = list(dict.fromkeys([REFERENCE, *options.backbones.split(",")]))
    table(*measure(options), options)


if __name__ == "__main__":
    main()
