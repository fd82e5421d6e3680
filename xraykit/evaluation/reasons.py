"""Why a label has no probability, no calibration or no operating point: a code for programs beside each sentence."""

from typing import Literal, get_args

ReasonCode = Literal[
    "not_trained", "few_patients", "one_class", "equal_logits", "order_reversed", "no_gain", "target_not_reached"
]
"""The values of ``reason_code`` of a calibration or an operating point:

- ``not_trained``: the training part has no positive, or no negative, of the label;
- ``few_patients``: fewer than ``evaluation.min_positive_patients`` patients with a positive, or with a negative;
- ``one_class``: no positive, or no negative, to fit on;
- ``equal_logits``: all logits are equal;
- ``order_reversed``: a higher logit does not mean a likelier finding;
- ``no_gain``: the rule's best threshold is no better than calling radiographs at random, or calls all of them;
- ``target_not_reached``: no threshold reaches the rule's target.
"""

REASON_CODES: tuple[str, ...] = get_args(ReasonCode)

PHRASES: dict[str | None, str] = {
    "not_trained": "no positives or no negatives in the training part",
    "few_patients": "too few patients with a positive or a negative to fit on",
    "one_class": "no positives or no negatives to fit on",
    "equal_logits": "all logits are equal",
    "order_reversed": "a higher logit did not mean a likelier finding",
    "no_gain": "no threshold was better than calling at random or calling all",
    "target_not_reached": "no threshold reached the target",
    None: "for the reason see the bundle",
}
"""Each code in a few words; None stands for a decision rule by an earlier version, which has sentences alone."""
