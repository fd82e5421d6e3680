"""A step does not wait until the loss of the one before was read, nor until it was computed."""

import signal
import threading
from contextlib import contextmanager

import keras
import numpy as np
import pytest

tensorflow = pytest.importorskip("tensorflow")

from xraykit.config import load_experiment  # noqa: E402
from xraykit.model.tensorflow.unread import UnreadSteps  # noqa: E402
from xraykit.training import callbacks as callbacks_module  # noqa: E402
from xraykit.training import trainer_for  # noqa: E402
from xraykit.training.batch_ends import BatchEnds  # noqa: E402

SECONDS = 20


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


@pytest.fixture
def asynchronous():
    """TensorFlow runs operations later than they are called, as on a GPU."""
    tensorflow.config.experimental.set_synchronous_execution(False)
    try:
        yield
    finally:
        tensorflow.config.experimental.set_synchronous_execution(True)


def _trained(values, callbacks=(), **training):
    """The number of steps."""
    values["training"] |= {"epochs": 2, "batch_size": 8, **training}
    trainer = trainer_for(load_experiment(values))
    data, model = trainer.load(), trainer.build()
    fit = trainer.fit(model, data, None, lambda row: None, callbacks)
    return len(fit.history) * len(data.training_batches(trainer.experiment.training, 0))


@pytest.mark.slow
def test_the_thread_that_trains_reads_no_loss_of_a_step(tiny_values, reads):
    steps = _trained(tiny_values)
    assert len(reads) == steps
    assert sum(reads) == 0


@pytest.mark.slow
def test_a_callback_of_the_user_for_batches_is_called_in_the_thread_that_trains(tiny_values, reads):
    class Batches(keras.callbacks.Callback):
        threads = ()

        def on_train_batch_end(self, batch, logs=None):
            assert type(logs["loss"]) is float
            self.threads = (*self.threads, threading.current_thread())

    seen = Batches()
    steps = _trained(tiny_values, [seen])
    assert list(seen.threads) == [threading.main_thread()] * steps
    assert reads == [True] * steps


class _Late(UnreadSteps):
    """Its first step ends when the third has been called."""

    def hold(self):
        self.third, self.in_time, self.called = threading.Event(), [], 0

    def train_step(self, data):
        self.called += 1
        if self.called == 3:
            self.third.set()
        return {"loss": self._computed()}

    @tensorflow.function
    def _computed(self):
        return tensorflow.numpy_function(self._wait, [], tensorflow.float32)

    def _wait(self):
        self.in_time.append(self.third.wait(SECONDS))
        return np.float32(1)


class _Losses(keras.callbacks.Callback):
    async_safe = True

    def __init__(self):
        super().__init__()
        self.seen, self.threads = [], set()

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs["loss"]))
        self.threads.add(threading.current_thread())


def _model(kind=keras.Model):
    pixels = keras.Input((2,))
    return kind(pixels, keras.layers.Dense(1)(pixels))


@contextmanager
def _calling(callbacks, model, steps):
    """As ``fit`` calls them."""
    with BatchEnds(callbacks, model, 1, steps) as called:
        called.on_train_begin()
        called.on_epoch_begin(0)
        yield called


def test_later_steps_are_called_while_the_first_is_computed(asynchronous):
    model, losses = _model(_Late), _Losses()
    model.hold()
    model.compile(loss="mse", run_eagerly=True)
    model.make_train_function()
    batches = iter([(np.zeros((2, 2)), np.zeros((2, 1)))] * 5)
    with _calling([losses], model, 5) as called:
        for batch in range(5):
            called.on_train_batch_begin(batch)
            called.on_train_batch_end(batch, model.train_function(batches))
        called.on_epoch_end(0, {})
    assert model.in_time == [True] * 5
    assert losses.seen == [(batch, 1.0) for batch in range(5)]


def test_what_a_step_gives_is_passed_on_as_it_is():
    """Keras would pass it through an operation that runs on the processor."""
    given, received = [], []

    class Noting(UnreadSteps):
        def train_step(self, data):
            given.append(tensorflow.constant(1.0))
            return {"loss": given[-1]}

    class Received(BatchEnds):
        def on_train_batch_end(self, batch, logs=None):
            received.append(logs["loss"])

    model = _model(Noting)
    model.compile(loss="mse", run_eagerly=True)
    with Received([], model, 1, 2) as called:
        model.fit(np.zeros((4, 2)), np.zeros((4, 1)), batch_size=2, epochs=1, verbose=0, callbacks=called)
    assert len(given) == 2
    assert all(left is right for left, right in zip(given, received, strict=True))


@pytest.mark.slow
def test_steps_that_are_joined_are_those_of_keras():
    """Whole epochs, and one whose last execution has fewer steps."""
    x, y = np.arange(14, dtype=np.float32).reshape(7, 2), np.ones((7, 1), np.float32)
    found = {}
    for steps in (1, 2):
        model = _model(UnreadSteps)
        model.set_weights([np.ones((2, 1)), np.zeros(1)])
        model.compile("sgd", "mse", steps_per_execution=steps, jit_compile=False)
        model.optimizer.learning_rate = 1e-3
        model.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0)
        found[steps] = model.get_weights()[0]
    assert found[1] == pytest.approx(found[2], rel=1e-6)
    assert found[1] != pytest.approx(np.ones((2, 1)), rel=1e-3)


class _Loss:
    """A loss that can be read once the device has computed it."""

    def __init__(self, computed):
        self.computed = computed

    def __float__(self):
        assert self.computed.wait(SECONDS)
        return 0.5


def _epoch(callback, batches, loss):
    with _calling([callback], _model(), batches) as called:
        for batch in range(batches):
            called.on_train_batch_end(batch, {"loss": loss})
        called.on_epoch_end(0, {})


def test_a_device_is_given_sixteen_steps_in_advance():
    losses, computed = _Losses(), threading.Event()
    with _calling([losses], _model(), 40) as called:
        for batch in range(16):
            called.on_train_batch_end(batch, {"loss": _Loss(computed)})
        assert losses.seen == []
        threading.Timer(0.05, computed.set).start()
        called.on_train_batch_end(16, {"loss": _Loss(computed)})
        assert losses.seen[0] == (0, 0.5)
        called.on_epoch_end(0, {"loss": 0.5})
        assert losses.seen == [(batch, 0.5) for batch in range(17)]
        assert len(losses.threads) == 1


def test_an_error_of_the_device_is_raised_at_a_later_batch_or_the_end_of_the_epoch():
    class Failed:
        def __float__(self):
            raise RuntimeError("the device is gone")

    for batches in (1, 40):
        with pytest.raises(RuntimeError, match="device is gone"):
            _epoch(_Losses(), batches, Failed())


def test_without_callbacks_for_batches_nothing_is_read():
    class Unreadable:
        def __float__(self):
            raise AssertionError

    with _calling([keras.callbacks.Callback()], _model(), 1) as called:
        called.on_train_batch_end(0, {"loss": Unreadable()})
        called.on_epoch_end(0, {})


@pytest.mark.slow
def test_an_interruption_ends_the_training_and_the_thread(tiny_values):
    class Interrupted(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 3:
                signal.raise_signal(signal.SIGINT)

    before, handler = set(threading.enumerate()), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _trained(tiny_values, [Interrupted()])
    finally:
        signal.signal(signal.SIGINT, handler)
    left = {thread for thread in set(threading.enumerate()) - before if "batch-ends" in thread.name}
    assert left == set()


def test_a_wait_for_the_device_can_be_interrupted():
    class Hanging:
        def __float__(self):
            if losses.seen and not computed.is_set():
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                assert not computed.wait(0.2)
                computed.set()
            return 0.5

    computed, losses = threading.Event(), _Losses()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _epoch(losses, 40, Hanging())
    finally:
        signal.signal(signal.SIGINT, handler)
    # Those that had not begun were dropped.
    assert 1 <= len(losses.seen) < 17
