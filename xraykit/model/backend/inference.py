"""Predictions of a network whose weights no longer change: as fast as the framework under Keras computes them."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Literal

import keras
import numpy as np

from xraykit.model.backend.functions import light_graphs, outputs
from xraykit.system import without_startup_notices

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

_LARGEST_FROZEN = 2**30
"""Bytes of weights: they become constants of a graph, which TensorFlow limits to 2 GiB."""

_CALLS_BEFORE_TRACE = 4
"""To trace and optimise a DenseNet121 takes as long as some ten batches without it."""


class Inference:
    """A network's outputs for pictures; later changes of its weights need not be seen.

    Under TensorFlow on a CPU the first batches are computed without a graph. Then the network is traced once, with its
    weights as constants, and the graph is optimised: whoever predicts one picture does not wait for that, and whoever
    predicts many soon has the fastest way. Both agree but for the rounding of float32. In bfloat16 the graph is used
    from the first batch on.

    Args:
        model: From ``(B, S, S, 1)`` pixels 0–255 to one output.
        precision: ``bfloat16`` computes convolutions and matrix products with 8 significant bits, and sums, the last
            layer's output and what is between them where it matters in float32. It is faster on processors with
            instructions for it (AVX512-BF16, AMX) and GPUs, and slower on others. ``float32`` leaves the network as it
            was trained.
    """

    def __init__(self, model: keras.Model, precision: Precision = "float32") -> None:
        self._on_cpu = keras.backend.backend() == "tensorflow" and _weights(model) <= _LARGEST_FROZEN and not _gpus()
        self._rewritten = precision == "bfloat16" and self._on_cpu
        self._model = _in_bfloat16(model) if precision == "bfloat16" and not self._on_cpu else model
        self._call = None if self._on_cpu else outputs(self._model)
        self._graph: Any = None
        self._calls = 0
        self._lock = threading.Lock()

    def __call__(self, pixels: np.ndarray, batch_size: int) -> np.ndarray:
        """Outputs ``(n, …)`` float32 of pictures ``(n, S, S, 1)`` 0–255, of any type."""
        starts = range(0, len(pixels), batch_size)
        parts = [self._batch(pixels[start : start + batch_size]) for start in starts]
        if not parts:
            return np.zeros((0, *self._model.output_shape[1:]), np.float32)
        return np.concatenate(parts)

    def _batch(self, pixels: np.ndarray) -> np.ndarray:
        pixels = np.asarray(pixels, np.float32)
        if self._call is not None:
            return self._call(pixels)
        with self._lock:
            self._calls += 1
            if self._graph is None and (self._rewritten or self._calls > _CALLS_BEFORE_TRACE):
                self._graph = self._traced()
        return self._computed(pixels)

    def _computed(self, pixels: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        if self._graph is None:
            with light_graphs():
                return np.asarray(self._model(tf.constant(pixels), training=False), np.float32)
        with _graph_options(bfloat16=self._rewritten):
            return np.asarray(self._graph(tf.constant(pixels))[0], np.float32)

    def _traced(self) -> Any:
        import tensorflow as tf

        from xraykit.model.library_internals import with_constant_weights

        model = self._model
        traced = tf.function(
            lambda pixels: model(pixels, training=False),
            input_signature=[tf.TensorSpec(model.input_shape, tf.float32)],
        )
        with without_startup_notices():
            return with_constant_weights(traced.get_concrete_function())


_changing_options = threading.RLock()


@contextlib.contextmanager
def _graph_options(*, bfloat16: bool) -> Iterator[None]:
    """TensorFlow's graph optimiser is on, and rewrites to bfloat16 where asked: it follows the options at each call."""
    import tensorflow as tf

    wanted = {"disable_meta_optimizer": False, "auto_mixed_precision_onednn_bfloat16": bfloat16}
    with _changing_options:
        options = tf.config.optimizer.get_experimental_options()
        before = {name: options.get(name, False) for name in wanted}
        if before != wanted:
            tf.config.optimizer.set_experimental_options(wanted)
        try:
            yield
        finally:
            if before != wanted:
                tf.config.optimizer.set_experimental_options(before)


def _weights(model: keras.Model) -> int:
    """Bytes of the network's weights in float32."""
    return 4 * int(model.count_params())


def _gpus() -> list[Any]:
    import tensorflow as tf

    return list(tf.config.list_physical_devices("GPU"))


def _in_bfloat16(model: keras.Model) -> keras.Model:
    """A copy that computes in bfloat16 from its first layer with weights on, and its last layer in float32."""
    weighted = [layer.name for layer in model.layers if layer.weights]
    names = [layer.name for layer in model.layers]
    coarse = set(names[names.index(weighted[0]) : -1]) if weighted else set()

    def copied(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in coarse and layer.compute_dtype == "float32":
            config["dtype"] = "mixed_bfloat16"
        return layer.__class__.from_config(config)

    copy = keras.models.clone_model(model, clone_function=copied)
    copy.set_weights(model.get_weights())
    return copy
