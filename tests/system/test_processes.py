"""One of several processes does not train a whole run of its own."""

import json

import pytest

from xraykit.errors import XraykitError
from xraykit.system import check_alone

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
def test_one_of_several_processes_is_refused(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(XraykitError, match=rf"{list(variables)[-1]}.*several machines is not supported"):
        check_alone("all")
    check_alone("one")


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
    check_alone("all")
