"""The contract of a backbone, checked on small pictures."""

import tempfile
from pathlib import Path

import keras
import numpy as np

from xraykit.config import load_experiment
from xraykit.errors import ModelError
from xraykit.explain import GradCam
from xraykit.model import FEATURE_MAP, backbone_layers, backend, build_model
from xraykit.registry import BACKBONES
from xraykit.testing.contract import require


def check_backbone(name: str, size: int | None = None) -> None:
    """Check that a registered backbone keeps the contract.

    It builds at the smallest size it claims; its graph is flat (functional and sequential models inside it
    have become its layers, and there are no others) and has no ``Lambda`` layer;
    it returns a feature map and has weights to train; it takes any batch size; two builds from one seed are the same;
    a saved model gives the same logits when it is loaded again; and Grad-CAM gives a map that moves with the picture.

    Args:
        name: As in ``model.backbone``.
        size: Side of the pictures in pixels; left out, the smallest that the backbone claims to take.

    Raises:
        RegistryError: nothing is registered under ``name``.
        ModelError: the contract is broken; the message says where.
    """
    size = size or BACKBONES.get(name).min_size
    model = _build(name, size)
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 1)).astype(np.float32)
    _check_graph(name, model)
    logits = np.asarray(model(pictures, training=False))
    _require(name, np.isfinite(logits).all(), "gives logits that are not finite for pixels 0-255")
    one = np.asarray(model(pictures[:1], training=False))
    _require(name, np.allclose(one, logits[:1], atol=1e-3), "depends on the other pictures of the batch in prediction")
    again = np.asarray(_build(name, size)(pictures, training=False))
    _require(name, np.array_equal(again, logits), "is built differently a second time from the same seed")
    _check_saving(name, model, pictures, logits)
    maps = GradCam(model).heat_maps(pictures, [0, 0, 0])
    _require(name, maps.shape == (3, size, size) and np.isfinite(maps).all(), "gives no finite Grad-CAM map")


def _build(name: str, size: int) -> keras.Model:
    experiment = load_experiment(
        {"model": {"backbone": name}, "data": {"image_size": size, "labels": ["Mass", "Nodule"]}}
    )
    backend.prepare(experiment.training, experiment.seed)
    return build_model(experiment)


def _check_graph(name: str, model: keras.Model) -> None:
    inner = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    _require(name, not inner, f"nests models ({', '.join(inner)}) that are classes of their own")
    anonymous = [layer.name for layer in model.layers if type(layer).__name__ == "Lambda"]
    _require(name, not anonymous, f"has Lambda layers ({', '.join(anonymous)}), which cannot be loaded safely")
    learning = [layer for layer in backbone_layers(model) if layer.trainable_weights]
    _require(name, bool(learning), "has no weights to train")
    shape = model.get_layer(FEATURE_MAP).output.shape
    _require(name, all(side and side >= 1 for side in shape[1:]), f"gives a feature map of unknown size {shape}")


def _check_saving(name: str, model: keras.Model, pictures: np.ndarray, logits: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = np.asarray(keras.saving.load_model(path, compile=False)(pictures, training=False))
    _require(name, np.allclose(loaded, logits, atol=1e-5), "gives other logits after it is saved and loaded")


def _require(name: str, kept: bool, broken: str) -> None:
    require(ModelError, f"The backbone {name!r}", kept, broken)
