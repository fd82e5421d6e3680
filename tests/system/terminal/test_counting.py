"""One is one positive, not 1 positives."""

import numpy as np
import pytest

from xraykit.evaluation.calibration.fitting import fit_calibration
from xraykit.system.terminal.counting import counted


@pytest.mark.parametrize(
    ("number", "message"), [(0, "0 positives"), (1, "1 positive"), (2, "2 positives"), (1234, "1,234 positives")]
)
def test_a_noun_agrees_with_its_number(number, message):
    assert counted(number, "positive") == message


def test_a_plural_of_its_own():
    assert (counted(1, "axis", "axes"), counted(3, "axis", "axes")) == ("1 axis", "3 axes")


def test_a_reason_with_one_positive_is_reported():
    assert "Found: 1 positive and 0 negatives" in str(fit_calibration(np.array([1.0]), np.array([0.3])).reason)
