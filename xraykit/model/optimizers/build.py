"""From a recipe to an optimizer of Keras."""

from collections.abc import Mapping
from typing import Any

import keras

from xraykit.model.library_internals import RecipeUpdates
from xraykit.model.optimizers.decay import undecayed_variables
from xraykit.model.optimizers.muon import MuonOfKernels, kernels_of_muon
from xraykit.model.optimizers.recipe import OptimizerRecipe


class Adam(RecipeUpdates, keras.optimizers.Adam):
    """Keras' Adam."""


class AdamW(RecipeUpdates, keras.optimizers.AdamW):
    """Keras' AdamW."""


class RMSprop(RecipeUpdates, keras.optimizers.RMSprop):
    """Keras' RMSprop."""


class SGD(RecipeUpdates, keras.optimizers.SGD):
    """Keras' SGD."""


class Lion(RecipeUpdates, keras.optimizers.Lion):
    """Keras' Lion."""


class Muon(RecipeUpdates, MuonOfKernels):
    """Keras' Muon, for convolutions too."""


KINDS: Mapping[str, type[Any]] = {
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "sgd": SGD,
    "lion": Lion,
    "muon": Muon,
}
"""The classes of optimizers by the names that ``training.optimizer`` takes."""


def build_optimizer(
    recipe: OptimizerRecipe, model: keras.Model, kinds: Mapping[str, type[Any]] = KINDS
) -> keras.optimizers.Optimizer:
    """An optimizer in its initial state, to be compiled with ``model`` and built on its trainable variables.

    Defaults are Keras' own, except for the momentum of 0.9 that SGD usually has.

    Args:
        recipe: What it does.
        model: Decides which variables are not decayed, and which ones Muon leaves to Adam.
        kinds: The class of each name.
    """
    settings = recipe.settings()
    if recipe.name == "sgd":
        settings["momentum"] = 0.9
    if recipe.name == "muon":
        settings["kernels"] = kernels_of_muon(model)
        if recipe.weight_decay is not None:
            settings["adam_weight_decay"] = recipe.weight_decay
    optimizer = kinds[recipe.name](recipe.learning_rate(), **settings)
    optimizer.exclude_from_weight_decay(var_list=undecayed_variables(model))
    optimizer.take_shares(recipe.shares)
    return optimizer
