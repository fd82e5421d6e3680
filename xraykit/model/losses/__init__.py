"""Losses on logits that leave unknown labels out, and the class weights that some of them use."""

from xraykit.model.losses.building import build_loss
from xraykit.model.losses.focal import AsymmetricLoss, FocalLoss
from xraykit.model.losses.masking import MaskedLoss
from xraykit.model.losses.weighted import WeightedBinaryCrossentropy, get_weighted_loss
from xraykit.model.losses.weights import class_weights

__all__ = [
    "AsymmetricLoss",
    "FocalLoss",
    "MaskedLoss",
    "WeightedBinaryCrossentropy",
    "build_loss",
    "class_weights",
    "get_weighted_loss",
]
