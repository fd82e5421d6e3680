"""Requests become batches; each gets its own answers, and a full queue refuses."""

import threading
import time

import pytest

from xraykit.serve.batching import Batcher
from xraykit.serve.refusals import Refused


class Computing:
    """Doubles numbers, while its gate is open."""

    def __init__(self):
        self.batches, self.gate, self.began = [], threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, items):
        self.began.set()
        self.gate.wait(10)
        self.batches.append(items)
        if 0 in items:
            raise ValueError("zero")
        return [2 * item for item in items]


@pytest.fixture
def computing():
    return Computing()


@pytest.fixture
def batcher(computing):
    made = Batcher(computing, most=4, seconds=0.02, capacity=6)
    yield made
    computing.gate.set()
    made.close(10)


def results(futures):
    return [future.result(10) for future in futures]


def test_requests_at_once_share_a_batch_and_get_their_own_answers(computing):
    # It waits for the third picture, however slow the machine is.
    batcher = Batcher(computing, most=3, seconds=30, capacity=6)
    first, second = batcher.submit([1, 2]), batcher.submit([3])
    assert (results(first), results(second)) == ([2, 4], [6])
    assert computing.batches == [[1, 2, 3]]
    batcher.close(10)


def test_a_full_batch_does_not_wait(computing):
    batcher = Batcher(computing, most=2, seconds=30, capacity=6)
    assert results(batcher.submit([1, 2, 3, 4])) == [2, 4, 6, 8]
    batcher.close(10)


def test_what_gathers_while_the_network_computes_is_the_next_batch(batcher, computing):
    computing.gate.clear()
    first = batcher.submit([1])
    assert computing.began.wait(10)
    later = [batcher.submit([number]) for number in (2, 3, 4)]
    computing.gate.set()
    assert results(first) + [each for some in later for each in results(some)] == [2, 4, 6, 8]
    assert computing.batches == [[1], [2, 3, 4]]


def test_a_full_queue_refuses_the_whole_request(batcher, computing):
    computing.gate.clear()
    first = batcher.submit([1])
    assert computing.began.wait(10)
    waiting = batcher.submit([2, 3, 4, 5, 6])
    with pytest.raises(Refused, match="Too many pictures are waiting") as refused:
        batcher.submit([7, 8])
    assert refused.value.status == 503
    assert batcher.waiting == 5
    computing.gate.set()
    assert results(first) + results(waiting) == [2, 4, 6, 8, 10, 12]


def test_a_request_that_was_given_up_is_not_computed(batcher, computing):
    computing.gate.clear()
    first = batcher.submit([1])
    assert computing.began.wait(10)
    (given_up,), kept = batcher.submit([2]), batcher.submit([3])
    assert given_up.cancel()
    computing.gate.set()
    assert results(first) + results(kept) == [2, 6]
    assert computing.batches == [[1], [3]]


def test_an_error_is_that_of_its_batch_alone(batcher):
    with pytest.raises(ValueError, match="zero"):
        results(batcher.submit([0]))
    assert results(batcher.submit([1])) == [2]


def test_closing_answers_what_waits_and_refuses_the_rest(batcher, computing):
    computing.gate.clear()
    waiting = batcher.submit([1, 2, 3, 4, 5])
    closing = threading.Thread(target=batcher.close)
    closing.start()
    time.sleep(0.01)
    computing.gate.set()
    closing.join(10)
    assert results(waiting) == [2, 4, 6, 8, 10]
    with pytest.raises(Refused, match="stopping"):
        batcher.submit([6])
