"""Print how far a training on several devices or processes is from that on one device, as Markdown. JAX alone.

python benchmarks/devices.py experiments/quickstart.yaml training.epochs=2

Each training is a process of its own, or two, on this machine: one device; four virtual devices of the processor; two
processes on loopback, connected by JAX. Differences are the largest ones: of the final weights, of
the logits of the validation part, and of the epochs' losses and scores. The batch size must be a multiple of four.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

VIRTUAL = "--xla_force_host_platform_device_count=4"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", help="experiment file")
    parser.add_argument("overrides", nargs="*", help="values that override the file's")
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.result:
        _train(options.experiment, options.overrides, options.result)
        return
    with tempfile.TemporaryDirectory() as folder:
        words = [options.experiment, *options.overrides]
        one = _results(words, Path(folder), "one", [{}], "one")
        others = {
            "four virtual devices": _results(words, Path(folder), "devices", [{"XLA_FLAGS": VIRTUAL}]),
            "two processes": _results(words, Path(folder), "processes", _pair()),
        }
    print("| training on | against one device: weights | logits | losses and scores |")
    print("|---|---:|---:|---:|")
    for name, found in others.items():
        far = {key: float(np.abs(found[key] - one[key]).max()) for key in one}
        weights = max(value for key, value in far.items() if key.startswith("w"))
        print(f"| {name} | {weights:.1e} | {far['logits']:.1e} | {far['history']:.1e} |")


def _pair() -> list[dict[str, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    both = {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": "2"}
    return [{**both, "JAX_PROCESS_ID": str(number)} for number in range(2)]


def _results(
    words: list[str], folder: Path, name: str, environments: list[dict[str, str]], devices: str = "all"
) -> dict[str, np.ndarray]:
    """What process 0 trained."""
    files = [folder / f"{name}-{number}.npz" for number in range(len(environments))]
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, *words, f"training.devices={devices}", "--result", str(file)],
            env={**os.environ, "KERAS_BACKEND": "jax", **environment},
            stdout=sys.stderr,
        )
        for file, environment in zip(files, environments, strict=True)
    ]
    statuses = [process.wait() for process in processes]
    if any(statuses):
        sys.exit(f"A training failed ({name}).")
    with np.load(files[0], allow_pickle=False) as file:
        return dict(file)


def _train(experiment: str, overrides: list[str], result: Path) -> None:
    from xraykit.config import load_experiment
    from xraykit.training import trainer_for

    trainer = trainer_for(load_experiment(experiment, overrides))
    model, data = trainer.build(), trainer.load()
    fit = trainer.fit(model, data, None, lambda row: None)
    table = trainer.predict(model, data, "validation")
    weights = {f"w{number:05d}": np.asarray(each) for number, each in enumerate(model.weights)}
    rows = [[row["loss"], row["val_loss"], row["val_roc_auc"]] for row in fit.history]
    np.savez(result, logits=table.filter(like="logit").to_numpy(), history=np.array(rows), **weights)


if __name__ == "__main__":
    main()
