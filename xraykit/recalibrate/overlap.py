"""Whether a local sample has patients or pictures that the network was trained on."""

import numpy as np

from xraykit.bundle import BundleFolder, Contamination
from xraykit.evaluate import OnContamination, look_up, to_look_up, with_pictures
from xraykit.recalibrate.scoring import Scored


def met_before(bundle: BundleFolder, scored: Scored, collection: str, allowed: bool) -> Contamination | None:
    """Look a sample up in the record of the network.

    Args:
        bundle: Of the network.
        scored: The sample.
        collection: Its data format.
        allowed: Whether radiographs that were met are used.

    Returns:
        What was met; None for an external validation, which was looked up when it was made.

    Raises:
        ContaminationError: some were met, and they are not allowed.
    """
    sample, frequencies = scored.sample, scored.frequencies
    if frequencies is None:
        return None
    patients = [str(patient) for patient in sample.patients] if sample.patients_known else None
    found = to_look_up(sample.images, sample.paths, patients, collection)
    policy: OnContamination = "allow" if allowed else "refuse"
    return look_up(bundle, with_pictures(found, _all(len(sample.images)), frequencies), policy, "of the sample")


def _all(count: int) -> np.ndarray:
    return np.arange(count)
