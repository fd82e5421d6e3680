"""How the learning rate changes during a training, and when the training ends."""

from typing import Annotated

from pydantic import Field

from xraykit.config.section import Positive, Section, is_default

Share = Annotated[float, Field(ge=0, le=1)]


class EarlyStopping(Section):
    """When training ends before its last epoch."""

    patience: Positive = Field(10, description="Epochs without a better validation macro ROC AUC.")


class Plateau(Section):
    """When the learning rate is lowered."""

    patience: Positive = Field(4, description="Epochs without a better validation macro ROC AUC.")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.3, description="The learning rate is multiplied by this.")
    min_learning_rate: Annotated[float, Field(ge=0)] = Field(1e-6, description="It never falls below this.")


class Cosine(Section):
    """`schedule: cosine`: a linear rise from 0, then half a cosine (Loshchilov & Hutter 2017) to the end."""

    warmup_epochs: Annotated[float, Field(ge=0)] = Field(
        1.0, description="Epochs of each stage in which the learning rate rises; fractions are allowed."
    )
    final_share: Share = Field(0.01, description="Last learning rate as a share of `training.learning_rate`.")


class OneCycle(Section):
    """`schedule: one_cycle`: up and down once (Smith & Topin 2018), both as half a cosine."""

    rise: Annotated[float, Field(gt=0, lt=1)] = Field(0.3, description="Share of the steps in which it rises.")
    first_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.04, description="First learning rate as a share of `training.learning_rate`, which is the highest."
    )
    final_share: Share = Field(0.0001, description="Last learning rate as a share of `training.learning_rate`.")


class FineTune(Section):
    """The two stages of `training.trainer: fine_tune`."""

    frozen_epochs: Positive = Field(5, description="First stage: epochs with a frozen backbone.")
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        1e-5, description="Learning rate of the second stage, when the backbone learns too."
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="Second stage: each block of the backbone learns at this times the rate of the block after it, so "
        "that the earliest layers, which are the most general, change the least (Howard & Ruder 2018). 1: all alike.",
        exclude_if=is_default(1.0),
    )
