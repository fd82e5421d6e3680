"""An exported network in its own runtime: for the check of an export, and for measurements."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.errors import ModelError
from xraykit.export.targets import Target
from xraykit.system import without_startup_notices

Compute = Callable[[np.ndarray], np.ndarray]
"""From pixels ``(B, S, S, 1)`` float32, 0–255, to logits ``(B, L)`` float32."""

_BATCH = 16


class Runtime:
    """An exported network, loaded by its runtime.

    Args:
        target: Its format.
        folder: Of the export.

    Attributes:
        version: Of the runtime's distribution.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.version = version(target.distribution)
        # One picture at a time where the format has a fixed batch, as the example does.
        self._batch = 1 if target.name == "litert" else _BATCH
        self._compute = _OPENED[target.name](folder / target.network)

    def logits(self, pictures: np.ndarray) -> np.ndarray:
        """Logits ``(n, L)`` float64 of pictures ``(n, S, S)``, 0–255."""
        pixels = np.asarray(pictures, np.float32)[..., None]
        parts = [self._compute(pixels[at : at + self._batch]) for at in range(0, len(pixels), self._batch)]
        return np.concatenate(parts).astype(np.float64)


def open_runtime(target: Target, folder: Path) -> Runtime:
    """The network of an export in its runtime.

    Raises:
        ModelError: the runtime cannot load it.
    """
    try:
        with without_startup_notices():
            return Runtime(target, folder)
    # A runtime raises errors of its own, without a common base.
    except Exception as error:
        raise ModelError(
            f"{target.title} cannot load {folder / target.network}: {type(error).__name__}: {error}"
        ) from error


def _onnx(path: Path) -> Compute:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda pixels: np.asarray(session.run(None, {"pixels": pixels})[0])


def _litert(path: Path) -> Compute:
    from ai_edge_litert.interpreter import Interpreter

    # Its content, not its name: the interpreter cannot open every name under Windows.
    interpreter = Interpreter(model_content=path.read_bytes())
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()

    def compute(pixels: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(taken["index"], pixels)
        interpreter.invoke()
        return np.array(interpreter.get_tensor(given["index"]))

    return compute


def _saved_model(path: Path) -> Compute:
    import tensorflow as tf

    network = tf.saved_model.load(str(path))
    return lambda pixels: np.asarray(network.serve(tf.constant(pixels)))


def _openvino(path: Path) -> Compute:
    import openvino

    # Without the hint, processors with instructions for bfloat16 compute in that.
    network = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: np.array(network(pixels)[0])


_OPENED: dict[str, Callable[[Path], Any]] = {
    "onnx": _onnx,
    "litert": _litert,
    "savedmodel": _saved_model,
    "openvino": _openvino,
}
