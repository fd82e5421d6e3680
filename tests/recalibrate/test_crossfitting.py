import numpy as np

from xraykit.recalibrate.crossfitting import FEWEST, too_few


def test_patients_are_counted_and_not_radiographs():
    y = np.tile([1.0, 0.0, np.nan], 20)
    assert too_few(y, np.arange(60), "platt") is None
    assert too_few(y, np.arange(60) // 6, "platt") == (
        "10 patients with a positive and 10 with a negative; 20 of each are needed for platt.",
        "few_patients",
    )
    assert "200 of each are needed for isotonic" in too_few(y, np.arange(60), "isotonic").reason


def test_the_fewest_patients_are_ten_for_each_of_platts_two_numbers():
    assert FEWEST["platt"] == 2 * 10
