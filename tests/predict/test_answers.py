"""Where answers are written to."""

from pathlib import Path

import pandas as pd
import pytest

from xraykit.errors import DataError
from xraykit.predict.answers import answers_to


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_reported_as_full():
    with pytest.raises(DataError, match="/dev/full: No space left on device"), answers_to(Path("/dev/full")) as answers:
        answers.add(pd.DataFrame({"image": ["a.png"]}))
