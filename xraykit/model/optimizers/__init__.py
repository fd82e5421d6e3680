"""Optimizers of Keras as the section ``training`` describes them: decay, clipping, accumulation, average, rates."""

from xraykit.model.optimizers.blocks import blocks_of, layer_shares
from xraykit.model.optimizers.build import KINDS, build_optimizer
from xraykit.model.optimizers.decay import decayed_variables
from xraykit.model.optimizers.recipe import OptimizerRecipe
from xraykit.model.optimizers.schedules import planned_rate

__all__ = [
    "KINDS",
    "OptimizerRecipe",
    "blocks_of",
    "build_optimizer",
    "decayed_variables",
    "layer_shares",
    "planned_rate",
]
