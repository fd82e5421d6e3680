"""Whether a local sample has patients or pictures that the network was trained on."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from xraykit.bundle import Contamination
from xraykit.evaluate import OnContamination, look_up, to_look_up, with_pictures
from xraykit.recalibrate.scoring import Scored
from xraykit.recalibrate.sources import Source
from xraykit.runs import FinishedEvaluation


def met_before(source: Source, scored: Scored, allowed: bool) -> Contamination | None:
    """Look a sample up in the record of the network.

    Args:
        source: The network, and where the sample comes from.
        scored: The sample.
        allowed: Whether radiographs that were met are used.

    Returns:
        What was met; of an external validation, what it recorded when it was made: radiographs that the network had
        met are in it only because its user allowed them. None if it recorded nothing.

    Raises:
        ContaminationError: some were met, and they are not allowed.
    """
    sample, frequencies = scored.sample, scored.frequencies
    if isinstance(source.given, FinishedEvaluation):
        return _recorded(source.given.metrics["evaluation"].get("contamination"))
    if frequencies is None:
        return None
    patients = [str(patient) for patient in sample.patients]
    found = to_look_up(sample.images, sample.paths, patients, source.data, source.without_patients)
    policy: OnContamination = "allow" if allowed else "refuse"
    pictured = with_pictures(found, np.arange(len(sample.images)), frequencies)
    return look_up(source.bundle, pictured, policy, "of the sample")


def _recorded(values: Mapping[str, Any] | None) -> Contamination | None:
    if values is None:  # Of an earlier version.
        return None
    known = {field.name for field in fields(Contamination)}
    return Contamination(**{name: value for name, value in values.items() if name in known})
