"""What is reported of a worker process that ends with an error."""

import pytest

from xraykit.errors import DataError, NonFiniteLossError, XraykitError
from xraykit.workers import Crew, shares

pytestmark = pytest.mark.process


@pytest.mark.parametrize(("error", "expected"), [(NonFiniteLossError, NonFiniteLossError), (DataError, XraykitError)])
def test_that_a_loss_was_not_finite_is_still_known_in_the_process_that_started_the_worker(tmp_path, error, expected):
    """To continue would end in the same way, so that nobody is advised to."""
    with Crew("tests.workers.failing", work="ensemble", afterwards="it continues", key="training.workers") as crew:
        worker = crew.start("Member seed-7", shares(1)[0], tmp_path / "train.log", {"error": error.__name__})
        worker.process.wait(60)
        with pytest.raises(XraykitError, match=r"Member seed-7 ended with an error.*: Such a message\.") as raised:
            crew.lives(worker)
    assert type(raised.value) is expected
