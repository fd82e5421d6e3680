"""The stand-alone example of an export: it needs the runtime, numpy and OpenCV, and nothing of xraykit."""

from importlib.resources import files
from string import Template

from xraykit.export.targets import Target

_IMPORTS = {
    "onnx": "import onnxruntime",
    "litert": "from ai_edge_litert.interpreter import Interpreter",
    "savedmodel": "import tensorflow as tf",
    "openvino": "import openvino",
}

_LOAD = {
    "onnx": """\
NETWORK = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"])


def logits(pixels):
    return NETWORK.run(["logits"], {"pixels": pixels})[0][0]""",
    "litert": """\
NETWORK = Interpreter(model_content=(FOLDER / "model.tflite").read_bytes())
NETWORK.allocate_tensors()


def logits(pixels):
    NETWORK.set_tensor(NETWORK.get_input_details()[0]["index"], pixels)
    NETWORK.invoke()
    return NETWORK.get_tensor(NETWORK.get_output_details()[0]["index"])[0]""",
    "savedmodel": """\
NETWORK = tf.saved_model.load(str(FOLDER / "saved_model"))


def logits(pixels):
    return NETWORK.serve(tf.constant(pixels)).numpy()[0]""",
    "openvino": """\
# Without the hint, processors with instructions for bfloat16 compute in that.
NETWORK = openvino.Core().compile_model(str(FOLDER / "model.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def logits(pixels):
    return NETWORK(pixels)[0][0]""",
}


def example_of(target: Target, size: int, bit_depth: int | None) -> str:
    """The text of ``example.py``.

    Args:
        target: Format of the export.
        size: Side of the network's pictures in pixels.
        bit_depth: Of 16-bit pictures that do not declare their depth; None: the brightest pixel decides.
    """
    text = files("xraykit.export").joinpath("templates/example.py.txt").read_text(encoding="utf-8")
    return Template(text).substitute(
        requirement=target.requirement,
        imports=_IMPORTS[target.name],
        load=_LOAD[target.name],
        size=size,
        bits=bit_depth,
    )
