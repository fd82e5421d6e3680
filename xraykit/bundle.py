"""A trained network with what belongs to it: labels in order, operating points, where it comes from; and prediction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from xraykit import backend
from xraykit.config import Experiment
from xraykit.data import Parts, read_radiograph
from xraykit.errors import ModelError, XraykitError
from xraykit.explain import GradCam
from xraykit.registry import load_plugin
from xraykit.run_folder import RunFolder
from xraykit.version import VERSION


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network and how to read its outputs.

    Attributes:
        model: From ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits.
        labels: The ``L`` labels, in the order of the outputs.
        thresholds: Operating point of each label, chosen on the validation part; ``None`` where it had none.
        about: Everything else that ``model.json`` says: split, data fingerprint, versions.
    """

    model: keras.Model
    labels: tuple[str, ...]
    thresholds: Mapping[str, float | None]
    about: Mapping[str, Any]

    @property
    def image_size(self) -> int:
        """Side ``S`` of the pictures in pixels."""
        return int(self.model.input_shape[1])

    def read(self, images: Sequence[str | Path]) -> np.ndarray:
        """Read radiographs from files as in training: ``(n, S, S)`` uint8.

        Raises:
            BrokenImageError: a file cannot be read.
        """
        pictures = [read_radiograph(image, self.image_size) for image in images]
        return np.stack(pictures) if pictures else np.zeros((0, self.image_size, self.image_size), np.uint8)

    def probabilities(self, pictures: np.ndarray, batch_size: int = 32) -> np.ndarray:
        """Probability of each label, ``(n, L)`` float64, of pictures ``(n, S, S)`` 0–255.

        They are the sigmoids of a network trained with a weighted loss: good for ranking, not calibrated.

        Raises:
            ModelError: the pictures have another size.
        """
        pictures = np.asarray(pictures, np.float32)
        size = self.image_size
        if pictures.ndim != 3 or pictures.shape[1:] != (size, size):
            raise ModelError(
                f"Expected pictures (n, {size}, {size}), 0-255. Received: {pictures.shape}. Read files with read()."
            )
        if len(pictures) == 0:
            return np.zeros((0, len(self.labels)))
        logits = self.model.predict(pictures[..., None], batch_size=batch_size, verbose=0)
        return probabilities_of(logits)

    def predict(self, images: Sequence[str | Path] | str | Path) -> pd.DataFrame:
        """Predict radiograph files.

        Returns:
            A row per file: ``image``, then for each label ``LABEL_probability`` and ``LABEL_call``: whether the
            probability reaches the operating point, missing where there is none.

        Raises:
            BrokenImageError: a file cannot be read.
        """
        files = [images] if isinstance(images, str | Path) else list(images)
        probabilities = self.probabilities(self.read(files))
        columns: dict[str, Any] = {"image": [str(file) for file in files]}
        for index, label in enumerate(self.labels):
            threshold = self.thresholds[label]
            columns[f"{label}_probability"] = probabilities[:, index]
            calls = pd.array(probabilities[:, index] >= (threshold or 0.0), dtype="boolean")
            columns[f"{label}_call"] = calls if threshold is not None else pd.array([pd.NA] * len(files), "boolean")
        return pd.DataFrame(columns)

    def grad_cam(self, image: str | Path | np.ndarray, label: str) -> np.ndarray:
        """Where the network looked for a label.

        Args:
            image: A file, or a picture ``(S, S)`` 0–255.
            label: One of :attr:`labels`.

        Returns:
            ``(S, S)`` float32, 0–1.

        Raises:
            ModelError: the label is unknown.
        """
        if label not in self.labels:
            raise ModelError(f"Unknown label {label!r}. This network knows: {', '.join(self.labels)}.")
        picture = image if isinstance(image, np.ndarray) else self.read([image])[0]
        return np.asarray(GradCam(self.model).heat_maps(picture[None], [self.labels.index(label)])[0])


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """Sigmoid of logits in float64, where it tells 0.9999999 from 1."""
    return np.exp(-np.logaddexp(0, -np.asarray(logits, np.float64)))


def write_bundle(
    folder: RunFolder,
    model: keras.Model,
    experiment: Experiment,
    thresholds: Mapping[str, float | None],
    parts: Parts,
) -> None:
    """Write ``model.keras`` and ``model.json``, each whole or not at all.

    Raises:
        XraykitError: the disk is full or the folder cannot be written.
    """
    # Written under another name first: Keras leaves a partial file behind when the disk is full.
    temporary = folder.path / ".writing.keras"
    try:
        folder.bundle.mkdir(exist_ok=True)
        # Without optimizer and loss: the file is for prediction, and half the size.
        bare = keras.Model(model.input, model.output, name=model.name)
        bare.save(temporary)
        temporary.replace(folder.model)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise XraykitError(
            f"{folder.model} cannot be written: {error}. Make room and continue with --resume."
        ) from error
    about = {
        "labels": list(parts.labels),
        "thresholds": {label: thresholds[label] for label in parts.labels},
        "threshold_rule": f"{experiment.evaluation.operating_point} on validation",
        "outputs": "logits; probability = sigmoid(logit), not calibrated",
        "inputs": f"grey pictures {experiment.data.image_size} x {experiment.data.image_size}, 0-255",
        "backbone": experiment.model.backbone,
        "plugins": list(experiment.plugins),
        "split": parts.description,
        "data_fingerprint": parts.fingerprint,
        "xraykit": VERSION,
        **backend.describe(),
        "intended_use": "research only; not a medical device",
    }
    folder.write_json(folder.about, about)


def load_model(run: str | Path) -> Classifier:
    """The trained network of a run.

    Args:
        run: A run folder, or its ``model.keras``.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    path = Path(run)
    folder = RunFolder(path.parent if path.suffix == ".keras" else path)
    try:
        about = json.loads(folder.about.read_text(encoding="utf-8"))
        for plugin in about["plugins"]:
            load_plugin(plugin)
        model = keras.saving.load_model(folder.model, compile=False)
        return Classifier(model, tuple(about["labels"]), about["thresholds"], about)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"No trained network can be read from {folder.path}: {str(error).splitlines()[0]} Expected: the folder of "
            f"a finished run, with {folder.model.name} and {folder.about.name}."
        ) from error
