import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.workers import cores
from xraykit.workers.cores import shares


@given(st.integers(1, 64), st.integers(1, 64))
def test_cores_are_divided_evenly_and_none_is_left_idle(workers, count):
    mine = list(range(10, 10 + count))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "_cores", lambda: mine)
        patch.setattr(cores, "_gpus", list)
        divided = [share.cores for share in shares(workers)]
    assert all(divided)
    assert set().union(*divided) == set(mine)
    if workers <= count:
        assert sum(map(len, divided)) == count
        assert max(map(len, divided)) - min(map(len, divided)) <= 1


def test_a_worker_has_as_many_threads_as_cores(monkeypatch):
    monkeypatch.setattr(cores, "_cores", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(cores, "_gpus", list)
    first, second = shares(2)
    assert (first.cores, second.cores) == ((0, 2), (1, 3))
    assert first.environment["TF_NUM_INTRAOP_THREADS"] == "2"
    assert "CUDA_VISIBLE_DEVICES" not in first.environment


def test_each_worker_gets_a_gpu_of_its_own_while_there_are_enough(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a, 3")
    given_gpus = [share.environment["CUDA_VISIBLE_DEVICES"] for share in shares(3)]
    assert given_gpus == ["GPU-a", "3", "GPU-a"]
    assert all(share.environment["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false" for share in shares(3))
    assert "XLA_PYTHON_CLIENT_PREALLOCATE" not in shares(2)[0].environment
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "CUDA_VISIBLE_DEVICES" not in shares(1)[0].environment


def test_the_driver_is_asked_for_gpus_and_may_not_answer(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tool.write_text("#!/bin/sh\necho GPU-1; echo GPU-2\n")
    tool.chmod(0o755)
    assert [share.environment["CUDA_VISIBLE_DEVICES"] for share in shares(2)] == ["GPU-1", "GPU-2"]
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert all("CUDA_VISIBLE_DEVICES" not in share.environment for share in shares(2))
