"""Reading ahead: in order, bounded, and as if there were no threads."""

import threading
import time

import pytest

from xraykit.bundle.inputs import OpenedPicture, opened_ahead


def numbered(count):
    return [(f"picture {number}", str(number)) for number in range(count)]


def test_pictures_come_in_order_though_later_ones_are_ready_first():
    def slow_first(name, source):
        time.sleep(0.02 if int(source) % 4 == 0 else 0)
        return OpenedPicture(name, None, source)

    opened = list(opened_ahead(numbered(20), slow_first, 8, workers=4))
    assert [each.name for each in opened] == [name for name, _ in numbered(20)]
    assert [each.error for each in opened] == [source for _, source in numbered(20)]


@pytest.mark.parametrize("ahead", [1, 3, 7])
def test_no_more_than_that_many_pictures_are_opened_and_not_taken(ahead):
    begun, lock, most, taken = [0], threading.Lock(), [0], [0]

    def count(name, source):
        with lock:
            begun[0] += 1
            most[0] = max(most[0], begun[0] - taken[0])
        return OpenedPicture(name, None)

    for _ in opened_ahead(numbered(30), count, ahead, workers=4):
        time.sleep(0.001)
        with lock:
            taken[0] += 1
    assert begun[0] == 30
    assert most[0] <= ahead + 1  # the one that the caller has


def test_an_unexpected_error_is_raised_at_its_picture_and_the_rest_is_dropped():
    begun = []

    def fails(name, source):
        begun.append(source)
        if source == "2":
            raise ZeroDivisionError
        return OpenedPicture(name, None)

    opened = opened_ahead(numbered(100), fails, 4, workers=1)
    assert [next(opened).name, next(opened).name] == ["picture 0", "picture 1"]
    with pytest.raises(ZeroDivisionError):
        next(opened)
    assert len(begun) < 10


def test_threads_end_when_the_caller_stops():
    before = threading.active_count()
    opened = opened_ahead(numbered(100), lambda name, source: OpenedPicture(name, None), 10, workers=3)
    next(opened)
    opened.close()
    assert threading.active_count() == before
