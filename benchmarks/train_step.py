"""Print how fast one training step is, as Markdown: xraykit in all its modes, plain Keras, PyTorch eager and compiled.

python benchmarks/train_step.py
python benchmarks/train_step.py --network mobilenet_v3_small --size 224 --python OTHER/bin/python
python benchmarks/train_step.py --ways one_call,one_call_bf16,torch,torch_bf16
python benchmarks/train_step.py --size 64 --steps 24 --ways one_call,one_call_x8,one_call_xla,xla,xla_x8,torch

The same pictures (uint8), network, batch, loss and optimizer (Adam) for all; no augmentation, and no dropout besides
what the network has. Every way is a process of its own. They take turns, some steps each, so that a machine that
drifts slows all of them down alike: the ratio is the median over the rounds of the ratio within a round. With a GPU,
each uses it; memory is then the device's, otherwise the process's. PyTorch and torchvision may be in another
environment (``--python``); without them their rows say so.

Each turn of xraykit and Keras is an epoch of ``fit``, whose begin and end are in the time: give more steps where one is
short. ``x8`` runs up to eight steps in each call (``steps_per_execution``), so ``--steps`` should be a multiple of 8.
Where other work takes turns with all ways, the processor's time for an image says more than images per second; while
threads wait for each other, it may count.
"""

import argparse
import json
import os
import platform
import queue
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np

LABELS = 14
POSITIVE, NEGATIVE = 0.8, 0.2
RATE = 1e-4
REFERENCE = "torch"


@dataclass(frozen=True)
class Way:
    """One competitor: its title, the part of this file that runs it, and its settings."""

    title: str
    kind: str
    precision: str = "float32"
    environment: dict[str, str] = field(default_factory=dict)
    xla: bool = False
    together: int = 1


_JAX = {"KERAS_BACKEND": "jax"}
_FLOAT32 = {
    "one_call": Way("xraykit, one call for each step", "one_call"),
    "one_call_x8": Way("xraykit, one call for 8 steps", "one_call", together=8),
    "one_call_xla": Way("xraykit, one call for each step, by XLA", "one_call", xla=True),
    "pieces": Way("xraykit, in pieces", "pieces"),
    "xla": Way("xraykit, training.xla: true", "keras_step", xla=True),
    "xla_x8": Way("xraykit, training.xla: true, 8 steps", "keras_step", xla=True, together=8),
    "jax": Way("xraykit on JAX", "keras_step", environment=_JAX, xla=True),
    "jax_x8": Way("xraykit on JAX, 8 steps", "keras_step", environment=_JAX, xla=True, together=8),
    "keras": Way("plain Keras, not compiled by XLA", "keras_fit"),
    "keras_x8": Way("plain Keras, not compiled by XLA, 8 steps", "keras_fit", together=8),
    "torch": Way("PyTorch channels_last", "torch"),
    "torch_compiled": Way("PyTorch channels_last, torch.compile", "torch_compiled"),
}
_HALF = {f"{name}_bf16": replace(way, precision="mixed_bfloat16") for name, way in _FLOAT32.items()}
WAYS = _FLOAT32 | _HALF
# Half precision is measured where it is the question; `--ways all` runs the others too.
DEFAULT = [*_FLOAT32, "one_call_bf16", "pieces_bf16", "torch_bf16"]


def pictures(batch: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A batch of made-up radiographs ``(B, S, S, 1)`` uint8 and labels ``(B, 14)`` float32."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (batch, size, size, 1), dtype=np.uint8)
    return pixels, (random.random((batch, LABELS)) < 0.2).astype(np.float32)


# --- workers: each way in its own process -------------------------------------------------------------------------


def work(way: Way, network: str, size: int, batch: int) -> None:
    """Train as many steps as each line of standard input asks for; answer each with a line of JSON."""
    answers = os.fdopen(os.dup(1), "w")
    # What libraries print must not get in between.
    os.dup2(2, 1)
    started = time.perf_counter()
    run, peak, device = (torch_steps if way.kind.startswith("torch") else keras_steps)(way, network, size, batch)
    run(2)
    print(json.dumps({"start": time.perf_counter() - started, "device": device}), file=answers, flush=True)
    for line in sys.stdin:
        steps = int(line)
        begun, busy = time.perf_counter(), time.process_time()
        run(steps)
        seconds, busy = time.perf_counter() - begun, time.process_time() - busy
        answer = {"speed": steps * batch / seconds, "busy": 1000 * busy / steps / batch, "peak": peak()}
        print(json.dumps(answer), file=answers, flush=True)


def keras_steps(way: Way, network: str, size: int, batch: int):
    """xraykit's own steps and Keras': a function that runs so many steps, one for peak memory, and the device."""
    import keras

    from xraykit.config import load_experiment
    from xraykit.model import WeightedBinaryCrossentropy, backend, build_model
    from xraykit.training.batch_ends import BatchEnds
    from xraykit.training.callbacks import StopOnNonFiniteLoss

    values = {"model.backbone": network, "data.image_size": size, "training.precision": way.precision}
    values["training.deterministic"] = not way.xla  # as is the default; XLA cannot be had with it
    still = {f"training.augmentation.{name}": 0.0 for name in ("shift", "rotation", "zoom", "contrast")}
    experiment = load_experiment({}).with_values({**values, **still, "training.batch_size": batch})
    backend.prepare(experiment.training, experiment.seed)
    model = build_model(experiment)
    pixels, targets = pictures(batch, size)
    loss = WeightedBinaryCrossentropy([POSITIVE] * LABELS, [NEGATIVE] * LABELS)
    model, optimizer = _trained_by(way, model)
    alone = way.kind in ("one_call", "pieces") and not way.xla and way.together == 1
    model.compile(optimizer, loss, run_eagerly=alone, jit_compile=way.xla, steps_per_execution=way.together)

    class Repeated(keras.utils.PyDataset):
        """The same batch again and again, read as those of a training are."""

        steps = 2

        def __len__(self) -> int:
            return self.steps

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return pixels, targets

    batches = Repeated()

    def run(steps: int) -> None:
        batches.steps = steps
        # The loss of an epoch is read at its end, which waits for the device.
        if way.kind == "keras_fit":
            model.fit(batches, verbose=0, shuffle=False)
            return
        # As in a training.
        with backend.light_graphs(), BatchEnds([StopOnNonFiniteLoss()], model, 1, steps) as called:
            model.fit(batches, verbose=0, shuffle=False, callbacks=called)

    return run, _keras_peak, backend.describe()["devices"]


def _trained_by(way: Way, model):
    """The model that is compiled, and its optimizer."""
    import keras

    from xraykit.model.optimizers import OptimizerRecipe, build_optimizer
    from xraykit.training.trainee import trainee_of

    recipe = OptimizerRecipe("adam", RATE)
    if way.kind == "keras_fit":
        return keras.Model(model.inputs, model.outputs), keras.optimizers.Adam(RATE)
    if way.kind == "keras_step":
        return trainee_of(model, xla=True), build_optimizer(recipe, model)
    from xraykit.model.tensorflow.steps import in_pieces

    model = in_pieces(model, one_call=way.kind == "one_call")
    return model, model.optimizer_for(recipe)


def _keras_peak() -> float:
    import keras

    if keras.backend.backend() == "jax":
        import jax

        found = jax.devices()[0].memory_stats()
        return _process_peak() if found is None else found["peak_bytes_in_use"] / 2**30
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return _process_peak()
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30


def _process_peak() -> float:
    import resource

    # Kilobytes on Linux, bytes on macOS.
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def torch_steps(way: Way, network: str, size: int, batch: int):
    """The same of PyTorch with torchvision's network, in its fastest memory layout."""
    import torch
    import torchvision
    from torch.nn import functional

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    build = {"densenet121": "densenet121", "mobilenet_v3_small": "mobilenet_v3_small"}[network]
    model = getattr(torchvision.models, build)(weights=None, num_classes=LABELS)
    model = model.to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    forward = torch.compile(model) if way.kind == "torch_compiled" else model
    pixels, targets = (torch.from_numpy(each) for each in pictures(batch, size))
    half = torch.autocast(device.type, torch.bfloat16, enabled=way.precision == "mixed_bfloat16")

    def step() -> None:
        inputs = pixels.to(device, non_blocking=True).permute(0, 3, 1, 2).float().div(255).expand(-1, 3, -1, -1)
        wanted = targets.to(device, non_blocking=True)
        optimizer.zero_grad(set_to_none=True)
        with half:
            logits = forward(inputs.contiguous(memory_format=torch.channels_last)).float()
        terms = POSITIVE * wanted * functional.softplus(-logits) + NEGATIVE * (1 - wanted) * functional.softplus(logits)
        terms.sum(1).mean().backward()
        optimizer.step()

    def run(steps: int) -> None:
        for _ in range(steps):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    def peak() -> float:
        return torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else _process_peak()

    return run, peak, torch.cuda.get_device_name() if device.type == "cuda" else "CPU"


# --- the main process: turns, and the table -----------------------------------------------------------------------


class Worker:
    """The process of one way."""

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.way = name, WAYS[name]
        self.start, self.device, self.speeds, self.peak, self.error = 0.0, "", [], 0.0, ""
        self.busy: list[float] = []
        python = options.python if name.startswith("torch") and options.python else sys.executable
        command = [python, os.path.abspath(__file__), "--work", name, "--network", options.network]
        command += ["--size", str(options.size), "--batch", str(options.batch)]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet, **self.way.environment},
        )
        self._words: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        answer = self._answer()
        self.start, self.device = answer.get("start", 0.0), answer.get("device", "")

    def turn(self, steps: int) -> float | None:
        """Pictures per second of so many steps."""
        if self.error:
            return None
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        answer = self._answer()
        if self.error:
            return None
        self.speeds.append(answer["speed"])
        self.busy.append(answer["busy"])
        self.peak = answer["peak"]
        return answer["speed"]

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()

    def _listen(self) -> None:
        for line in self._process.stderr:
            self._words.put(line)

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        words = []
        while not self._words.empty():
            words.append(self._words.get())
        self.error = next((word.strip() for word in reversed(words) if word.strip()), "ended without a message")
        return {}


def measure(options: argparse.Namespace) -> tuple[list[Worker], list[dict[str, float | None]]]:
    """All workers, and the speed of each in each round."""
    workers = []
    for name in options.ways:
        workers.append(Worker(name, options))
        state = workers[-1].error or f"first steps after {workers[-1].start:.0f} s"
        print(f"{name}: {state}", file=sys.stderr, flush=True)
    rounds = []
    for number in range(options.rounds):
        # The order changes, so that nobody always follows the same neighbour.
        turns = workers if number % 2 == 0 else workers[::-1]
        rounds.append({worker.name: worker.turn(options.steps) for worker in turns})
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    for worker in workers:
        worker.end()
    return workers, rounds


def table(workers: list[Worker], rounds: list[dict[str, float | None]], options: argparse.Namespace) -> None:
    """Print the table."""
    device = next((worker.device for worker in workers if worker.device), "")
    print(
        f"{options.network} at {options.size} pixels, batch {options.batch}, {os.cpu_count()} cores "
        f"({platform.machine()}), {device}; {options.rounds} rounds of {options.steps} steps each. Ratio: to PyTorch "
        f"channels_last in float32, above 1 is faster.\n"
    )
    print("| step | precision | images/s | ratio | processor, ms/image | peak, GiB | start and first two steps, s |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for worker in workers:
        row = f"| {worker.way.title} | {worker.way.precision} |"
        if worker.error or not worker.speeds:
            print(f"{row} not measured: {worker.error[:120]} | | | | |")
            continue
        pairs = [(each[worker.name], each.get(REFERENCE)) for each in rounds]
        ratios = [own / other for own, other in pairs if own and other]
        ratio = f"{statistics.median(ratios):.2f}" if ratios else ""
        speed, busy = statistics.median(worker.speeds), statistics.median(worker.busy)
        print(f"{row} {speed:.1f} | {ratio} | {busy:.1f} | {worker.peak:.2f} | {worker.start:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["densenet121", "mobilenet_v3_small"], default="mobilenet_v3_small")
    parser.add_argument("--size", type=int, default=224, help="pixels of a side (default: 224)")
    parser.add_argument("--batch", type=int, default=16, help="pictures per step (default: 16)")
    parser.add_argument("--steps", type=int, default=8, help="steps of a turn (default: 8)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each way (default: 5)")
    parser.add_argument("--ways", default=",".join(DEFAULT), help=f"all, or some of: {', '.join(WAYS)}")
    parser.add_argument("--python", help="the interpreter of an environment with PyTorch and torchvision")
    parser.add_argument("--work", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(WAYS[options.work], options.network, options.size, options.batch)
        return
    options.ways = list(WAYS) if options.ways == "all" else options.ways.split(",")
    unknown = [name for name in options.ways if name not in WAYS]
    if unknown:
        parser.error(f"--ways: {', '.join(unknown)}: expected some of {', '.join(WAYS)}")
    table(*measure(options), options)


if __name__ == "__main__":
    main()
