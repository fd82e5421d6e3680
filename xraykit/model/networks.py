"""Networks that are kept for the next trial: building and tracing are slow, and most trials share a structure.

A network is a body, everything up to the last feature map, and a head. A later network of the same structure gets the
same layers, with every variable put back to where it began: it trains exactly as in a process of its own.
"""

import gc
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import keras
import numpy as np

from xraykit.errors import ModelError
from xraykit.model.library_internals import forget_consumers, with_inner_layers


class Piece:
    """A sequence of layers, its initial values, and the functions traced on it.

    Args:
        layers: Functional model of this stretch alone.
        start: What decided the initial values of its variables.

    Attributes:
        traced: The functions traced on these layers; they live as long as the layers.
    """

    def __init__(self, layers: keras.Model, start: Hashable) -> None:
        self.layers = layers
        self.start = start
        self.traced: dict[Hashable, Any] = {}
        self._values = [np.asarray(variable).copy() for variable in layers.variables]
        self._trainable = [layer.trainable for layer in with_inner_layers(layers.layers)]

    def renew(self) -> None:
        """Reset every variable and ``trainable`` to the initial values."""
        for layer, trainable in zip(with_inner_layers(self.layers.layers), self._trainable):
            if layer.trainable != trainable:
                layer.trainable = trainable
        for variable, value in zip(self.layers.variables, self._values):
            variable.assign(value)

    def restart_as(self, other: "Piece") -> None:
        """Use the initial values of ``other``, which has the same structure, from now on."""
        self.start, self._values = other.start, other._values


class Network:
    """A body and its current head.

    Args:
        body: From pixels to the last feature map.
    """

    def __init__(self, body: Piece) -> None:
        self.body = body
        self._head: Piece | None = None
        self._logits: Any = None
        self._model: weakref.ref[keras.Model] | None = None

    @property
    def is_free(self) -> bool:
        """Whether its model no longer exists."""
        return self._model is None or self._model() is None

    @property
    def head(self) -> Piece:
        """From feature map to logits."""
        if self._head is None:
            raise ModelError("This network has no head yet. Call set_head first.")
        return self._head

    def set_head(self, start: Hashable, build: Callable[[Any], Any]) -> Piece:
        """Reset the head if it is the same; otherwise build it in place of the current one.

        Args:
            start: Everything that decides its structure and its initial values.
            build: From feature map to logits.
        """
        if self._head is not None and self._head.start == start:
            self._head.renew()
            return self._head
        features = self.body.layers.output
        forget_consumers(self.body.layers.layers[-1])
        self._logits = build(features)
        self._head = Piece(keras.Model(features, self._logits), start)
        return self._head

    def model(self, name: str) -> keras.Model:
        """A model of body and head in one flat graph; the network is in use as long as the model exists."""
        model = keras.Model(self.body.layers.input, self._logits, name=name)
        self._model = weakref.ref(model)
        _NETWORK_OF[model] = self
        return model


class NetworkPool:
    """The most recently used networks.

    Args:
        size: How many are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._networks: OrderedDict[Hashable, Network] = OrderedDict()

    def take(self, structure: Hashable, start: Hashable, build: Callable[[], Piece]) -> Network:
        """A network that is not in use, with its body at its initial values.

        Args:
            structure: Everything that decides the structure of the body.
            start: Everything else that decides its initial values.
            build: Builds a body from nothing.
        """
        kept = self._networks.get(structure)
        if kept is not None and not kept.is_free:
            # Models contain reference cycles.
            gc.collect()
        if kept is None or not kept.is_free:
            return self._keep(structure, Network(build()))
        self._networks.move_to_end(structure)
        if kept.body.start != start:
            kept.body.restart_as(build())
        kept.body.renew()
        return kept

    def _keep(self, structure: Hashable, network: Network) -> Network:
        self._networks[structure] = network
        self._networks.move_to_end(structure)
        if len(self._networks) > self._size:
            self._networks.popitem(last=False)
            gc.collect()
        return network


def network_of(model: keras.Model, last_of_body: str) -> Network:
    """The network of ``model``; of a loaded model, a network of its own layers.

    Args:
        model: With a layer ``last_of_body``, which everything passes through.
        last_of_body: Name of the layer after which the head begins.
    """
    if model not in _NETWORK_OF:
        features = model.get_layer(last_of_body).output
        network = Network(Piece(keras.Model(model.inputs[0], features), start=None))
        network.set_head(None, lambda _: model.outputs[0])
        _NETWORK_OF[model] = network
    return _NETWORK_OF[model]


_NETWORK_OF: "weakref.WeakKeyDictionary[keras.Model, Network]" = weakref.WeakKeyDictionary()
