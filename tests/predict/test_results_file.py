"""The file of the predictions."""

from pathlib import Path

import pandas as pd
import pytest

from xraykit.errors import DataError
from xraykit.predict.results_file import results_file


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_reported_as_full():
    with (
        pytest.raises(DataError, match="/dev/full cannot be written: No space left on device"),
        results_file(Path("/dev/full")) as file,
    ):
        file.add(pd.DataFrame({"image": ["a.png"]}))
