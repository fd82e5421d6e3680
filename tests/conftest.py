"""What all tests share: the real radiographs, where they are."""

from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a test may import TensorFlow: examples have no deadline.
settings.register_profile("xraykit", deadline=None)
settings.load_profile("xraykit")

NIH = Path(__file__).resolve().parents[2] / "shared" / "nih"

needs_nih = pytest.mark.skipif(
    not (NIH / "Data_Entry_2017_v2020.csv").is_file(),
    reason=f"the real NIH radiographs are not at {NIH}",
)
