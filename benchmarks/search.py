"""What a search costs and what it saves; prints Markdown tables, as docs/benchmarks.md keeps them.

    python benchmarks/search.py [overhead] [pruning] [workers]

Everything is measured on phantoms drawn on the spot. How long a trial takes to start is measured by
``python benchmarks/trial_start.py``.

overhead  A search of three DenseNet121 trials; after each trial the same training alone, so that both see the machine
          in the same mood. The graph is traced before.
pruning   Twelve trials with the median pruner and without, the same values in both (random sampler), five seeds.
workers   Eight trials by one worker on one core, then by two workers with a core each.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.config import Experiment, load_experiment

TINY = str(Path(__file__).resolve().parents[1] / "tests" / "tiny_backbone.py")


def main() -> None:
    """Run the parts that the command line names, all by default."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    print(f"{len(os.sched_getaffinity(0))} cores.\n", flush=True)
    for name in sys.argv[1:] or list(_PARTS):
        with tempfile.TemporaryDirectory() as folder:
            _PARTS[name](Path(folder))


def _experiment(folder: Path, **sections: Any) -> Experiment:
    values: dict[str, Any] = {
        "name": "benchmark",
        "plugins": [TINY],
        "data": {
            "format": "phantom",
            "root": str(folder.parent / "xraykit-benchmark-phantoms"),
            "image_size": 32,
            "labels": ["Cardiomegaly", "Effusion", "Pneumothorax", "Edema", "Emphysema"],
            "phantom": {"patients": 300, "images": 450, "size": 64},
        },
        "model": {"backbone": "tiny"},
        "training": {"early_stopping": None},
        "output": {"root": str(folder / "runs")},
    }
    for name, changes in sections.items():
        values[name] = {**values.get(name, {}), **changes} if isinstance(changes, Mapping) else changes
    return load_experiment(values)


def _overhead(folder: Path) -> None:
    from xraykit.data import load_parts
    from xraykit.search import open_study
    from xraykit.search.study_setup import StudySetup
    from xraykit.search.trial_training import TrialTraining
    from xraykit.tracking import open_tracker
    from xraykit.training import trainer_for, validation_scores

    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    experiment = _experiment(
        folder,
        data={"image_size": 64},
        model={"backbone": "densenet121"},
        training={"epochs": 1},
        search={"n_trials": 3, "space": space, "optuna": {"pruner": "none"}},
    )
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    setup = StudySetup.of(experiment, parts)
    alone: list[float] = []

    def train_alone(values: Mapping[str, Any], checkpoints: Path) -> None:
        began = time.perf_counter()
        trainer = trainer_for(setup.trial_experiment.with_values(values), parts=parts)
        validation_scores(trainer, lambda row: None, checkpoints)
        alone.append(time.perf_counter() - began)

    train_alone({}, folder / "warm")
    alone.clear()
    tracker = open_tracker("auto", root=folder / "runs", experiment="benchmark", run_name="search")
    began = time.perf_counter()
    with tracker, open_study(setup.plan()) as study:
        training = TrialTraining(setup, parts, tracker)

        def both(values: dict[str, Any], trial: Any) -> Mapping[str, float]:
            scores = training(values, trial)
            train_alone(values, folder / f"alone-{trial.number}")
            return scores

        study.work(both)
    searched = time.perf_counter() - began - sum(alone)
    images = parts.sizes["train"]
    print(f"**Overhead** of a search over the same trainings alone (DenseNet121, 64 px, {images} phantoms, 1 epoch)\n")
    print("| trials | search, s | alone, s | ratio |\n|---:|---:|---:|---:|")
    print(f"| {len(alone)} | {searched:.1f} | {sum(alone):.1f} | {searched / sum(alone):.3f} |\n", flush=True)


def _pruning(folder: Path) -> None:
    print("**Pruning**: twelve trials of eight epochs, the same values with and without (random sampler)\n")
    print("| seed | epochs, no pruner | epochs, median | saved | best, no pruner | best, median |")
    print("|---:|---:|---:|---:|---:|---:|")
    space = {
        "training.learning_rate": {"low": 1e-5, "high": 1e-1, "log": True},
        "training.optimizer": {"choices": ["rmsprop", "adam", "sgd"]},
        "model.dropout_rate": {"choices": [0.1, 0.3, 0.5]},
    }
    spent = {"none": 0, "median": 0}
    for seed in range(1, 6):
        row: dict[str, tuple[int, float]] = {}
        for pruner in spent:
            optuna = {"sampler": "random", "pruner": pruner, "startup_trials": 4, "warmup_epochs": 1}
            search = {"n_trials": 12, "space": space, "optuna": optuna}
            experiment = _experiment(folder / pruner, seed=seed, training={"epochs": 8}, search=search)
            trials = _search(experiment)
            best = max(trial.score for trial in trials if trial.state == "complete" and trial.score is not None)
            row[pruner] = sum(trial.epochs for trial in trials), best
            spent[pruner] += row[pruner][0]
        (whole, best), (less, found) = row["none"], row["median"]
        print(f"| {seed} | {whole} | {less} | {1 - less / whole:.0%} | {best:.4f} | {found:.4f} |", flush=True)
    print(
        f"| all | {spent['none']} | {spent['median']} | {1 - spent['median'] / spent['none']:.0%} | | |\n", flush=True
    )


def _workers(folder: Path) -> None:
    print("**Workers**: eight trials of eight epochs\n")
    print("| workers | cores each | seconds, first trial's start to last one's end | trials per hour | ratio |")
    print("|---:|---:|---:|---:|---:|", flush=True)
    cores = sorted(os.sched_getaffinity(0))
    rates: list[float] = []
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    for workers in (1, 2):
        # Whatever is started from here inherits this process' cores.
        os.sched_setaffinity(0, cores[:workers])
        search = {"n_trials": 8, "workers": workers, "space": space, "optuna": {"pruner": "none"}}
        experiment = _experiment(folder / str(workers), training={"epochs": 8}, search=search)
        seconds = _span(experiment)
        rates.append(8 / seconds * 3600)
        print(f"| {workers} | 1 | {seconds:.1f} | {rates[-1]:.0f} | {rates[-1] / rates[0]:.2f} |", flush=True)
    os.sched_setaffinity(0, cores)
    print()


def _search(experiment: Experiment) -> tuple[Any, ...]:
    """All trials of a search in this process."""
    from xraykit.data import load_parts
    from xraykit.search import open_study
    from xraykit.search.study_setup import StudySetup
    from xraykit.search.trial_training import TrialTraining
    from xraykit.tracking import NoTracker

    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    setup = StudySetup.of(experiment, parts)
    with open_study(setup.plan()) as study:
        study.work(TrialTraining(setup, parts, NoTracker()))
        return study.trials()


def _span(experiment: Experiment) -> float:
    """Seconds from the start of the first trial to the end of the last one, by worker processes."""
    import optuna

    from xraykit.data import load_parts
    from xraykit.search import open_study
    from xraykit.search.study_setup import StudySetup
    from xraykit.search.workers.pool import Workers

    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    setup = StudySetup.of(experiment, parts)
    with open_study(setup.plan()) as study:
        Workers(experiment, setup, None, setup.folder).work(study)
    trials = optuna.load_study(study_name=setup.name, storage=f"sqlite:///{setup.folder / 'study.db'}").trials
    return (max(t.datetime_complete for t in trials) - min(t.datetime_start for t in trials)).total_seconds()


_PARTS = {"overhead": _overhead, "pruning": _pruning, "workers": _workers}

if __name__ == "__main__":
    main()
