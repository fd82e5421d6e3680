"""Toy objectives, and a study that runs in a process of its own to be killed or interrupted."""

import gc
import json
import logging
import math
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from sqlalchemy import Engine, event

from xraykit.config.search.section import KerasTunerSettings, OptunaSettings, Search
from xraykit.config.search.space import Choices, Range
from xraykit.search import SearchResult, StudyPlan, open_study, result_of, study_name

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
    return {"macro_roc_auc": score}


def layered(values, reporter):
    """Best with few units in all."""
    score = 1 - sum(values["model.dense_neurons"]) / 5000
    reporter.report(0, score)
    return {"macro_roc_auc": score}


def make_plan(folder, *, space=None, n_trials=6, seed=1, epochs=9, identity="toy", on_trial_end=None, **say):
    """The plan of a study; ``say`` are engine, timeout, storage, objectives, enqueue, method, sampler, pruner, ..."""
    engines = {"optuna": OptunaSettings, "keras_tuner": KerasTunerSettings}
    settings = {
        engine: section(**{key: say[key] for key in section.model_fields if key in say})
        for engine, section in engines.items()
    }
    said = {key: value for key, value in say.items() if not any(key in each.model_fields for each in engines.values())}
    section = Search(n_trials=n_trials, space=space or QUADRATIC, **settings, **said)
    ended = {} if on_trial_end is None else {"on_trial_end": on_trial_end}
    return StudyPlan(section, folder, study_name(identity, section), seed, epochs, **ended)


def search(folder, objective, **say) -> SearchResult:
    """Run a study to its end; see :func:`make_plan`."""
    plan = make_plan(folder, **say)
    with open_study(plan) as study:
        study.work(objective)
        return result_of(plan.search, study.trials())


def without_waiting() -> None:
    """Let SQLite files be quick: each of their steps waits for the disk, but no test cuts the power."""
    event.listen(Engine, "connect", never_wait)


def never_wait(connection, record) -> None:
    """SQLAlchemy's listener; see :func:`without_waiting`."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def main(folder: Path, *, hang_in=-1, pause=0.2, **say) -> SearchResult:
    """Run a study, and append each trial's number, origin and values to ``begun``; stay in trial ``hang_in``."""

    def objective(values, reporter):
        if reporter.number == hang_in:
            reporter.report(0, 0.5)
        with (folder / "begun").open("a") as file:
            file.write(json.dumps([reporter.number, reporter.origin, values]) + "\n")
        time.sleep(60 if reporter.number == hang_in else pause)
        return quadratic(values, reporter)

    return search(folder, objective, pruner="none", **say)


def begun(folder: Path) -> list[list]:
    """What the processes of :func:`main` have begun: number, origin and values of each."""
    path = folder / "begun"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


if __name__ == "__main__":
    # A process in the background of a shell ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    without_waiting()
    gc.freeze()
    main(Path(sys.argv[1]), **json.loads(sys.argv[2]))
