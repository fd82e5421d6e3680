"""The golden picture: a simulated radiograph whose logits are known, so that a changed network is noticed.

The weights' file has a checksum of its own. What the golden picture adds is everything around the weights: another
version of Keras that computes a layer otherwise, another preprocessing, another decoder of pictures.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from xraykit.bundle.contents import Golden
from xraykit.bundle.inputs import Source
from xraykit.config import ViewsName
from xraykit.data import open_radiograph
from xraykit.errors import ModelError
from xraykit.evaluation import DecisionRule, combined_logits
from xraykit.model import views_of
from xraykit.phantoms import draw_patient, draw_radiograph

_PATIENT = 14
_FINDINGS = {"Cardiomegaly": 0.7, "Effusion": 0.6}

TOLERANCES = {"float32": 0.02, "float16": 0.05, "bfloat16": 0.5}
"""How much a logit may differ, as a share of 1 + its size, by the precision in which a network computes.

Measured on one CPU between TensorFlow and JAX, largest share of four networks (a tiny one, DenseNet121,
MobileNetV3Small, InceptionResNetV2) with random weights and logits of -8 to 8: 0.00006 in float32, 0.011 in float16,
0.24 in bfloat16, whose numbers have 8 bits. GPUs multiply float32 with 11 bits (TensorFloat-32) by default, about
as float16 does: so the tolerance of float32 is larger than CPUs need. A network with another preprocessing, or whose
layers compute differently, differs by more.
"""


def write_golden(path: Path, size: int) -> None:
    """Draw the golden picture as a PNG file.

    Args:
        path: The file.
        size: Side of the network's pictures in pixels; a phantom of 32 to 1024 is drawn.
    """
    radiograph = draw_radiograph(draw_patient(_PATIENT), _FINDINGS, size=min(max(size, 32), 1024))
    _, png = cv2.imencode(".png", radiograph.pixels)
    path.write_bytes(png.tobytes())


def golden_logits(model: keras.Model, golden: Source, views: ViewsName = "none") -> np.ndarray:
    """Logits ``(L,)`` of the golden picture, float64, in one forward pass.

    Args:
        model: The network.
        golden: The picture.
        views: The test-time augmentation of the network.

    Raises:
        BrokenImageError: the picture cannot be read.
    """
    picture = open_radiograph(golden, int(model.input_shape[1])).picture[None, ..., None].astype(np.float32)
    seen = np.concatenate([view(picture) for view in views_of(views)])
    if keras.backend.backend() == "jax":
        # Without a compiler JAX compiles each operation by itself, which takes twice as long.
        logits = np.asarray(model.predict(seen, verbose=0), np.float64)
    else:
        logits = np.asarray(model(seen, training=False), np.float64)
    return np.asarray(logits.mean(axis=0))


def check_golden(
    model: keras.Model,
    golden: Path,
    expected: np.ndarray,
    what: str = "The network",
    views: ViewsName = "none",
) -> None:
    """Compare the logits of the golden picture with those in the bundle.

    Args:
        model: The loaded network.
        golden: The picture.
        expected: ``(L,)`` logits.
        what: How an error message calls the network.
        views: The test-time augmentation of the network.

    Raises:
        BrokenImageError: the picture cannot be read.
        ModelError: the logits differ by more than the arithmetic of another machine explains.
    """
    received = golden_logits(model, golden, views)
    tolerance = tolerance_of(model)
    if received.shape == expected.shape and np.all(np.abs(received - expected) <= tolerance * (1 + np.abs(expected))):
        return
    raise ModelError(
        f"{what} does not yield the logits that it had when the bundle was written. {golden}: expected "
        f"{_listed(expected)}, received {_listed(received)}, which differ by more than {tolerance:g}·(1 + |logit|). "
        f"The picture or model.json was changed, or this version of Keras ({keras.__version__}) or of xraykit's "
        f"preprocessing computes differently. Copy the files again from their source, or install the versions in "
        f"model.json."
    )


def check_golden_in(precision: str, received: np.ndarray, golden: Path, expected: np.ndarray) -> None:
    """Compare logits of the golden picture that were computed in another precision with those in the bundle.

    Args:
        precision: ``bfloat16``, by whose tolerance they are compared.
        received: ``(m, 1, L)`` of the networks.
        golden: The picture.
        expected: ``(m, L)``.

    Raises:
        ModelError: they differ by more.
    """
    tolerance, logits = TOLERANCES[precision], received[:, 0]
    if np.all(np.abs(logits - expected) <= tolerance * (1 + np.abs(expected))):
        return
    raise ModelError(
        f"In {precision} the network does not yield the logits that it had when the bundle was written. {golden}: "
        f"expected {_listed(expected.reshape(-1))}, received {_listed(logits.reshape(-1))}, which differ by more than "
        f"{tolerance:g}·(1 + |logit|). Predict in float32, the default."
    )


def check_combined(rules: Sequence[DecisionRule], members: npt.ArrayLike, expected: npt.ArrayLike) -> None:
    """Compare the golden logits of an ensemble with those that its members' golden logits and calibrations give.

    A member's decision rule that was exchanged or changed is noticed by this.

    Args:
        rules: Decision rule of each of the ``m`` members.
        members: ``(m, L)``, their stored logits of the golden picture.
        expected: ``(L,)``, the stored logits of the ensemble.

    Raises:
        ValueError: they differ.
    """
    received, stored = combined_golden(rules, members), np.asarray(expected, np.float64)
    if not np.all(np.abs(received - stored) <= 1e-9 * (1 + np.abs(stored))):
        raise ValueError(
            f"the decision rules of the members do not give the stored logits of the golden picture: expected "
            f"{_listed(stored)}, received {_listed(received)}. A member's decision rule was exchanged or changed."
        )


def combined_golden(rules: Sequence[DecisionRule], members: npt.ArrayLike) -> np.ndarray:
    """Logits ``(L,)`` of an ensemble for the golden picture, of its members' ``(m, L)``."""
    return np.asarray(combined_logits(rules, np.asarray(members, np.float64)[:, None, :])[0])


def golden_results(logits: npt.ArrayLike, decision_rule: DecisionRule) -> dict[str, Any]:
    """Logits of the golden picture and the results of a decision rule on them, as plain values for JSON.

    Args:
        logits: ``(L,)``, finite.
        decision_rule: Of L labels.

    Returns:
        ``logits``, ``probabilities`` (calibrated; None where a label has none) and ``calls`` (true, false, or None
        where there is no operating point).
    """
    numbers = np.asarray(logits, np.float64)
    probabilities, calls = decision_rule.apply(numbers[None])
    return {
        "logits": numbers.tolist(),
        "probabilities": [None if np.isnan(each) else float(each) for each in probabilities[0]],
        "calls": [None if np.isnan(each) else bool(each) for each in calls[0]],
    }


def check_golden_results(golden: Golden, decision_rule: DecisionRule) -> None:
    """Compare the golden probabilities and calls with those that the decision rule computes from the golden logits.

    Another decision rule than that of the network, or one with a changed number, is noticed by this.

    Args:
        golden: The stored results; bundles of xraykit 0.1 contain logits only.
        decision_rule: That of the bundle.

    Raises:
        ValueError: they differ.
    """
    if golden.probabilities is None and golden.calls is None:
        return
    if golden.probabilities is None or golden.calls is None:
        raise ValueError("the golden picture has probabilities or calls, but not both.")
    received = golden_results(golden.logits, decision_rule)
    off = [
        f"{label}: expected {_shown(p, call)}, received {_shown(other_p, other_call)}"
        for label, p, other_p, call, other_call in zip(
            decision_rule.labels,
            golden.probabilities,
            received["probabilities"],
            golden.calls,
            received["calls"],
            strict=True,
        )
        if call is not other_call or (p is None) != (other_p is None) or not _equal(p, other_p)
    ]
    if off:
        raise ValueError(f"the decision rule does not give the stored results of the golden picture: {'; '.join(off)}.")


def _equal(p: float | None, other: float | None) -> bool:
    # Sums in another order, as on another processor, differ by far less; a digit that matters by more.
    return p is None or other is None or abs(p - other) <= 1e-9


def _shown(p: float | None, call: bool | None) -> str:
    probability = "no probability" if p is None else f"{p:.6g}"
    return f"{probability} ({'no call' if call is None else 'positive' if call else 'negative'})"


def tolerance_of(model: keras.Model) -> float:
    """The tolerance of the coarsest precision in which a layer computes."""
    return max(TOLERANCES.get(layer.compute_dtype, TOLERANCES["float32"]) for layer in model.layers)


def _listed(logits: np.ndarray) -> str:
    return "[" + ", ".join(f"{value:.4f}" for value in logits) + "]"
