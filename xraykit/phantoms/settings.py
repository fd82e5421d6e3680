"""What an experiment sets about phantoms, and the findings that they can show."""

from typing import Annotated

from pydantic import Field, model_validator

from xraykit.config import Section

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""The findings that can be drawn; random draws depend on their order."""


class Phantom(Section):
    """The simulated radiographs of `data.format: phantom`."""

    patients: Annotated[int, Field(ge=10, le=100_000)] = Field(400, description="Number of simulated patients.")
    images: Annotated[int, Field(ge=10, le=1_000_000)] = Field(
        600, description="Number of radiographs over all patients; at least one each."
    )
    size: Annotated[int, Field(ge=32, le=1024)] = Field(256, description="Side of the pictures in pixels.")
    prevalence: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.15, description="Share of the radiographs that show any one finding."
    )
    seed: int = Field(7, ge=0, description="Seed of patients, findings and noise.")

    @model_validator(mode="after")
    def _one_image_each(self) -> "Phantom":
        if self.images < self.patients:
            raise ValueError(f"images must be at least patients ({self.patients}), one each. Received: {self.images}")
        return self
