"""Optimizers of Keras as the section ``training`` describes them: decay, clipping, accumulation, average, rates."""

from xraykit.model.optimizers.build import KINDS, build_optimizer
from xraykit.model.optimizers.decay import decayed_variables
from xraykit.model.optimizers.recipe import OptimizerRecipe

__all__ = ["KINDS", "OptimizerRecipe", "build_optimizer", "decayed_variables"]
