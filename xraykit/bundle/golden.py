"""The golden picture: a made-up radiograph whose logits are known, so that a changed network is noticed.

The weights' file has a checksum of its own. What the golden picture adds is everything around the weights: another
version of Keras that computes a layer otherwise, another preprocessing, another decoder of pictures.
"""

from pathlib import Path

import cv2
import keras
import numpy as np

from xraykit.bundle.inputs import Source
from xraykit.data.images import open_radiograph
from xraykit.data.phantoms import draw_patient, draw_radiograph
from xraykit.errors import ModelError

_PATIENT = 14
_FINDINGS = {"Cardiomegaly": 0.7, "Effusion": 0.6}

TOLERANCE = 0.01
"""Of a logit, as a share of 1 + its size, in float32.

TODO measured
"""
HALF_PRECISION_TOLERANCE = 0.1
"""The same for a network that computes in 16 bits."""


def write_golden(path: Path, size: int) -> None:
    """Draw the golden picture as a PNG file.

    Args:
        path: The file.
        size: Side of the network's pictures in pixels; a phantom of 32 to 1024 is drawn.
    """
    radiograph = draw_radiograph(draw_patient(_PATIENT), _FINDINGS, size=min(max(size, 32), 1024))
    _, png = cv2.imencode(".png", radiograph.pixels)
    path.write_bytes(png.tobytes())


def golden_logits(model: keras.Model, golden: Source) -> np.ndarray:
    """Logits ``(L,)`` of the golden picture, float64; in one forward pass that traces and compiles nothing.

    Raises:
        BrokenImageError: the picture cannot be read.
    """
    picture = open_radiograph(golden, int(model.input_shape[1])).picture
    logits = np.asarray(model(picture[None, ..., None].astype(np.float32), training=False), np.float64)
    return logits.reshape(-1)


def check_golden(model: keras.Model, golden: Path, expected: np.ndarray) -> None:
    """Compare the logits of the golden picture with those that were written when the bundle was made.

    Args:
        model: The loaded network.
        golden: The picture.
        expected: ``(L,)`` logits.

    Raises:
        BrokenImageError: the picture cannot be read.
        ModelError: the logits differ by more than the arithmetic of another machine explains.
    """
    received = golden_logits(model, golden)
    tolerance = tolerance_of(model)
    if received.shape == expected.shape and np.all(np.abs(received - expected) <= tolerance * (1 + np.abs(expected))):
        return
    raise ModelError(
        f"The network does not answer as it did when it was made. Logits of {golden}: expected {_listed(expected)}, "
        f"received {_listed(received)}, which differ by more than {tolerance:g}·(1 + |logit|). The picture or "
        f"model.json was changed, or this version of Keras ({keras.__version__}) or of xraykit's preprocessing "
        f"computes otherwise. Take the files anew from where they came, or install the versions in model.json."
    )


def tolerance_of(model: keras.Model) -> float:
    """The tolerance of the precision in which a network computes."""
    half = {layer.compute_dtype for layer in model.layers} & {"float16", "bfloat16"}
    return HALF_PRECISION_TOLERANCE if half else TOLERANCE


def _listed(logits: np.ndarray) -> str:
    return "[" + ", ".join(f"{value:.4f}" for value in logits) + "]"
