"""Which batches can be divided among several devices."""

from types import SimpleNamespace

import pytest

from xraykit.errors import ExperimentError
from xraykit.model import check_batch_size, device_group


@pytest.mark.parametrize(("size", "near"), [(3, "such as 4"), (18, "such as 16 or 20"), (1, "such as 4")])
def test_a_batch_that_cannot_be_divided_is_refused_with_sizes_that_can(size, near):
    with pytest.raises(ExperimentError, match=rf"{near}. Received: {size}\."):
        check_batch_size(SimpleNamespace(devices=4), size)


@pytest.mark.parametrize("size", [4, 16])
def test_a_batch_of_equal_parts_is_not(size):
    check_batch_size(SimpleNamespace(devices=4), size)


@pytest.mark.parametrize("devices", ["one", "all"])
def test_a_single_device_trains_as_ever(devices):
    assert device_group(devices) is None
