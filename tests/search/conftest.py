import gc

import pytest
from sqlalchemy import Engine, event

from tests.search.commands import command, tiny_values  # noqa: F401  (fixtures)
from tests.search.postgres import database, postgres  # noqa: F401  (fixtures)
from tests.search.toys import never_wait, without_waiting


@pytest.fixture(autouse=True)
def _quick_collection():
    """Each trial ends with a collection of garbage, which takes its time where TensorFlow is loaded."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _quick_files():
    """A study in an SQLite file waits for the disk at each step, and no test cuts the power."""
    without_waiting()
    yield
    event.remove(Engine, "connect", never_wait)
