"""Every mode of a training step trains the same network: joined or in pieces, Keras' own, with XLA, on JAX."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")

from tests.training.in_mode import MODES, losses_in

RECIPES = {
    "plain": {},
    "every_key": {
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "clip_norm": 1.0,
        "gradient_accumulation": 2,
        "weight_average": 0.9,
        "label_smoothing": 0.1,
    },
}

ON_JAX = ("plain",)


@pytest.fixture
def values(tiny_values, tmp_path):
    """Without random changes: each framework draws numbers of its own."""
    still = dict.fromkeys(("shift", "rotation", "zoom", "contrast"), 0.0)
    # XLA cannot be had with determinism.
    tiny_values["training"] |= {"augmentation": still, "deterministic": False}
    tiny_values["model"]["dropout_rate"] = 0.0
    return tiny_values


def _on_jax(values, weights, tmp_path):
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    command = [sys.executable, "-m", "tests.training.in_mode", str(file), str(weights), "jax"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "jax"}, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_mode_gives_the_same_losses(recipe, values, tmp_path):
    values["training"] |= RECIPES[recipe]
    weights = tmp_path / "weights.npz"
    found = {mode: losses_in(mode, values, weights) for mode in MODES if mode != "jax"}
    if recipe in ON_JAX and importlib.util.find_spec("jax"):
        found["jax"] = _on_jax(values, weights, tmp_path)
    for mode, losses in found.items():
        assert losses == pytest.approx(found["keras_step"], rel=2e-3), mode
    assert found["keras_step"][2] != found["keras_step"][0]


@pytest.mark.slow
def test_batches_come_as_bytes_and_the_model_still_takes_floats(tiny_experiment):
    from xraykit.training import trainer_for

    trainer = trainer_for(tiny_experiment)
    data, model = trainer.load(), trainer.build()
    pixels, _ = data.batches("validation", 8)[0]
    assert pixels.dtype == "uint8"
    assert model.input.dtype == "float32"
    logits = trainer.predict(model, data, "validation").filter(like="logit").to_numpy()[: len(pixels)]
    assert logits == pytest.approx(model(pixels.astype("float32"), training=False).numpy(), abs=1e-5)
