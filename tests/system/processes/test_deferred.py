import threading

import pytest

from xraykit.system import Deferred


def test_it_runs_once_in_a_thread_of_its_own():
    threads = []

    def work():
        threads.append(threading.current_thread().name)
        return 7

    deferred = Deferred(work, "beside")
    assert threads == []
    deferred.begin()
    deferred.begin()
    assert (deferred.result(), deferred.result()) == (7, 7)
    assert threads == ["beside"]


def test_begin_does_not_wait():
    gate = threading.Event()
    deferred = Deferred(gate.wait, "beside")
    deferred.begin()
    gate.set()
    assert deferred.result() is True


def test_the_result_can_be_had_without_a_beginning():
    assert Deferred(lambda: "result", "beside").result() == "result"


def test_an_error_is_raised_where_the_result_is_asked_for():
    def work():
        raise ValueError("wrong")

    deferred = Deferred(work, "beside")
    deferred.begin()
    for _ in range(2):
        with pytest.raises(ValueError, match="wrong"):
            deferred.result()
