"""What may be changed in training pictures: ``training.augmentation``."""

from typing import Annotated

from pydantic import Field

from xraykit.config.section import Section, is_default


class Augmentation(Section):
    """Random changes of training pictures, different in each epoch."""

    shift: Annotated[float, Field(ge=0, le=0.5)] = Field(0.05, description="Largest shift, share of the side.")
    rotation: Annotated[float, Field(ge=0, le=45)] = Field(5.0, description="Largest rotation in degrees.")
    zoom: Annotated[float, Field(ge=0, le=0.5)] = Field(0.05, description="Largest zoom in or out, share.")
    contrast: Annotated[float, Field(ge=0, lt=1)] = Field(0.1, description="Largest change of contrast, share.")
    flip: bool = Field(False, description="Flip left and right. Off: the heart is on the left.")
    gamma: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0,
        description="Largest change of the grey curve: pixels become 255 (pixel / 255)^g with g from 1 / (1 + gamma) "
        "to 1 + gamma, as another exposure changes them.",
        exclude_if=is_default(0.0),
    )
    noise: Annotated[float, Field(ge=0, le=64)] = Field(
        0.0,
        description="Largest standard deviation of added Gaussian noise in grey levels, as fewer photons bring it.",
        exclude_if=is_default(0.0),
    )
    blur: Annotated[float, Field(ge=0, le=5)] = Field(
        0.0,
        description="Largest standard deviation of a Gaussian blur in pixels, as motion and coarse detectors bring it.",
        exclude_if=is_default(0.0),
    )
    cutout: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0,
        description="Largest side of one rectangle that is painted in the mean grey of the picture, share of the side "
        "(DeVries & Taylor 2017).",
        exclude_if=is_default(0.0),
    )
    crop: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0,
        description="Most that is cropped away before the picture is enlarged to its size again, share of the side; "
        "where the crop lies is drawn, too.",
        exclude_if=is_default(0.0),
    )
