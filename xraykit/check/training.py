"""What an experiment sets for the training, as far as its effect is not obvious."""

from typing import TYPE_CHECKING

import numpy as np

from xraykit.config import Experiment

if TYPE_CHECKING:
    from xraykit.data import Catalog


def describe_unused(experiment: Experiment) -> list[str]:
    """A sentence about each key or section that is set and has no effect."""
    return [f"{path} has no effect with {key}." for path, key in experiment.without_effect.items()]


def describe_balance(train: "Catalog") -> str:
    """How much more often `training.sampling: balanced` draws the positives of each label.

    Args:
        train: The training part.
    """
    from xraykit.data import Sampling

    uniform, balanced = Sampling.of(train), Sampling.of(train, "balanced")
    positives = np.nan_to_num(train.training_targets())
    before = positives.sum(axis=0) if uniform is None else uniform.times() @ positives
    after = before if balanced is None else balanced.times() @ positives
    shares = [
        f"{label} {100 * own / len(train):.2g} to {100 * drawn / len(train):.2g} %"
        for label, own, drawn in zip(train.labels, before, after, strict=True)
    ]
    return f"balanced; positives among the radiographs and among the draws of an epoch: {', '.join(shares)}"
