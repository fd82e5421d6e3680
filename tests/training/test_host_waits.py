"""Which thread reads the loss of each step: Keras reads it in the thread that calls the callbacks."""

import threading

import pytest

pytest.importorskip("tensorflow")

from xraykit.config import load_experiment
from xraykit.training import callbacks as callbacks_module
from xraykit.training import trainer_for


@pytest.fixture
def reads(monkeypatch):
    """For each step whose loss was read, whether the thread that trains read it."""
    found, kind = [], callbacks_module.StopOnNonFiniteLoss
    original = kind.on_train_batch_end

    def noting(self, batch, logs=None):
        found.append(threading.current_thread() is threading.main_thread())
        original(self, batch, logs)

    monkeypatch.setattr(kind, "on_train_batch_end", noting)
    return found


def _train(values):
    """The number of steps."""
    values["training"] |= {"epochs": 2, "batch_size": 8}
    trainer = trainer_for(load_experiment(values))
    data, model = trainer.load(), trainer.build()
    fit = trainer.fit(model, data, None, lambda row: None)
    return len(fit.history) * len(data.training_batches(trainer.experiment.training, 0))


@pytest.mark.slow
@pytest.mark.xfail(
    reason="with TensorFlow, Keras calls callbacks in the thread that trains, also those that are async_safe",
    strict=True,
)
def test_the_thread_that_trains_reads_no_loss_of_a_step(tiny_values, reads):
    steps = _train(tiny_values)
    assert len(reads) == steps
    assert sum(reads) == 0
