"""Toy objectives, and a study that runs in a process of its own to be killed or interrupted."""

import logging
import math
import random
import sys
import time
from pathlib import Path

from xraykit.config.search_section import Choices, KerasTunerSettings, OptunaSettings, Range, Search
from xraykit.search import SearchResult, run_search

QUADRATIC = {
    "training.learning_rate": Range(low=1e-5, high=1e-1, log=True),
    "model.dropout_rate": Range(low=0.0, high=0.9),
}

LAYERED = {
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
    "model.num_dense_layers": Range(low=1, high=5),
    "training.optimizer": Choices(choices=("rmsprop", "adam", "sgd")),
}


class RandomDraw:
    """Draws without any engine, and remembers the names."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = []

    def integer(self, name, low, high, *, step, log):
        self.names.append(name)
        return self.random.randrange(low, high + 1, step)

    def floating(self, name, low, high, *, step, log):
        self.names.append(name)
        return self.random.uniform(low, high)

    def categorical(self, name, choices):
        self.names.append(name)
        return self.random.choice(choices)


def quadratic(values, reporter):
    """Best, 1, at learning rate 1e-3 and dropout 0.4; reports three epochs."""
    distance = math.log10(values["training.learning_rate"]) + 3
    score = 1 - (distance / 4) ** 2 - (values["model.dropout_rate"] - 0.4) ** 2
    for epoch in range(3):
        reporter.report(epoch, score - 0.1 * (2 - epoch))
    return score


def layered(values, reporter):
    """Best with few units in all."""
    score = 1 - sum(values["model.dense_neurons"]) / 5000
    reporter.report(0, score)
    return score


def search(folder, objective, *, space=None, n_trials=6, seed=1, epochs=9, identity="toy", on_trial_end=None, **say):
    """Run a study; ``say`` are engine, method, factor, sampler, pruner, ..."""
    keras_tuner = {key: say.pop(key) for key in ("method", "factor") if key in say}
    section = Search(
        engine=say.pop("engine", "optuna"),
        n_trials=n_trials,
        space=space or QUADRATIC,
        optuna=OptunaSettings(**say),
        keras_tuner=KerasTunerSettings(**keras_tuner),
    )
    return run_search(
        section, objective, folder=folder, identity=identity, seed=seed, epochs=epochs, on_trial_end=on_trial_end
    )


def main(folder: Path, n_trials: int, hang_in: int) -> SearchResult:
    """Run ``n_trials`` trials, each said by a file; in trial ``hang_in`` wait for the end of this process."""

    def objective(values, reporter):
        if reporter.number == hang_in:
            reporter.report(0, 0.5)
        (folder / f"trial {reporter.number}").touch()
        time.sleep(60 if reporter.number == hang_in else 0.2)
        return quadratic(values, reporter)

    return search(folder, objective, n_trials=n_trials, pruner="none")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
