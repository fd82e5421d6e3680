"""The formats that a bundle is exported to, and what each needs. Nothing heavy is imported here."""

import importlib.util
import sys
from dataclasses import dataclass, field

from xraykit.errors import ModelError


@dataclass(frozen=True)
class Target:
    """A format, its runtime, and the packages that writing and checking it take.

    Attributes:
        name: As ``--to`` names it.
        title: Name of the runtime for people.
        network: Name of the network's file or folder in the export.
        keras_format: ``format`` of :meth:`keras.Model.export`.
        requirement: What a machine that only runs the export installs, besides numpy and OpenCV.
        distribution: The runtime's distribution, whose version is recorded.
        extra: Of xraykit, with the packages below; None: they are installed with xraykit.
        modules: Imported when it is written and checked.
        int8_modules: Those that ``--int8`` needs.
        int8_extras: The extras that contain them.
        no_int8: Why there is no ``--int8``, as a sentence; None: there is.
    """

    name: str
    title: str
    network: str
    keras_format: str
    requirement: str
    distribution: str
    extra: str | None
    modules: tuple[str, ...]
    int8_modules: tuple[str, ...] = ()
    int8_extras: tuple[str, ...] = field(default=())
    no_int8: str | None = None

    def check_installed(self, *, int8: bool = False) -> None:
        """Check that what this export needs is installed; nothing is imported.

        Raises:
            ModelError: it is not; the message names the command that installs it.
        """
        needed = (*self.modules, *(self.int8_modules if int8 else ()))
        missing = [name for name in needed if not _is_installed(name)]
        if not missing:
            return
        extras = self.int8_extras if int8 and self.int8_extras else (self.extra,) if self.extra else ()
        install = f'pip install "xraykit[{",".join(extras)}]"' if extras else "pip install xraykit"
        what = f"{self.name}{' with --int8' if int8 else ''}"
        raise ModelError(
            f"An export to {what} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed. Install with: {install}"
        )


_ONNX = ("onnx", "onnxruntime", "tf2onnx")

TARGETS = {
    target.name: target
    for target in (
        Target(
            "onnx",
            "ONNX Runtime",
            "model.onnx",
            "onnx",
            "onnxruntime",
            "onnxruntime",
            "onnx",
            _ONNX,
            int8_extras=("onnx",),
        ),
        Target(
            "litert",
            "LiteRT",
            "model.tflite",
            "litert",
            "ai-edge-litert",
            "ai-edge-litert",
            "litert",
            ("ai_edge_litert",),
            int8_extras=("litert",),
        ),
        Target(
            "savedmodel",
            "TensorFlow",
            "saved_model",
            "tf_saved_model",
            "tensorflow",
            "tensorflow",
            None,
            ("tensorflow",),
            no_int8="TensorFlow computes a SavedModel in float32; it has no 8-bit integers for convolutions.",
        ),
        Target(
            "openvino",
            "OpenVINO",
            "model.xml",
            "openvino",
            "openvino",
            "openvino",
            "openvino",
            ("openvino",),
            # Quantised as ONNX, which OpenVINO then converts.
            int8_modules=_ONNX,
            int8_extras=("openvino", "onnx"),
        ),
    )
}
"""By name."""


def target_named(name: str, *, int8: bool = False) -> Target:
    """The format of this name, with everything installed that it needs.

    Args:
        name: One of :data:`TARGETS`.
        int8: Whether the network will be quantised.

    Raises:
        ModelError: it is unknown, has no 8-bit form, or something is not installed.
    """
    if name not in TARGETS:
        raise ModelError(f"Unknown format {name!r}. Expected one of: {', '.join(TARGETS)}.")
    target = TARGETS[name]
    if int8 and target.no_int8:
        able = ", ".join(each.name for each in TARGETS.values() if not each.no_int8)
        raise ModelError(f"There is no int8 export to {name}. {target.no_int8} Expected: one of {able}, or no --int8.")
    target.check_installed(int8=int8)
    return target


def _is_installed(module: str) -> bool:
    if module in sys.modules:
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None
