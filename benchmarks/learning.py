"""Does it learn? xraykit's recipes and plain PyTorch on the same radiographs, side by side.

Each training is a process of its own; its test logits go to FOLDER/NAME-SEED.npz, and those that are there are kept:
stopped, the same command goes on where it was. PyTorch trains torchvision's network on the same parts, with the same
head, augmentation, loss, epochs and batch size (benchmarks/learning_pytorch.py), by the Python that has it.

    python benchmarks/learning.py run ../shared/nih runs/learning --python PYTHON_WITH_TORCH
    python benchmarks/learning.py table runs/learning

The epoch with the best validation macro ROC AUC is measured. The table has the test macro ROC AUC, mean over the seeds,
with a 95 % interval over patients and seeds, and the paired difference to PyTorch; with one seed the interval is over
patients alone. The split is by patient, 70 / 10 / 20 %, seed 7.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

RECIPES = Path(__file__).resolve().parents[1] / "experiments" / "recipes"
RESAMPLES = 2000
_COMMON = ("data.split.method=patient", "data.split.seed=7", "tracking.uri=none")
# What PyTorch is given too: the recipe of 2017, whose every part both have.
_PLAIN = ("training.optimizer=adam", "training.learning_rate=1e-3", "training.early_stopping=null")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="train what is missing")
    run.add_argument("root", help="folder of NIH's label file and pictures")
    run.add_argument("folder", type=Path)
    run.add_argument("--images", default="images-128", help="folder of the pictures in root (images-128)")
    run.add_argument("--network", default="mobilenet_v3_small", help="or densenet121")
    run.add_argument("--size", type=int, default=128, help="pixels (128)")
    run.add_argument("--epochs", type=int, default=20)
    run.add_argument("--batch", type=int, default=32)
    run.add_argument("--seeds", type=int, default=3)
    run.add_argument("--recipes", nargs="*", default=["plain", "scratch", "small_data"], help="plain, or files there")
    run.add_argument("--python", help="of the environment with torch and torchvision; left out: none is compared with")
    run.set_defaults(work=_run)
    table = commands.add_parser("table", help="print the results as Markdown")
    table.add_argument("folder", type=Path)
    table.set_defaults(work=_table)
    one = commands.add_parser("one", help="a single training of xraykit; used by run")
    one.add_argument("job")
    one.set_defaults(work=lambda options: _train(json.loads(options.job)))
    options = parser.parse_args()
    options.work(options)


def _run(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    settings = {key: getattr(options, key) for key in ("root", "images", "network", "size", "epochs", "batch")}
    for seed in range(7, 7 + options.seeds):
        for recipe in options.recipes:
            job = {**settings, "recipe": recipe, "seed": seed, "to": _target(options, recipe, seed)}
            _finish(job, [sys.executable, __file__, "one", json.dumps(job)])
        if options.python:
            job = {**settings, "seed": seed, "to": _target(options, "pytorch", seed)}
            job["parts"] = _target(options, "parts", 0)
            script = Path(__file__).with_name("learning_pytorch.py")
            _finish(job, [options.python, str(script), json.dumps(job)])


def _target(options: argparse.Namespace, name: str, seed: int) -> str:
    return str(options.folder / f"{options.network}-{options.size}-{name}-{seed}.npz")


def _finish(job: dict[str, Any], command: list[str]) -> None:
    if Path(job["to"]).is_file():
        return
    print(f"training {Path(job['to']).stem}", file=sys.stderr, flush=True)
    subprocess.run(command, check=True)


def _experiment(job: dict[str, Any]) -> Any:
    from xraykit import load_experiment

    source: Any = RECIPES / f"{job['recipe']}.yaml"
    recipe: tuple[str, ...] = ()
    if job["recipe"] == "plain":
        source, recipe = {"data": {"format": "nih"}}, _PLAIN
    overrides = [
        *_COMMON,
        *recipe,
        f"data.root={job['root']}",
        f"data.images={job['images']}",
        f"data.image_size={job['size']}",
        f"model.backbone={job['network']}",
        "model.weights=none",
        f"training.epochs={job['epochs']}",
        f"training.batch_size={job['batch']}",
        f"seed={job['seed']}",
    ]
    return load_experiment(source, overrides)


def _train(job: dict[str, Any]) -> None:
    from xraykit.data import load_sealed
    from xraykit.training import load_training_data, trainer_for

    experiment = _experiment(job)
    sealed = load_sealed(experiment.data, experiment.split_seed)
    trainer = trainer_for(experiment, parts=sealed.parts)
    data = trainer.load()
    _export(Path(job["to"]), job, load_training_data(experiment, sealed.unsealed()))
    model = trainer.build()
    started = time.monotonic()
    fit = trainer.fit(model, data, Path(job["to"]).with_suffix(".checkpoints"), lambda row: None)
    minutes = (time.monotonic() - started) / 60
    # Weights and epoch are final from here on.
    table = trainer.predict(model, load_training_data(experiment, sealed.unsealed()), "test")
    logits = table[[f"{label}_logit" for label in sealed.parts.labels]].to_numpy(np.float32)
    _save(Path(job["to"]), logits=logits, minutes=minutes, epoch=fit.best_epoch, validation=fit.score)


def _export(target: Path, job: dict[str, Any], data: Any) -> None:
    """The pictures and labels of all parts, for the other framework and for the table."""
    from xraykit import load_experiment

    parts = target.with_name(f"{job['network']}-{job['size']}-parts-0.npz")
    if parts.is_file():
        return
    content: dict[str, Any] = {"labels": np.array(data.parts.labels, str)}
    for part in ("train", "validation", "test"):
        table = data.parts.catalog_of(part).table
        content[f"{part}_pictures"] = data.pictures(part, table["image"].tolist())
        content[f"{part}_targets"] = data.parts.catalog_of(part).targets()
        content[f"{part}_patients"] = table["patient"].to_numpy(str)
    # That of the plain training, whichever recipe is the first to be trained.
    content["augmentation"] = json.dumps(load_experiment({}).training.augmentation.model_dump())
    _save(parts, **content)


def _save(target: Path, **content: Any) -> None:
    temporary = target.with_suffix(".partial")
    with temporary.open("wb") as file:
        np.savez(file, **content)
    os.replace(temporary, target)


def _table(options: argparse.Namespace) -> None:
    for parts in sorted(options.folder.glob("*-parts-0.npz")):
        stem = parts.name.removesuffix("-parts-0.npz")
        runs: dict[str, list[Path]] = {}
        for path in sorted(options.folder.glob(f"{stem}-*.npz")):
            runs.setdefault(path.stem.removeprefix(f"{stem}-").rpartition("-")[0], []).append(path)
        runs.pop("parts")
        _print(stem, np.load(parts), runs)


def _print(stem: str, parts: Any, runs: dict[str, list[Path]]) -> None:
    from xraykit.evaluation.statistics.resampling import patient_codes

    y = parts["test_targets"]
    codes = patient_codes(parts["test_patients"], len(y))
    sizes = [len(parts[f"{part}_targets"]) for part in ("train", "validation", "test")]
    print(f"\n{stem}: {sizes[0]} / {sizes[1]} / {sizes[2]} radiographs; test part: {codes.max() + 1} patients\n")
    print("| training | seeds | test macro ROC AUC | minus PyTorch | best epoch | minutes |")
    print("|---|---|---|---|---|---|")
    scores = {
        name: np.array([_scores(y, np.load(path)["logits"], codes) for path in paths]) for name, paths in runs.items()
    }
    for name, paths in runs.items():
        own, other = scores[name], scores.get("pytorch", np.empty((0, 1 + RESAMPLES)))
        count = min(len(own), len(other))
        difference = "" if name == "pytorch" or not count else _shown(own[:count] - other[:count])
        loaded = [np.load(path) for path in paths]
        epochs = ", ".join(str(int(each["epoch"])) for each in loaded)
        minutes = ", ".join(f"{float(each['minutes']):.1f}" for each in loaded)
        each_seed = ", ".join(f"{values[0]:.3f}" for values in own)
        print(f"| {name} | {each_seed} | {_shown(own)} | {difference} | {epochs} | {minutes} |")


def _scores(y: np.ndarray, logits: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Macro ROC AUC of the test part and of each resample of its patients, ``(1 + RESAMPLES,)``."""
    from xraykit.evaluation.statistics.resampling import number_of_patients, resampled

    patients = number_of_patients(codes)
    once, drawn = np.ones((patients, 1)), lambda weights: _roc_aucs(y, logits, weights[codes])
    (resamples,) = resampled([drawn], patients, RESAMPLES, seed=7)
    return np.asarray(np.nanmean(np.column_stack([drawn(once), resamples]), axis=0))


def _roc_aucs(y: np.ndarray, logits: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC AUC of each label ``(L, r)`` where the cases count as often as ``weights`` ``(n, r)``; NaN if undefined."""
    found = []
    for label, score in zip(y.T, logits.T, strict=True):
        rows = np.flatnonzero(~np.isnan(label))
        rows = rows[np.argsort(score[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(score[rows], prepend=-np.inf))
        positives = np.add.reduceat(weights[rows] * label[rows, None], starts, axis=0)
        negatives = np.add.reduceat(weights[rows] * (1 - label[rows, None]), starts, axis=0)
        # A positive beats all negatives below it, and half of those with its score.
        beaten = np.sum(positives * (np.cumsum(negatives, axis=0) - negatives / 2), axis=0)
        pairs = positives.sum(axis=0) * negatives.sum(axis=0)
        found.append(np.divide(beaten, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))
    return np.array(found)


def _shown(of_seeds: np.ndarray) -> str:
    """Mean over the seeds with a 95 % interval, from values ``(seeds, 1 + RESAMPLES)``.

    The variance is that over patients, of the mean over the seeds, and that between the seeds divided by their number;
    Student's t has the degrees of freedom of Satterthwaite (Biometrics Bulletin 1946).
    """
    mean, seeds = of_seeds.mean(axis=0), len(of_seeds)
    parts = np.array([np.var(mean[1:], ddof=1), np.var(of_seeds[:, 0], ddof=1) / seeds if seeds > 1 else 0.0])
    degrees = np.array([RESAMPLES - 1, max(seeds - 1, 1)])
    variance = parts.sum()
    distance = stats.t.ppf(0.975, variance**2 / np.sum(parts**2 / degrees)) * np.sqrt(variance)
    return f"{mean[0]:.3f} ({mean[0] - distance:.3f} to {mean[0] + distance:.3f})"


if __name__ == "__main__":
    main()
