"""Checkpoints: written whole or not at all; a damaged one is refused."""

import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from xraykit.errors import CheckpointError
from xraykit.training.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.slow


def _checkpoint(value=1.0, size=5):
    arrays = {"model": [np.full((size, 2), value, np.float32), np.array(3, np.int64)], "best": []}
    return Checkpoint(arrays, {"epoch": 3, "note": "ä"})


def test_it_reads_back_bit_for_bit_in_order(tmp_path):
    many = [np.random.default_rng(n).normal(size=n) for n in range(12)]
    write_checkpoint(tmp_path, 1, Checkpoint({"model": many, "best": []}, {"epoch": 1}))
    read = read_checkpoint(tmp_path)
    assert read.state == {"epoch": 1}
    assert list(read.arrays) == ["model", "best"]
    assert all(np.array_equal(left, right) for left, right in zip(read.arrays["model"], many, strict=True))


def test_there_is_none_in_an_empty_or_absent_folder(tmp_path):
    assert read_checkpoint(tmp_path) is None
    assert read_checkpoint(tmp_path / "absent") is None


def test_the_newest_is_kept_and_older_ones_go(tmp_path):
    for epoch in (1, 2, 10):
        write_checkpoint(tmp_path, epoch, _checkpoint(epoch))
    assert len(list(tmp_path.iterdir())) == 1
    assert read_checkpoint(tmp_path).arrays["model"][0][0, 0] == 10


@pytest.mark.parametrize("place", [0, 200, -1])
def test_a_flipped_bit_is_reported(tmp_path, place):
    path = write_checkpoint(tmp_path, 1, _checkpoint())
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path)


def test_a_truncated_one_is_reported(tmp_path):
    path = write_checkpoint(tmp_path, 1, _checkpoint())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CheckpointError, match="not loaded"):
        read_checkpoint(tmp_path)


def test_no_pickle_is_read(tmp_path):
    with pytest.raises(CheckpointError, match="pickle"):
        write_checkpoint(tmp_path, 1, Checkpoint({"model": [np.array([{}], dtype=object)]}, {}))


def test_a_full_disk_leaves_the_older_one(tmp_path):
    write_checkpoint(tmp_path, 1, _checkpoint(1.0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(CheckpointError, match="could not be written"):
            write_checkpoint(tmp_path, 2, _checkpoint(2.0, size=100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert read_checkpoint(tmp_path).arrays["model"][0][0, 0] == 1.0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_process_killed_while_writing_leaves_a_whole_one(tmp_path):
    script = (
        "import sys, itertools, numpy as np, pathlib\n"
        "from xraykit.training.checkpoints import Checkpoint, write_checkpoint\n"
        "for epoch in itertools.count(1):\n"
        "    arrays = {'model': [np.full(500_000, epoch, np.float32)]}\n"
        "    write_checkpoint(pathlib.Path(sys.argv[1]), epoch, Checkpoint(arrays, {'epoch': epoch}))\n"
        "    print(epoch, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        process.stdout.readline()
    time.sleep(0.013)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    read = read_checkpoint(tmp_path)
    assert read.state["epoch"] >= 5
    assert (read.arrays["model"][0] == read.state["epoch"]).all()
