"""From a network of Keras to the file of another runtime, by Keras' own exporters and the runtimes' converters."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from xraykit.errors import ModelError
from xraykit.export.targets import TARGETS, Target
from xraykit.model import LOGITS, PIXELS
from xraykit.system import without_startup_notices

_BATCH_AXIS = "batch"


def convert(network: keras.Model, target: Target, folder: Path, calibration: np.ndarray | None = None) -> None:
    """Write a network in a format.

    Args:
        network: From ``(B, S, S, 1)`` float32 pixels 0–255 to ``(B, L)`` logits.
        target: The format.
        folder: Where it is written, as :attr:`.Target.network`.
        calibration: Pictures ``(n, S, S)``, 0–255, from which the ranges of 8-bit integers are taken; None: float32.

    Raises:
        ModelError: this version of Keras, or the converter, cannot write it.
    """
    path = folder / target.network
    try:
        with _quiet():
            if calibration is None:
                _export(network, path, target)
            else:
                _INT8[target.name](network, path, calibration)
    except OSError:
        # The disk, not the network.
        raise
    # A layer of a plug-in may have no counterpart in the format; each converter has its own errors.
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Keras {keras.__version__} cannot export this network to {target.name}"
            f"{'' if calibration is None else ' with --int8'}: {type(error).__name__}: {first} Nothing was written. "
            f"Choose another format, or install newer versions of keras and of the packages of the format."
        ) from error


def _export(network: keras.Model, path: Path, target: Target, **settings: Any) -> None:
    signature = [keras.InputSpec(dtype="float32", shape=network.input_shape, name=PIXELS)]
    network.export(str(path), format=target.keras_format, verbose=False, input_signature=signature, **settings)
    if target.name == "onnx":
        _name_outputs(path)


def _name_outputs(path: Path) -> None:
    """Give the output of an ONNX file and the first axes names that people recognise."""
    import onnx

    model = onnx.load(str(path))
    (given,), (taken,) = model.graph.output, model.graph.input
    model.graph.node.append(onnx.helper.make_node("Identity", [given.name], [LOGITS], name=LOGITS))
    given.name = LOGITS
    for each in (given, taken):
        each.type.tensor_type.shape.dim[0].dim_param = _BATCH_AXIS
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _int8_onnx(network: keras.Model, path: Path, calibration: np.ndarray) -> None:
    """Static quantisation by ONNX Runtime: ranges of activations from pictures, of weights for each channel."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self._left = _one_by_one(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            (pixels,) = next(self._left, (None,))
            return None if pixels is None else {PIXELS: pixels}

    whole, prepared = path.with_name("float32.onnx"), path.with_name("prepared.onnx")
    try:
        _export(network, whole, TARGETS["onnx"])
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(path),
            Pictures(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        for each in (whole, prepared):
            each.unlink(missing_ok=True)


def _int8_litert(network: keras.Model, path: Path, calibration: np.ndarray) -> None:
    """Post-training quantisation by LiteRT's converter; pixels and logits stay float32."""
    import tensorflow as tf

    _export(
        network,
        path,
        TARGETS["litert"],
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([pixels] for (pixels,) in _one_by_one(calibration)),
    )


def _int8_openvino(network: keras.Model, path: Path, calibration: np.ndarray) -> None:
    """Quantised by ONNX Runtime and converted: OpenVINO reads its 8-bit operations as its own."""
    import openvino

    quantised = path.with_name("int8.onnx")
    try:
        _int8_onnx(network, quantised, calibration)
        openvino.save_model(openvino.convert_model(str(quantised)), str(path), compress_to_fp16=False)
    finally:
        quantised.unlink(missing_ok=True)


_INT8 = {"onnx": _int8_onnx, "litert": _int8_litert, "openvino": _int8_openvino}


def _one_by_one(pictures: np.ndarray) -> Iterator[Sequence[np.ndarray]]:
    for picture in pictures:
        yield (picture[None, ..., None].astype(np.float32),)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress messages of the converters; what they raise is raised."""
    names = ("tf2onnx", "tensorflow", "absl", "root", "openvino")
    loggers = [logging.getLogger(name) for name in names]
    before = [each.level for each in loggers]
    with warnings.catch_warnings(), without_startup_notices():
        warnings.simplefilter("ignore")
        for each in loggers:
            each.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for each, level in zip(loggers, before, strict=True):
                each.setLevel(level)
