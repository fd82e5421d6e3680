"""Baselines of heat maps: a map that ignores the radiograph, and a network that was not trained."""

import random
from typing import Any

import keras
import numpy as np

# Standard deviation as a share of the side: half of its height or more on 27 % of the picture.
SPREAD = 1 / 4


def centre_prior(size: int) -> np.ndarray:
    """A Gaussian in the middle of the picture: where findings often are, whatever the radiograph shows.

    A method that is no better has shown nothing of the model (the baseline of the pointing game: Zhang et al., IJCV
    2018).

    Args:
        size: Side in pixels.

    Returns:
        ``(size, size)`` float32, 0–1, with a standard deviation of a quarter of the side.
    """
    distance = (np.arange(size) - (size - 1) / 2) / (SPREAD * size)
    profile = np.exp(-0.5 * distance**2)
    heat = np.outer(profile, profile)
    return np.asarray(heat / heat.max(), np.float32)


def random_twin(model: keras.Model, seed: int) -> keras.Model:
    """The same network with new random initial weights.

    Heat maps that are as good on it as on the trained one come of the architecture and not of what was learnt (model
    parameter randomisation test: Adebayo et al., NeurIPS 2018). The trained model and the random numbers of the
    process stay as they are.

    Args:
        model: A functional model; its layers can be created again from their configuration.
        seed: Of the weights.

    Returns:
        A model of its own, not compiled.
    """
    seeds = random.Random(seed)

    def renewed(layer: Any) -> Any:
        return type(layer).from_config(_reseeded(layer.get_config(), seeds))

    # Without the loss and the optimizer, which a clone of the model itself would take along.
    plain = keras.Model(model.input, model.output, name=model.name)
    states = random.getstate(), np.random.get_state()
    try:
        return keras.models.clone_model(plain, clone_function=renewed)
    finally:
        # Layers draw a seed of their own where their configuration has none.
        random.setstate(states[0])
        np.random.set_state(states[1])


def _reseeded(configuration: Any, seeds: random.Random) -> Any:
    """A layer's configuration with a new seed in each of its initializers."""
    if isinstance(configuration, dict):
        return {
            key: seeds.randrange(2**31) if key == "seed" else _reseeded(value, seeds)
            for key, value in configuration.items()
        }
    return configuration
