"""P values of many tests, against statsmodels."""

import numpy as np
from statsmodels.stats.multitest import multipletests

from xraykit.evaluation import holm


def test_adjusted_p_values_are_those_of_statsmodels():
    p = np.random.default_rng(0).random(14) ** 3
    p[3] = p[7]
    adjusted = holm({**{str(at): value for at, value in enumerate(p)}, "untested": None})
    assert adjusted.pop("untested") is None
    np.testing.assert_allclose(list(adjusted.values()), multipletests(p, method="holm")[1], rtol=1e-12)
