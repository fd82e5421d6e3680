import logging
import threading
import time
from dataclasses import dataclass, field

import pytest

from xraykit.tracking import delivery as delivery_module
from xraykit.tracking.delivery import Delivery
from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.records import LogBatch
from xraykit.tracking.store import Refused, Unreachable


@dataclass
class FakeStore:
    """Writes down what arrives while it is up."""

    address: str = "fake://store"
    up: bool = True
    attempts: int = 0
    arrived: list = field(default_factory=list)

    def take(self, value):
        self.attempts += 1
        if not self.up:
            raise Unreachable("no answer")
        self.arrived.append(value)


@dataclass
class Value(Entry):
    value: int

    def deliver(self, store):
        if self.value < 0:
            raise Refused("negative")
        store.take(self.value)

    def __str__(self):
        return f"the value {self.value}"


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def delivery(store):
    return Delivery(store)


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_entries_arrive_in_order(delivery, store):
    for value in range(100):
        delivery.put(Value(value))
    delivery.drain()
    assert store.arrived == list(range(100))


def test_an_outage_is_reported_once_and_tried_once(delivery, store, warnings):
    store.up = False
    for value in range(50):
        delivery.put(Value(value))
        delivery.wait()
    assert store.attempts == 1
    (message,) = warnings()
    assert "fake://store does not answer (no answer)" in message
    assert "Training continues; the run folder contains everything" in message


def test_what_waited_arrives_in_order_when_the_store_is_back(delivery, store, warnings):
    delivery.put(Value(0))
    delivery.wait()
    store.up = False
    for value in range(1, 5):
        delivery.put(Value(value))
    delivery.wait()
    store.up = True
    delivery.close()
    assert store.arrived == list(range(5))
    assert len(warnings()) == 1


def test_the_store_is_tried_again_after_a_while(delivery, store, monkeypatch):
    monkeypatch.setattr(delivery_module, "RETRY_SECONDS", 0.01)
    came = threading.Event()
    store.up = False
    delivery.put(Value(1))
    delivery.wait()
    store.take = lambda value: came.set()
    assert came.wait(10)


def test_each_outage_is_reported(delivery, store, warnings):
    for value in range(2):
        store.up = False
        delivery.put(Value(value))
        delivery.drain()
        store.up = True
        delivery.drain()
    assert store.arrived == [0, 1]
    assert len(warnings()) == 2


def test_the_end_tells_how_much_is_missing(delivery, store, warnings):
    store.up = False
    for value in range(7):
        delivery.put(Value(value))
    delivery.close()
    assert warnings()[-1].startswith("7 entries were not delivered to the tracking store fake://store")


def test_a_refused_entry_is_dropped_and_the_rest_goes_on(delivery, store, warnings):
    for value in (1, -1, 2):
        delivery.put(Value(value))
    delivery.close()
    assert store.arrived == [1, 2]
    (message,) = warnings()
    assert "does not accept the value -1: negative" in message


def test_many_refusals_are_counted(delivery, warnings):
    for _ in range(20):
        delivery.put(Value(-1))
    delivery.close()
    assert len(warnings()) == 4
    assert "refused 20 entries in all" in warnings()[-1]


def test_a_full_queue_takes_no_more(delivery, store, warnings, monkeypatch):
    monkeypatch.setattr(delivery_module, "MOST_VALUES", 5)
    store.up = False
    for value in range(8):
        delivery.put(Value(value))
    delivery.wait()
    store.up = True
    delivery.close()
    assert store.arrived == [0, 1, 2, 3, 4]
    assert sum("5 values are queued" in message for message in warnings()) == 1
    assert warnings()[-1].startswith("3 entries were not delivered")


def test_metrics_that_wait_are_sent_together(delivery, store, monkeypatch):
    calls = []
    monkeypatch.setattr(LogBatch, "deliver", lambda entry, store: calls.append([row[3] for row in entry.metrics]))
    store.up = False
    delivery.put(Value(0))
    delivery.wait()
    run = Run("r", id="1")
    for epoch in range(2500):
        delivery.put(LogBatch(run, metrics=[("loss", 1.0, 0, epoch)]))
    store.up = True
    delivery.close()
    assert [len(steps) for steps in calls] == [1000, 1000, 500]
    assert [step for steps in calls for step in steps] == list(range(2500))


def test_a_fault_of_ours_reaches_the_training(delivery):
    delivery.put(Value("not a number"))
    with pytest.raises(TypeError):
        delivery.drain()


def test_many_threads_lose_nothing(delivery, store):
    def put_many(start):
        for value in range(start, start + 200):
            delivery.put(Value(value))

    threads = [threading.Thread(target=put_many, args=(start,)) for start in range(0, 1000, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    delivery.drain()
    assert sorted(store.arrived) == list(range(1000))


@dataclass
class End(Entry):
    """What must arrive although the rest is left out."""

    missing: int = 0
    essential = True

    def deliver(self, store):
        store.arrived.append(f"end, {self.missing} missing")

    def note_missing(self, values):
        self.missing = values


@pytest.fixture
def slow(store, monkeypatch):
    """A store that needs 50 ms for each call, and time for a few calls at the end."""

    def take(value):
        time.sleep(0.05)
        store.arrived.append(value)

    store.take = take
    monkeypatch.setenv("XRAYKIT_TRACKING_END_SECONDS", "0.5")
    monkeypatch.setattr(delivery_module, "PROGRESS_SECONDS", 0.1)
    return store


def test_the_end_waits_for_a_slow_store_for_a_limited_time_and_says_so(delivery, slow, caplog, warnings):
    for value in range(100):
        delivery.put(Value(value))
    delivery.put(End())
    began = time.monotonic()
    delivery.close()
    assert time.monotonic() - began < 1.5
    *values, end = slow.arrived
    assert values == list(range(len(values)))
    assert 5 <= len(values) <= 25
    missing = 100 - len(values)
    assert end == f"end, {missing} missing"
    assert "entries are still to be delivered" in caplog.text
    (message,) = warnings()
    assert message.startswith(f"{missing} entries were not delivered to the tracking store fake://store, which answers")
    assert f"too slowly: the value {len(values)}; the value {len(values) + 1}; " in message
    assert f"and {missing - 5} more" in message


def test_a_store_that_is_slow_but_in_time_gets_everything_without_a_warning(delivery, slow, warnings):
    for value in range(4):
        delivery.put(Value(value))
    delivery.close()
    assert slow.arrived == [0, 1, 2, 3]
    assert warnings() == []


def test_a_call_that_never_returns_is_named_and_not_waited_for(delivery, store, warnings, monkeypatch):
    monkeypatch.setenv("XRAYKIT_TRACKING_END_SECONDS", "0.2")
    never = threading.Event()
    store.take = lambda value: never.wait(20)
    delivery.put(Value(1))
    delivery.put(Value(2))
    delivery.close()
    (message,) = warnings()
    assert "2 entries were not delivered" in message
    assert "the value 1; the value 2" in message
    never.set()


def test_a_held_delivery_begins_when_it_is_asked_to(store):
    delivery = Delivery(store, held=True)
    delivery.put(Value(1))
    time.sleep(0.05)
    assert store.attempts == 0
    delivery.begin()
    delivery.put(Value(2))
    delivery.wait()
    assert store.arrived == [1, 2]


@pytest.mark.parametrize("end", [Delivery.wait, Delivery.drain, Delivery.close])
def test_whoever_waits_for_a_held_delivery_begins_it(end, store):
    delivery = Delivery(store, held=True)
    delivery.put(Value(1))
    end(delivery)
    assert store.arrived == [1]


def test_a_delivery_is_not_held_for_ever(store, monkeypatch):
    monkeypatch.setattr(delivery_module, "HOLD_SECONDS", 0.05)
    delivery = Delivery(store, held=True)
    delivery.put(Value(1))
    deadline = time.monotonic() + 10
    while not store.arrived and time.monotonic() < deadline:
        time.sleep(0.01)
    assert store.arrived == [1]


def test_a_run_that_is_interrupted_before_the_store_has_heard_of_it_leaves_nothing(store, warnings):
    delivery = Delivery(store, held=True)
    delivery.put(Value(1))
    began = time.monotonic()
    delivery.close(30.0)
    assert time.monotonic() - began < 5
    assert (store.attempts, warnings()) == (0, [])
    delivery.put(Value(2))
    delivery.wait()
    assert store.arrived == [2]
