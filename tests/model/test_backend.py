"""What a process is prepared for does not depend on its settings elsewhere, nor on what it did before."""

import json
import logging
import os
import subprocess
import sys

import keras
import pytest

from xraykit.config import load_experiment
from xraykit.errors import XraykitError
from xraykit.model import backend
from xraykit.model.backend import preparation
from xraykit.system.framework import check_framework

pytestmark = pytest.mark.slow

_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="about TensorFlow")


@pytest.fixture
def prepared():
    """Prepare this process; afterwards it is as an experiment without changes has it."""

    def prepare(**training):
        backend.prepare(load_experiment({"training": training}).training, 7)

    yield prepare
    prepare()


@_TENSORFLOW
def test_determinism_does_not_stay_on_for_the_next_experiment(prepared):
    from tensorflow.python.framework import config

    prepared()
    assert config.is_op_determinism_enabled()
    prepared(deterministic=False)
    assert not config.is_op_determinism_enabled()
    prepared()
    assert config.is_op_determinism_enabled()


@_TENSORFLOW
def test_memory_of_a_gpu_that_is_in_use_is_a_warning(prepared, monkeypatch, caplog):
    import tensorflow as tf

    class Gpu:
        name = "/physical_device:GPU:0"

    def initialised(gpu, grows):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [Gpu()] if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_memory_growth", lambda gpu: False)
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", initialised)
    monkeypatch.setattr(preparation, "_prepared", None)
    with caplog.at_level(logging.WARNING):
        prepared()
    assert "it reserves all memory of /physical_device:GPU:0" in caplog.text


def test_keras_settings_of_the_user_train_the_same_network(prepared):
    import tests.tiny_backbone  # noqa: F401  (registers the backbone)
    from xraykit.model.build import build_model

    experiment = load_experiment({"model": {"backbone": "tiny"}, "data": {"image_size": 32}})
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    prepared()
    assert keras.config.image_data_format() == "channels_last"
    assert keras.config.floatx() == "float32"
    assert build_model(experiment).get_layer("tiny_convolution_0").data_format == "channels_last"


@pytest.mark.parametrize("name", ["torch", "numpy", "openvino", "nonsense"])
def test_another_framework_is_refused_in_one_sentence(monkeypatch, name):
    monkeypatch.setenv("KERAS_BACKEND", name)
    with pytest.raises(XraykitError, match=f"set to run on '{name}' by the variable KERAS_BACKEND.*tensorflow or jax"):
        check_framework()


def test_the_file_of_keras_counts_where_the_variable_is_not_set(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    check_framework()
    for text in ('{"backend": "jax"}', "{}", "no JSON", "[1]", "[" * 100_000):
        (tmp_path / "keras.json").write_text(text)
        check_framework()
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    with pytest.raises(XraykitError, match=r"'torch' by .*keras\.json"):
        check_framework()


def test_a_command_says_so_at_once_and_a_program_too():
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    command = [sys.executable, "-m", "xraykit.run", "experiments/quickstart.yaml", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "xraykit: Keras is set to run on 'torch'" in done.stderr
    assert done.stderr.count("\n") == 1
    script = "import xraykit\ntry:\n    xraykit.run_experiment\nexcept xraykit.XraykitError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.startswith("Keras is set to run on 'torch'"), done.stderr
