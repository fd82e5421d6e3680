"""Settings of single losses."""

from typing import Annotated

from pydantic import Field

from xraykit.config.section import Section

LOSSES_WITHOUT_CLASS_WEIGHTS = ("bce", "asymmetric")


class Focal(Section):
    """`loss: focal` (Lin et al. 2017): labels that the network already knows count less."""

    gamma: Annotated[float, Field(ge=0, le=10)] = Field(2.0, description="How much less. 0: the loss without focus.")


class Asymmetric(Section):
    """`loss: asymmetric` (Ridnik et al. 2021): easy negatives count less than easy positives."""

    gamma_positive: Annotated[float, Field(ge=0, le=10)] = Field(0.0, description="Focus of positives.")
    gamma_negative: Annotated[float, Field(ge=0, le=10)] = Field(4.0, description="Focus of negatives.")
    shift: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="A negative whose probability is below this does not count at all."
    )
