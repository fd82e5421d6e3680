"""A trial on layers that earlier trials trained has exactly the metrics of a trial in a process of its own."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.process]

SCRIPT = """
import json, sys
from xraykit.config import load_experiment
from xraykit.training import trainer_for

def history(changes):
    trainer = trainer_for(load_experiment(values).with_values(changes))
    data, model = trainer.load(), trainer.build()
    return [{**row, "seconds": 0} for row in trainer.fit(model, data, None, lambda row: None).history]

values, before, changes = json.loads(sys.argv[1])
for each in before:
    history(each)
print(json.dumps(history(changes)))
"""

OTHERS = [
    {"training.learning_rate": 0.1, "training.epochs": 1},
    {"model.dropout_rate": 0.6, "training.batch_size": 7, "training.epochs": 1},
    {"training.optimizer": "sgd", "model.dense_neurons": 128, "training.epochs": 1},
    {"training.augmentation.rotation": 20.0, "training.epochs": 1},
]


def _history(values, before, changes):
    command = [sys.executable, "-c", SCRIPT, json.dumps([values, before, changes])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_metrics_do_not_depend_on_earlier_trials(tiny_values):
    changes = {"training.optimizer": "rmsprop", "model.dropout_rate": 0.4}
    alone = _history(tiny_values, [], changes)
    assert alone == _history(tiny_values, [*OTHERS, {**changes, "training.epochs": 1}], changes)
    assert len({row["loss"] for row in alone}) == 2
