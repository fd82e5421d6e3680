"""Random changes of training pictures, inside the model."""

from xraykit.model.augmentation.interpolation import sample
from xraykit.model.augmentation.layer import AMOUNTS, RadiographAugmentation

__all__ = ["AMOUNTS", "RadiographAugmentation", "sample"]
