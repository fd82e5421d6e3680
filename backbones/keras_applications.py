"""Every network of Keras Applications as ``keras:NAME``, such as ``keras:EfficientNetV2S``.

The names are those that the installed Keras publishes. They are read from its files: an experiment is checked without
importing Keras, which takes seconds.
"""

import ast
from collections.abc import Iterator
from functools import cache, partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from xraykit.errors import ModelError, RegistryError
from xraykit.registry import Backbone, unknown_name

PREFIX = "keras:"
DESCRIPTION = "keras:NAME (each network of Keras Applications, such as keras:EfficientNetV2S)"

# Of networks whose source does not say; Keras reports smaller ones that fail itself.
_USUAL_MIN_SIZE = 32


def find(name: str) -> Backbone:
    """The backbone ``keras:NAME``.

    Raises:
        RegistryError: the installed Keras has no such network.
    """
    network = name.removeprefix(PREFIX)
    known = _modules()
    if network not in known:
        raise RegistryError(unknown_name("backbone", name, networks()))
    return Backbone(partial(_build, network), _min_size(known[network]))


def networks() -> tuple[str, ...]:
    """All names, with the prefix, in alphabetical order."""
    return tuple(f"{PREFIX}{name}" for name in sorted(_modules()))


def _build(network: str, pixels: Any, weights: str | None = None) -> Any:
    """Pixels ``(B, H, W, 3)`` or ``(B, H, W, 1)``, 0-255, to the last feature map before pooling."""
    import keras

    channels = pixels.shape[-1]
    if channels not in (1, 3):
        raise ModelError(f"keras:{network} takes pixels of 1 or 3 channels. Received: {channels}.")
    if channels == 1:
        pixels = keras.layers.Concatenate(name="three_channels", dtype="float32")([pixels] * 3)
    build = getattr(keras.applications, network)
    return build(include_top=False, weights=weights, input_tensor=_preprocessed(network, pixels)).output


def _preprocessed(network: str, pixels: Any) -> Any:
    """``preprocess_input`` of the network as layers.

    All of them are one gain and one offset for each channel, some after red and blue are exchanged ("caffe"); those of
    networks that begin with their own preprocessing change nothing.
    """
    import keras

    gains, offsets, mirrored = _affine(network)
    if mirrored:
        pixels = keras.ops.flip(pixels, axis=-1)
    if gains == [1.0] * 3 and offsets == [0.0] * 3:
        return pixels
    return keras.layers.Rescaling(gains, offsets, name="preprocessing", dtype="float32")(pixels)


def _affine(network: str) -> tuple[list[float], list[float], bool]:
    """Gains, offsets and whether the channels are in reverse order, as measured on single pixels.

    Raises:
        ModelError: the preprocessing is of another kind.
    """
    import numpy as np

    preprocess = _preprocess_input(network)
    black = preprocess(np.zeros((1, 1, 3), np.float32))[0, 0].astype(float)
    # Row c: what one grey level of the channel c adds to each channel.
    steps = np.array([preprocess(255 * np.eye(3, dtype=np.float32)[None, [c]])[0, 0] - black for c in range(3)]) / 255
    mirrored = bool(abs(steps[0, 2]) > abs(steps[0, 0]))
    gains = np.diag(steps[::-1] if mirrored else steps)
    probe = np.random.default_rng(0).uniform(0, 255, (4, 1, 3)).astype(np.float32)
    expected = (probe[..., ::-1] if mirrored else probe) * gains + black
    if not np.allclose(preprocess(probe.copy()), expected, rtol=1e-4, atol=1e-4):
        raise ModelError(
            f"The preprocessing of keras:{network} is no gain and offset for each channel, so that xraykit cannot build"
            f" it into the network. Choose another backbone, or register this one in a plug-in."
        )
    return [float(gain) for gain in gains], [float(offset) for offset in black], mirrored


def _preprocess_input(network: str) -> Any:
    import keras

    family = getattr(keras.applications, network).__module__.rpartition(".")[2]
    return getattr(keras.applications, family).preprocess_input


@cache
def _modules() -> dict[str, Path]:
    """Each public network, and the file that defines it; empty where Keras is not installed."""
    spec = PathFinder.find_spec("keras")
    if spec is None or spec.origin is None:
        return {}
    root = Path(spec.origin).parent
    folders = [folder for folder in (root / "applications", root / "api" / "applications") if folder.is_dir()]
    if not folders:
        return {}
    names = list(_imported(folders[0] / "__init__.py"))
    return {name: _file(root, module) for module, name in names if name[0].isupper()}


def _imported(file: Path) -> Iterator[tuple[str, str]]:
    """Module and name of each ``from MODULE import NAME`` in a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.asname or alias.name) for alias in node.names)


def _file(root: Path, module: str) -> Path:
    return root.parent.joinpath(*module.split(".")).with_suffix(".py")


@cache
def _min_size(file: Path) -> int:
    """The ``min_size`` with which the network checks its input, as its source or that of its relatives has it."""
    if not file.is_file():
        return _USUAL_MIN_SIZE
    calls = (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    words = [word for call in calls for word in call.keywords if word.arg == "min_size"]
    found = [word.value.value for word in words if isinstance(word.value, ast.Constant)]
    sizes = [value for value in found if isinstance(value, int)]
    if sizes:
        return max(sizes)
    relatives = (file.with_name(f"{name}.py") for _, name in _imported(file))
    return max((_min_size(each) for each in relatives if each.is_file() and each != file), default=_USUAL_MIN_SIZE)
