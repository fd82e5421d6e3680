"""One of several processes does not train a whole run of its own: it joins the others, or is refused."""

import json

import pytest

from xraykit.errors import XraykitError
from xraykit.system import Processes, join_processes

VARIABLES = ("JAX_NUM_PROCESSES", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "TF_CONFIG")
SLURM = ("SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_NTASKS")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in (*VARIABLES, *SLURM):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "variables",
    [
        {"JAX_NUM_PROCESSES": "2"},
        {"OMPI_COMM_WORLD_SIZE": "4"},
        {"SLURM_STEP_NODELIST": "node[1-2]", "SLURM_PROCID": "0", "SLURM_NTASKS": "2"},
        {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}})},
    ],
)
def test_one_of_several_processes_is_refused_with_tensorflow(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(XraykitError, match=rf"{list(variables)[-1]}.*Set KERAS_BACKEND=jax"):
        join_processes("all")
    assert join_processes("one") == Processes(1, 0)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"JAX_NUM_PROCESSES": "1"},
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "4"},
        {"SLURM_STEP_NODELIST": "node1", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"},
        {"TF_CONFIG": "no JSON"},
        {"TF_CONFIG": "[]"},
    ],
)
def test_a_single_process_is_not(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert join_processes("all") == Processes(1, 0)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"JAX_NUM_PROCESSES": "2"}, "JAX_NUM_PROCESSES=2.*JAX could not connect: .*Expected: SLURM"),
        ({"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "first"}, "JAX_PROCESS_ID must be a whole number.*'first'"),
        (
            {"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "2", "JAX_COORDINATOR_ADDRESS": "127.0.0.1:1"},
            "could not connect: .*process_id",
        ),
    ],
)
def test_processes_that_cannot_be_connected_are_refused(monkeypatch, variables, message):
    pytest.importorskip("jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(XraykitError, match=message):
        join_processes("all")


@pytest.mark.parametrize(("value", "seconds"), [(None, 60), ("7.5", 8), ("600", 600)])
def test_after_how_long_a_process_is_lost_can_be_set(monkeypatch, value, seconds):
    jax, given = pytest.importorskip("jax"), {}
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    for name, each in {"NUM_PROCESSES": "2", "PROCESS_ID": "0", "COORDINATOR_ADDRESS": "127.0.0.1:1"}.items():
        monkeypatch.setenv(f"JAX_{name}", each)
    monkeypatch.delenv("XRAYKIT_LOST_PROCESS_SECONDS", raising=False)
    if value is not None:
        monkeypatch.setenv("XRAYKIT_LOST_PROCESS_SECONDS", value)
    monkeypatch.setattr(jax.distributed, "initialize", lambda **settings: given.update(settings))
    join_processes("all")
    assert given["heartbeat_timeout_seconds"] == seconds
    monkeypatch.setenv("XRAYKIT_LOST_PROCESS_SECONDS", "never")
    with pytest.raises(XraykitError, match=r"XRAYKIT_LOST_PROCESS_SECONDS must be a number of seconds above 0"):
        join_processes("all")
