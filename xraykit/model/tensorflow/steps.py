"""Training and prediction steps under TensorFlow, in functions that are kept from trial to trial.

Keras traces one function for a whole step again for every compiled model: on DenseNet121 that takes half a minute.
Here the body of the network is a function of its own, traced once for as long as the body lives; a trial traces only
augmentation, head and optimizer, which are small. Every function takes batches of any size.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from xraykit.model.augmentation import RadiographAugmentation
from xraykit.model.build import FEATURE_MAP
from xraykit.model.library_internals import run_graph
from xraykit.model.networks import Network, network_of
from xraykit.model.optimizers import KINDS, OptimizerRecipe, build_optimizer
from xraykit.model.tensorflow.fused import FusedAdam, FusedAdamW, FusedRMSprop, FusedSGD, can_be_fused, normalise
from xraykit.model.tensorflow.unread import UnreadSteps

Tensor = Any

_OPTIMIZERS: dict[str, Any] = {
    **KINDS,
    "adam": FusedAdam,
    "adamw": FusedAdamW,
    "rmsprop": FusedRMSprop,
    "sgd": FusedSGD,
}


class ModelInPieces(UnreadSteps):
    """A model that ``fit`` and ``predict`` run piece by piece; made by :func:`in_pieces`.

    To be compiled with an optimizer of :meth:`optimizer_for`, a loss, and ``run_eagerly=True``: its steps are calls
    of compiled functions, which Keras need not trace again.
    """

    def take(self, network: Network, one_call: bool) -> None:
        """Run the functions traced on this network's layers."""
        self._parts = _Parts(network)
        self._one_call = one_call
        self._train: _TrainStep | None = None
        self._infer: Callable[[Tensor], Tensor] | None = None

    def optimizer_for(self, recipe: OptimizerRecipe) -> keras.optimizers.Optimizer:
        """An optimizer in its initial state, for what is trainable now; the one of an earlier trial if there was one.

        Args:
            recipe: What it does.
        """
        return self._parts.optimizer(recipe, self)

    def compile(self, *args: Any, **settings: Any) -> None:
        """Compile as every Keras model."""
        # What is trainable may have changed, and the optimizer has.
        self._train = None
        super().compile(*args, **settings)

    def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """One step; gives the mean loss of the epoch so far, as Keras does."""
        if self._train is None:
            self._train = _TrainStep(self, self._parts, self._one_call)
        return {"loss": self._train(*data)}

    def move_statistics(self, pixels: Tensor) -> None:
        """Run the body on a batch as in training, so that its normalisations move their statistics."""
        pixels = self._parts.augment()(tf.cast(pixels, self._parts.pixels.dtype))
        self._parts.train_body()[0](pixels)

    def predict_step(self, data: Any) -> Tensor:
        """Logits of one batch."""
        pixels, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        if self._infer is None:
            self._infer = self._parts.infer_head()
        return self._infer(self._parts.infer_body()(tf.cast(pixels, self._parts.pixels.dtype)))


def in_pieces(model: keras.Model, *, one_call: bool = True) -> ModelInPieces:
    """A model of the same layers and variables whose steps call functions that are traced once.

    Args:
        model: Of :func:`~xraykit.model.build.build_model`. It stays as it is, to be saved and explained.
        one_call: Join the functions of a training step in one, which is faster for each step and costs about a second
            more for each optimizer; otherwise they are called one after the other.
    """
    pieces = ModelInPieces(model.inputs, model.outputs, name=model.name)
    pieces.take(network_of(model, FEATURE_MAP), one_call)
    return pieces


class _Parts:
    """The traced functions of a network. No layer itself, so that Keras does not count its variables twice."""

    def __init__(self, network: Network) -> None:
        self._body, self._head = network.body, network.head
        self.head = network.head.layers
        self.pixels, self.features, self.logits = self._body.layers.input, self.head.input, self.head.output
        kinds = [layer for layer in self._body.layers.layers if isinstance(layer, RadiographAugmentation)]
        self._augmentation: RadiographAugmentation | None = kinds[0] if kinds else None

    def augment(self) -> Callable[[Tensor], Tensor]:
        """Change pictures; traced again when the amounts change, which are constants in it."""
        layer = self._augmentation
        if layer is None:
            return lambda pixels: pixels
        function: Callable[[Tensor], Tensor] | None
        known, function = self._body.traced.get("augment", (None, None))
        if function is None or known != layer.get_config():
            function = _function(lambda pixels: layer(pixels, training=True), self.pixels)
            self._body.traced["augment"] = layer.get_config(), function
        return function

    def train_body(self) -> tuple[Callable[[Tensor], tuple[Tensor, Tensor]], list[Any]]:
        """From augmented pixels to feature map and penalty (regularisation), and the variables that learn."""
        layers = self._body.layers.layers
        key = ("train", self._what_learns())
        if key not in self._body.traced:
            start = self._augmentation.output if self._augmentation else self.pixels
            graph = keras.Function(start, self._body.layers.output)

            def forward(pixels: Tensor) -> tuple[Tensor, Tensor]:
                features = run_graph(graph, pixels, _in_training)
                penalties = [tf.cast(penalty, tf.float32) for layer in layers for penalty in layer.losses]
                return features, tf.add_n([tf.zeros([]), *penalties])

            self._body.traced[key] = _function(forward, self.pixels)
        return self._body.traced[key], self._body.layers.trainable_variables

    def infer_body(self) -> Callable[[Tensor], Tensor]:
        """From pixels to feature map."""
        body = self._body
        if "infer" not in body.traced:
            body.traced["infer"] = _function(lambda pixels: body.layers(pixels, training=False), self.pixels)
        function: Callable[[Tensor], Tensor] = body.traced["infer"]
        return function

    def infer_head(self) -> Callable[[Tensor], Tensor]:
        """From feature map to logits."""
        head = self._head
        if "infer" not in head.traced:
            head.traced["infer"] = _function(lambda features: head.layers(features, training=False), self.features)
        function: Callable[[Tensor], Tensor] = head.traced["infer"]
        return function

    def optimizer(self, recipe: OptimizerRecipe, model: keras.Model) -> keras.optimizers.Optimizer:
        """See :meth:`ModelInPieces.optimizer_for`; ``model`` has all layers."""
        # One of each name: trials that differ in a number would otherwise fill the memory with their slots.
        key = ("optimizer", recipe.name, self._what_learns())
        optimizer: Any
        known, optimizer = self._head.traced.get(key, (None, None))
        if known is None or known.unchangeable != recipe.unchangeable:
            optimizer = build_optimizer(recipe, model, _OPTIMIZERS)
        elif not isinstance(recipe.rate, float) and recipe.rate != known.rate:
            # The numbers of a plan are constants of the function that was traced.
            self._head.traced.pop(("update", type(optimizer)), None)
        self._head.traced[key] = recipe, optimizer
        for variable in optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        optimizer.learning_rate = recipe.learning_rate()
        return optimizer

    def update(self, optimizer: keras.optimizers.Optimizer) -> Callable[[Sequence[Tensor]], None]:
        """From gradients of body and head to new weights."""
        variables = [*self._body.layers.trainable_variables, *self.head.trainable_variables]

        def update(gradients: Sequence[Tensor]) -> None:
            optimizer.apply_gradients(zip(gradients, variables))

        # Under mixed precision, Keras wraps the optimizer again at every `compile`, so nothing can be reused.
        function: Callable[[Sequence[Tensor]], None] | None
        known, function = self._head.traced.get(("update", type(optimizer)), (None, None))
        if function is None or known is not optimizer:
            function = tf.function(update, autograph=False)
            self._head.traced["update", type(optimizer)] = optimizer, function
        return function

    def _what_learns(self) -> tuple[bool, ...]:
        return tuple(layer.trainable for layer in self._body.layers.layers)


class _TrainStep:
    """One step: augment, body forward, head forward and backward, body backward, update.

    In one call, activations are released as the gradients are computed, and operations write into the memory of their
    inputs; between separate calls all of them are kept, and passed through Python.
    """

    def __init__(self, model: keras.Model, parts: _Parts, one_call: bool) -> None:
        self._augment = parts.augment()
        self._body, variables = parts.train_body()
        self._watched = [variable.value for variable in variables]
        self._head = _head_step(model, parts)
        self._update = parts.update(model.optimizer)
        self._takes = parts.pixels, parts.logits
        self._one_call = one_call
        self._compiled: dict[tf.DType, Callable[[Tensor, Tensor], Tensor]] = {}

    def __call__(self, pixels: Tensor, targets: Tensor) -> Tensor:
        if not self._one_call:
            return self._run(pixels, targets)
        kind = pixels.dtype
        if kind not in self._compiled:
            takes = [_spec(self._takes[0], kind), _spec(self._takes[1], targets.dtype)]
            self._compiled[kind] = tf.function(self._run, input_signature=takes, autograph=False)
        return self._compiled[kind](pixels, targets)

    def _run(self, pixels: Tensor, targets: Tensor) -> Tensor:
        # Pixels come as uint8, a fourth of the bytes to be sent to the device.
        pixels = self._augment(tf.cast(pixels, self._takes[0].dtype))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._watched)
            outputs = self._body(pixels)
        loss, slopes, gradients = self._head(*outputs, targets)
        self._update([*tape.gradient(outputs, self._watched, output_gradients=slopes), *gradients])
        return loss


def _head_step(model: keras.Model, parts: _Parts) -> Callable[..., tuple[Tensor, list[Tensor], list[Tensor]]]:
    """From feature map, penalty and targets to the epoch's loss so far, slopes of both, and the head's gradients."""
    tracker = next(metric for metric in model.metrics if metric.name == "loss")
    loss_of, optimizer, head = model.loss, model.optimizer, parts.head

    def step(features: Tensor, penalty: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch([features, penalty])
            loss = loss_of(targets, head(features, training=True)) + penalty
            scaled = optimizer.scale_loss(loss)
        learning = [variable.value for variable in head.trainable_variables]
        slopes = tape.gradient(scaled, [features, penalty, *learning])
        tracker.update_state(loss, sample_weight=tf.shape(targets)[0])
        return tracker.result(), slopes[:2], slopes[2:]

    takes = [_spec(parts.features), tf.TensorSpec([], tf.float32), _spec(parts.logits)]
    return tf.function(step, input_signature=takes, autograph=False)  # type: ignore[no-any-return]


def _in_training(operation: Any) -> Callable[..., Tensor]:
    """``operation`` as it is called in training."""
    if can_be_fused(operation):
        return lambda features, mask=None: normalise(operation, features)
    if not isinstance(operation, keras.Layer):
        return operation  # type: ignore[no-any-return]
    return lambda *tensors, **settings: operation(*tensors, **{**settings, "training": True})


def _function(function: Callable[..., Any], takes: Any) -> Callable[..., Any]:
    return tf.function(function, input_signature=[_spec(takes)], autograph=False)  # type: ignore[no-any-return]


def _spec(tensor: Any, kind: Any = None) -> Any:
    """Of a batch of any size, of the tensor's type or another."""
    return tf.TensorSpec((None, *tensor.shape[1:]), kind or tensor.dtype)
