"""``training.weight_average`` on JAX: the values, the statistics of normalisation, and errors while it is scored."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.process
def test_the_average_is_what_it_is_by_definition_and_an_error_while_it_is_scored_is_raised(tiny_values, tmp_path):
    """Without random changes, so that the pictures of the statistics are known."""
    pytest.importorskip("jax")
    still = dict.fromkeys(("shift", "rotation", "zoom", "contrast"), 0.0)
    tiny_values["training"] |= {"augmentation": still, "deterministic": False}
    tiny_values["model"]["dropout_rate"] = 0.0
    file = tmp_path / "values.json"
    file.write_text(json.dumps(tiny_values))
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.average_on_jax", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["average"] < 1e-5
    assert found["mean"] < 1e-4
    assert found["variance"] < 1e-3
    assert found["error"] == "the cause"
