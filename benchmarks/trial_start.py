"""Print how long a trial takes to its first optimizer step, as Markdown: Keras' own way before, and xraykit's after.

python benchmarks/trial_start.py
python benchmarks/trial_start.py --backbone mobilenet_v3_small --size 224

Seconds from asking for the network to the end of the first step, on made-up pictures. Each way is measured in a
process of its own, in which nothing was built before; importing TensorFlow is not counted.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

TRIALS = {
    "first trial": {},
    "another learning rate": {"training.learning_rate": 3e-4},
    "another dropout rate": {"model.dropout_rate": 0.5},
    "another batch size": {"training.batch_size": 8},
    "another augmentation": {"training.augmentation.rotation": 12.0},
    "another head": {"model.num_dense_layers": 2, "model.dense_neurons": 128},
    "another optimizer": {"training.optimizer": "rmsprop"},
}
WAYS = ("before", "after")
# Keras builds every trial again, whatever differs: two of them are enough.
MEASURED_BEFORE = ("first trial", "another learning rate")


def measure(way: str, backbone: str, size: int) -> None:
    """Print seconds and peak memory of each trial, one JSON line for each."""
    import keras
    import numpy as np

    from xraykit.config import load_experiment
    from xraykit.model import backend, build_model
    from xraykit.model.losses import WeightedBinaryCrossentropy

    random = np.random.default_rng(0)
    for trial, changes in TRIALS.items():
        if way == "before" and trial not in MEASURED_BEFORE:
            continue
        values = {"model.backbone": backbone, "data.image_size": size, **changes}
        experiment = load_experiment({}).with_values(values)
        training, labels = experiment.training, len(experiment.data.labels)
        pixels = random.integers(0, 256, (training.batch_size, size, size, 1), dtype=np.uint8).astype(np.float32)
        targets = (random.random((training.batch_size, labels)) < 0.2).astype(np.float32)
        loss = WeightedBinaryCrossentropy([0.8] * labels, [0.2] * labels)
        started = time.perf_counter()
        backend.prepare(training, experiment.seed)
        if way == "before":
            # Nothing of an earlier trial is kept, as it was before networks were.
            keras.utils.clear_session()
            backend.prepare(training, experiment.seed)
            model = _afresh(experiment)
            model.compile(_keras_optimizer(training), loss, jit_compile=False)
            model.fit(pixels, targets, batch_size=training.batch_size, verbose=0)
        else:
            from xraykit.model.optimizers import OptimizerRecipe
            from xraykit.model.tensorflow.steps import in_pieces

            model = build_model(experiment)
            pieces = in_pieces(model)
            optimizer = pieces.optimizer_for(OptimizerRecipe.of(training, training.learning_rate))
            pieces.compile(optimizer, loss, run_eagerly=True, jit_compile=False)
            pieces.optimizer.build(pieces.trainable_variables)
            with backend.light_graphs():
                pieces.fit(pixels, targets, batch_size=training.batch_size, verbose=0)
            del pieces, optimizer
        seconds = time.perf_counter() - started
        del model
        print(json.dumps([trial, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]), flush=True)


def _afresh(experiment):
    """The network on layers of its own: its head is put on a body that the pool gives to nobody else."""
    from xraykit.model import build as model

    model._NETWORKS = type(model._NETWORKS)(size=1)
    return model.build_model(experiment)


def _keras_optimizer(training):
    import keras

    return {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}[training.optimizer](
        training.learning_rate
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="densenet121")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        measure(given.way, given.backbone, given.size)
        return
    results = {}
    for way in WAYS:
        command = [sys.executable, __file__, "--way", way, "--backbone", given.backbone, "--size", str(given.size)]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
        results[way] = [json.loads(line) for line in done.stdout.splitlines()]
    _show(results, given.backbone, given.size)


def _show(results, backbone: str, size: int) -> None:
    from importlib.metadata import version

    print(
        f"{backbone} at {size} pixels, float32, {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, TensorFlow {version('tensorflow')}, Keras {version('keras')}; "
        "seconds to the end of the first step, and the process's peak memory after it.\n"
    )
    print("| trial, in this order | before, s | after, s | before, GiB | after, GiB |\n|---|---|---|---|---|")
    before = {trial: figures for trial, *figures in results["before"]}
    for trial, seconds, memory in results["after"]:
        earlier = [f"{figure:.2f}" for figure in before.get(trial, ())] or ["", ""]
        print(f"| {trial} | {earlier[0]} | {seconds:.2f} | {earlier[1]} | {memory:.2f} |")


if __name__ == "__main__":
    main()
