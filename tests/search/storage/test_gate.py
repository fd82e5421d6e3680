"""The lock over all processes that share a database."""

import threading

import pytest
from sqlalchemy import make_url

from tests.search.toys import make_plan
from xraykit.search.storage.address import address_of
from xraykit.search.storage.database import AWAY
from xraykit.search.storage.gate import Gate

pytestmark = pytest.mark.process


@pytest.fixture(params=["sqlite", "postgresql"])
def gates(request, tmp_path):
    """Two ways to the same lock."""
    storage = request.getfixturevalue("database") if request.param == "postgresql" else None
    pair = [Gate(address_of(make_plan(tmp_path, storage=storage))) for _ in range(2)]
    yield pair
    for gate in pair:
        gate.close()


def test_only_one_is_in_at_a_time_and_the_next_one_follows(gates):
    inside, most, times = [], [], []

    def enter(gate):
        for _ in range(10):
            with gate.held():
                inside.append(gate)
                most.append(len(inside))
                inside.remove(gate)
                times.append(gate)

    threads = [threading.Thread(target=enter, args=(gate,)) for gate in gates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(times) == 20


def test_the_lock_is_free_again_after_an_error(gates):
    with pytest.raises(KeyboardInterrupt), gates[0].held():
        raise KeyboardInterrupt
    with gates[1].held():
        pass


def test_a_lock_that_the_server_took_away_is_noticed(postgres, database, tmp_path):
    gate = Gate(address_of(make_plan(tmp_path, storage=database)))
    name = make_url(database).database
    with pytest.raises(AWAY), gate.held():
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with gate.held():
        pass
    gate.close()
