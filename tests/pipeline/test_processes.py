"""Several processes train one network together; an experiment of several networks is refused in them."""

import pytest

from xraykit import run_experiment
from xraykit.config import load_experiment
from xraykit.errors import ExperimentError
from xraykit.pipeline import processes
from xraykit.system import Processes

SEVERAL = {
    "search": ({"search": {"n_trials": 2}}, r"several networks \(search\)"),
    "folds": ({"data": {"split": {"method": "folds", "folds": 2}}}, r"several networks \(data.split.method: folds or"),
    "seeds": ({"training": {"seeds": 2}}, r"several networks \(data.split.method: folds or training.seeds\)"),
}


@pytest.fixture
def connected(monkeypatch, request):
    """This process is one of three that a launcher started, as ``jax.distributed`` would find it."""
    asked = []

    def join(devices):
        asked.append(devices)
        return Processes(3, request.param) if devices == "all" else Processes()

    monkeypatch.setattr(processes, "join_processes", join)
    return asked


@pytest.mark.parametrize("connected", [0, 2], indirect=True)
@pytest.mark.parametrize("name", SEVERAL)
def test_a_search_or_an_ensemble_is_refused_in_each_of_several_processes(tmp_path, connected, name):
    """Before any data are read: there are none."""
    changes, message = SEVERAL[name]
    values = {"output": {"root": str(tmp_path / "runs")}, **changes}
    values["training"] = {**values.get("training", {}), "devices": "all"}
    with pytest.raises(ExperimentError, match=rf"^3 processes train one network together .*{message}") as raised:
        run_experiment(load_experiment(values))
    assert "Give training.devices=one" in str(raised.value)
    assert connected == ["all"]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("connected", [1], indirect=True)
def test_without_a_training_on_all_devices_each_process_is_alone(connected):
    alone = load_experiment({"training": {"seeds": 2}})
    assert processes.join_others(alone) == Processes()
    assert connected == ["one"]
