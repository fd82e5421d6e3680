import re
import subprocess
import sys
import time

import pytest

import xraykit.config.tracking_section as section
from tests.config.json_schema import valid
from xraykit.config import Experiment, Tracking, load_experiment
from xraykit.config.experiment import schema
from xraykit.errors import ExperimentError

LIST = "tracking: [mlflow, tensorboard]\n"


def read(tmp_path, text, *overrides):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return load_experiment(path, overrides).tracking


def test_a_list_is_short_for_the_section(tmp_path):
    tracking = read(tmp_path, LIST)
    assert tracking == Tracking(uri="auto", to=("mlflow", "tensorboard"))
    assert read(tmp_path, LIST, "tracking.uri=none") == Tracking(uri=None, to=("mlflow", "tensorboard"))
    assert read(tmp_path, "", "tracking=[tensorboard]") == Tracking(to=("tensorboard",))
    assert read(tmp_path, LIST, "tracking.to=[]").to == ()
    assert Experiment.model_validate({"tracking": ["tensorboard"]}).tracking.to == ("tensorboard",)


def test_the_section_of_earlier_versions_is_written_as_before(tmp_path):
    assert load_experiment({}).values()["tracking"] == {"uri": "auto"}
    path = tmp_path / "experiment.yaml"
    path.write_text(load_experiment({"tracking": ["tensorboard", "mlflow"]}).to_yaml())
    assert load_experiment(path).tracking.to == ("tensorboard", "mlflow")


@pytest.mark.parametrize("tracking", [["mlflow", "tensorboard"], {"uri": "none"}, {"to": ["tensorboard"]}, []])
def test_an_editor_accepts_both_forms(tracking):
    whole = schema()
    assert valid({"tracking": tracking}, whole, whole)
    assert not valid({"tracking": ["tensorbord"]}, whole, whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tracking:\n  - mlflow\n  - tensorbord\n", r"line 3: tracking\.to\.1: expected .*Did you mean 'tensorboard'"),
        ("tracking: [mlflow, mlflow]\n", "each tracker is named once. Received: mlflow, mlflow"),
        ("tracking: tensorboard\n", "tracking: expected a section"),
        ("tracking:\n  to: [tensorboard]\n  registered_model: {name: chest}\n", "registered_model is of MLflow"),
        ("tracking:\n  registered_model: {name: chest, alias: v2}\n", "MLflow keeps latest, v1"),
        ("tracking:\n  registered_model: {name: 'a/b'}\n", "registered_model.name"),
    ],
)
def test_what_no_tracker_can_use_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(ExperimentError) as caught:
        read(tmp_path, text)
    assert re.search(message, str(caught.value)), caught.value


def test_a_missing_wandb_names_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(section, "find_spec", lambda name: None)
    with pytest.raises(ExperimentError, match=r"line 1: .*pip install 'xraykit\[wandb\]'"):
        read(tmp_path, "tracking: [mlflow, wandb]\n")
    assert read(tmp_path, "tracking: [mlflow, wandb]\n", "tracking.to=[tensorboard]").to == ("tensorboard",)


@pytest.mark.slow
@pytest.mark.process
def test_a_missing_wandb_is_reported_before_anything_heavy_is_imported(tmp_path):
    (tmp_path / "experiment.yaml").write_text("tracking: [wandb]\n")
    code = (
        "import sys; import xraykit.config.tracking_section as section; section.find_spec = lambda name: None\n"
        "from xraykit.run import main\n"
        "code = main(['experiment.yaml'])\n"
        "print(sorted({'tensorflow', 'keras', 'mlflow', 'pandas'} & set(sys.modules))); sys.exit(code)"
    )
    began = time.monotonic()
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert found.returncode != 0
    assert "pip install 'xraykit[wandb]'" in found.stderr
    assert found.stdout.strip().endswith("[]")
    assert time.monotonic() - began < 60
