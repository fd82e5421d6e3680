import gc

import pytest


@pytest.fixture(autouse=True)
def _quick_collection():
    """Each trial ends with a collection of garbage, which takes its time where TensorFlow is loaded."""
    gc.freeze()
    yield
    gc.unfreeze()
