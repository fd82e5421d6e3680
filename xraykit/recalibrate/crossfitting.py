"""How many patients a label needs to be fitted again."""

import numpy as np

from xraykit.evaluation import NotFitted, patient_codes, patients_of_rarer_class
from xraykit.system import counted

FEWEST = {"platt": 20, "temperature": 20, "isotonic": 200, "none": 20}
"""Patients with a positive, and with a negative, that a label needs to be fitted again, by method.

Platt's slope and shift are a logistic regression of two parameters, for which ten cases of the rarer class per
parameter are the usual least (Peduzzi et al., J Clin Epidemiol 1996;49:1373–1379). Fewer would also leave the
operating point to a handful of radiographs: with 20, the 95 % interval of a sensitivity of 0.9 reaches from 0.70 to
0.97. Isotonic steps follow each case and need hundreds.
"""


def too_few(y: np.ndarray, patients: np.ndarray, method: str) -> NotFitted | None:
    """Why a label's sample is too small to fit on; None if it is not.

    Args:
        y: Labels ``(n,)``: 1, 0 or NaN = unknown.
        patients: Each radiograph's patient ``(n,)``.
        method: One of ``FEWEST``.
    """
    codes = patient_codes(patients, len(y))
    if patients_of_rarer_class(y, codes) >= FEWEST[method]:
        return None
    positives, negatives = (len(np.unique(codes[y == label])) for label in (1, 0))
    return NotFitted(
        f"{counted(positives, 'patient')} with a positive and {negatives} with a negative; {FEWEST[method]} of each "
        f"are needed for {method}.",
        "few_patients",
    )
