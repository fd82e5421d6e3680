"""The sheet of radiographs: what its captions say of each."""

import numpy as np
import pandas as pd
import pytest

from xraykit.data import Catalog
from xraykit.report.figures.sheet import captions_of

NAN = float("nan")


@pytest.mark.parametrize(
    ("row", "caption"),
    [
        ([1, 0], "Mass"),
        ([1, 1], "Mass, No Finding"),
        ([0, 0], "none of the labels"),
        ([0, NAN], "none of the labels, 1 unknown"),
        ([NAN, NAN], "labels unknown"),
    ],
)
def test_a_radiograph_without_the_labels_is_not_called_healthy(row, caption):
    about = {"image": "a.png", "path": "/a.png", "patient": "1", "sex": "F", "age": 50.0, "view": "PA"}
    labels = ("Mass", "No Finding")
    table = pd.DataFrame([{**about, **dict(zip(labels, np.array(row, np.float32), strict=True))}])
    assert captions_of(Catalog(table, labels, "labels.csv", "0")) == [f"a.png\n{caption}"]
